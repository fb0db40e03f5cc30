"""Answers in texts: the last box or list of boxes, what is stated, how a text ends, and what is no answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synergy.perturbation.answer_extraction import Extraction, extract_answer, last_boxed

# Texts in which neither a box nor a brace of its own can arise.
plain = st.text(st.characters(exclude_characters="\\{}", exclude_categories=["Cs"]), max_size=30)
balanced = st.recursive(
    plain, lambda inner: st.tuples(inner, inner, plain).map(lambda t: f"{t[0]}{{{t[1]}}}{t[2]}"), max_leaves=8
)


@pytest.mark.parametrize(
    ("text", "content"),
    [
        (r"so $x = \boxed{7}$.", "7"),
        (r"\boxed{1} no, \boxed{2}", "2"),
        (r"\boxed{\frac{1}{2 + \sqrt{3}}}", r"\frac{1}{2 + \sqrt{3}}"),
        (r"\boxed{\left\{1, 2\right\}}", r"\left\{1, 2\right\}"),
        (r"\boxed{x \mid x > 0 \}}", r"x \mid x > 0 \}"),
        (r"\boxed{\text{a \} b}}", r"\text{a \} b}"),
        (r"\boxed{5} and then \boxed{6", "5"),
        (r"\boxed{3 \text{cut, and then } \boxed{5}", "5"),
        (r"\boxed{x = \boxed{5}}", "5"),
        (r"\boxed{5}, as \boxed{} asks", "5"),
        (r"\boxed { 4\ }", "4"),
        (r"\fbox{east}", "east"),
        (r"$\boxed 12$", "12"),
        (r"\boxed5", "5"),
        (r"\fbox 7.", "7"),
        (r"$\boxed\frac{1}{2}$", r"\frac{1}{2}"),
        (r"$\boxed\frac12$", r"\frac12"),
        (r"\boxed\pi", r"\pi"),
        (r"$\boxed E$", "E"),
        (r"$\boxed \sqrt{\frac{3}{4}}.$", r"\sqrt{\frac{3}{4}}"),
        (r"\boxed-\frac{1}{2}", r"-\frac{1}{2}"),
        (r"$\boxed\text{Evelyn}$", r"\text{Evelyn}"),
        (r"\boxed\fbox{5}", "5"),
        (r"\boxed\frac{1}{2", None),
        (r"\boxed in words", None),
        ("\\boxed{\n\\begin{pmatrix} 1 \\\\ 2 \\end{pmatrix}\n}", "\\begin{pmatrix} 1 \\\\ 2 \\end{pmatrix}"),
        ("}} \\boxed{1} {{", "1"),
        (r"\boxed{9} or $\boxed -3.5$", "-3.5"),
        # No boxes.
        (r"\boxed{", None),
        (r"\boxed{1", None),
        (r"\boxed", None),
        (r"boxed{5}", None),
        (r"\\boxed{5}", None),  # A line break, then a word.
        ("", None),
        *[
            (rf"\boxed{{{placeholder}}}", None)
            for placeholder in (
                *("answer", "your answer", r"\text{final answer}", "the answer", "number", "answer here", "result"),
                *("...", r"\ldots", "?", r"\square", "[answer]", "<your answer>", r"\_\_", " ", "{}"),
            )
        ],
    ],
)
def test_last_boxed(text, content):
    assert last_boxed(text) == content


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (r"\boxed{9} or $\boxed -3.5$", "9, -3.5"),
        (r"\boxed{3}, \boxed{5} and \boxed{7}", "3, 5, 7"),
        (r"$\boxed{3}$ \text{ or } $\boxed{-3}$.", "3, -3"),
        (r"$x = \boxed{3}$ and $y = \boxed{5}$", "3, 5"),
        (r"First \boxed{2}. Then \boxed{3}, \boxed{5}", "3, 5"),
        (r"\boxed{5}, that is \boxed{6}", "6"),
        ("\\boxed{3}\n\n\\boxed{3}", "3"),
    ],
)
def test_boxes_beside_each_other_are_a_list(text, answer):
    assert extract_answer(text) == (answer, "boxed")


@given(plain, balanced, plain)
def test_any_balanced_content_comes_back(before, content, after):
    assert last_boxed(f"{before} \\boxed{{7{content}}}{after}") == f"7{content}".strip()


@given(st.text(max_size=200))
def test_any_text_has_an_extraction(text):
    answer, extraction = extract_answer(text)
    assert (answer is None) == (extraction == "none")


# What a bare answer is, up to the end of the sentence, whatever announces it.
WHOLE = [
    *("5", ".5", "-.5", "-5", "3.14", "1/2", "10^5", "2x+3", "2k+2", "p - q", "n(n+1)/2", "x^2y", "ab+2a+5b+10"),
    *(r"3\sqrt{2}", r"\frac{\pi}{2}", r"1\frac{4}{5}", r"137 \frac{1}{2}", r"-\frac{1}{2}", "1 4/5", "1 000"),
    *("3, 5, 7", "(2, 4)", "[3, 5)", r"\{1, 2\}", "3 and 5", "x = 3 or x = 5", "x=2, y=3", r"1 \pm \sqrt{19}"),
    *(r"x \in [-2,7]", "x in [2,7]", r"(-\infty, 2) \cup (3, \infty)", "2 < x < 4", "y = 2x + 3", "x + y = 5"),
    *("2:3", "3 to 2", "204_5", "4210_{5}", "50%", "90°", "x²", "√2", "½", "x ≥ 3", "|x|", "6 - 5i", "ln(2)"),
    *("3pi", "sqrt(2)/2", "5 million", r"0.\overline{3}", "5e-3", r"1.5 \times 10^8", r"5.4 \text{ cents}"),
    *(r"\begin{pmatrix} -7 \\ 16 \end{pmatrix}", r"864 \mbox{ inches}^2", "(E)", "B", r"\text{(C)}", r"\$18.90"),
    *("odd", "Evelyn", "no", "no solution", "Mr. Smith", "three-fourths", "10, 080", r"\cot x", "f(x) = 2x"),
]


@pytest.mark.parametrize("answer", WHOLE)
@pytest.mark.parametrize(
    "text",
    [
        "The answer is ANSWER.",
        "The final answer is ANSWER",
        "Answer: ANSWER",
        "2 + 3 = 5.\n**Final Answer**\n\n**ANSWER**",
        "<think>The answer is 7.</think>\n\nThe answer is: ANSWER.",
        "The answer is ANSWER.\n\nQuestion: 1 + 1?\nThe answer is 2.",
    ],
)
def test_a_stated_answer_is_taken_whole(text, answer):
    assert extract_answer(text.replace("ANSWER", answer)) == (answer, "stated")


@pytest.mark.parametrize("answer", [*WHOLE, "x^2 + 1"])
@pytest.mark.parametrize(
    "way", ["$ANSWER$", "$$ANSWER$$", r"\(ANSWER\)", "\\[\nANSWER.\n\\]", "$ANSWER.$", "$ ANSWER $"]
)
def test_a_formula_is_what_stands_between_its_marks(way, answer):
    found = extract_answer(f"The answer is {way.replace('ANSWER', answer)} and that is all.")
    assert found == (answer, "stated")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("8 + 3 = 11\n#### 1,234", "1234"),
        ("#### 7\n#### 8 marbles\nBut 9", "8"),
        ("#### none", "none"),
        ("####5", "5"),
        ("#### $18.", "18"),
        ("#### (2, 4)", "(2, 4)"),
        ("The answer is 12.\n#### Step 2", "12"),
        ("The answer is 12. There were 3 of them.", "12"),
        ("The answer to 5 + 7 is 12, not 57.", "12"),
        ('The answer to "what is 5 + 7" is 12.', "12"),
        ("Answer: 5 + 7 = 12 apples for 3 children", "12"),
        ("The answer is 5 because 2 + 3 = 5, whereas 7 - 1 = 6.", "5"),
        ("The answer is 2 times 4 = 8.", "8"),
        ("The answer is 5, and 3 is left.", "5"),
        ("The answer is 5 (five).", "5"),
        ("The answer is 8 - that is all.", "8"),
        ("The answer is 15cm.", "15"),
        ("The answer is 5!.", "5!"),
        ("The answer is 0.333...", "0.333..."),
        ("The answer is $0.333...$.", "0.333..."),
        ("The answer is 10:30 AM.", "10:30"),
        ("The answer is −5.", "-5"),
        ("The answer is ５.", "5"),
        ("The answer is $5.", "5"),
        ("The final answer is $\\frac{3}{4}$ of 8.", "\\frac{3}{4}"),
        ("The answer is $3$, $5$ and $7$.", "3, 5 and 7"),
        ("The answer is the point $(2, 4)$.", "(2, 4)"),
        ("The answer is that there are 12 apples.", "12"),
        ("Final Answer: The largest $n$ is 34.", "34"),
        ("The answer is an ellipse.", "ellipse"),
        ("The answer is option B.", "B"),
        ("The answer is A because it is larger.", "A"),
        ("The correct option is (B).", "(B)"),
        ("The answer is: A) 12", "A"),
        ("The answer is:\n\n**42**\n\n7 others", "42"),
        ("First the answer is 4. No, the answer is 5.", "5"),
        ("The answer is 5. I hope the answer is correct.", "5"),
        ("The answer is 5. The answer is", "5"),
        ("26 is the answer.", "26"),
        ("Therefore, **12** is our final answer.", "12"),
        ("<answer>5</answer>", "5"),
        ('{"sum": 3, "answer": 5}', "5"),
        ("A: 5", "5"),
        ("Ans. 42", "42"),
        ("Put it into \\boxed{answer}. The answer is 7.", "7"),
        ("\\boxed{5$. The answer is 5.", "5"),
        ("The answer is 5. So \\boxed{5", "5"),
        # The next problem has answers of its own.
        ("Answer: 5 Question: 3 + 3? Answer: 6", "5"),
        ("The answer is 5.\n\n**Problem 2:** 3 + 4?\nThe answer is 7.", "5"),
        ("The answer is 5.\n\n### Problem\n3 + 4? The answer is 7", "5"),
        ("#### 5\n\nQ: 3 + 4?\nA: 7\n#### 7", "5"),
        ("Answer: 5\nHuman: And 7 + 7?\nThe answer is 14.", "5"),
        ("Problem: 2 + 3, they say.\nThe answer is 5.", "5"),
        # More than a number: not its first piece.
        ("The answer is 3 apples and 5 oranges.", "3 apples and 5 oranges"),
        ("The answer is 5 hours 30 minutes.", "5 hours 30 minutes"),
        ("The answer is 5th.", "5th"),
        ("The answer is 12 cm by 5 cm.", "12 cm by 5 cm"),
    ],
)
def test_statements(text, answer):
    assert extract_answer(text) == (answer, "stated")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("5 + 7 = 12", "12"),
        ("It costs $1,250.50.", "1250.50"),
        ("which leaves \\frac{3}{4}", "\\frac{3}{4}"),
        ("about 3/4 of it", "3/4"),
        ("so x = -5.", "-5"),
        ("7-3", "7-3"),
        ("(-2)", "-2"),
        (" $x^2 + 1$", "x^2 + 1"),
        ("(E)", "(E)"),
        ("odd", "odd"),
        ("She has 3. She buys 4. She has 7 left.", "7"),
        ("He adds 3 and 5, as he was told to in the very first line of this text, and writes the sum down. " * 2
         + "So, in total, he has 8 apples.", "8"),
        ("We square what was given to us, then subtract again, with some care. " * 3 + "\n\n\\[\n12\n\\]", "12"),
        ("5\n\nExplanation: that is what remains when we take 3 from 8. " + "And so on. " * 20, "5"),
        (" 5.\n\nProblem: 3 + 4?\nAnswer: 7.", "5"),
    ],
)  # fmt: skip
def test_fallback(text, answer):
    assert extract_answer(text) == (answer, "fallback")


@pytest.mark.parametrize(
    "text",
    [
        *("", "I cannot tell.", "\\boxed{}", "\\boxed{answer}", "x2", "The answer is unknown.", "The answer is not 5."),
        *("The answer is clear.", "The answer is between 3 and 5.", "The answer is x^", "The answer is 5 +"),
        *("The answer is (2, 4", "The answer is \\frac{1}{", "The answer is \\sqrt{2", "13 + 13 = 13 + 13 ="),
        *("<think>The answer is 5.", "<think>\\boxed{5}", "<think>\\boxed{5}</think>", "</think> <think> \\boxed{5}"),
        *("The answer is \\boxed{12", "Now 7 - 3 = 4, so \\boxed{\\frac{1}{2", "5\n\\boxed{5"),
        *("#### Step 2: add 5", "#### Solution", "#### 1. Find the area"),
        # A long text that only stops has no answer, whatever number comes last.
        "We look at the first of the two cases that were named above, in which the sum of both is known. " * 2
        + "Then there are 3 ways to go on.",
    ],
)
def test_no_answer(text):
    assert extract_answer(text) == (None, "none")


def test_only_what_follows_the_thinking_counts():
    assert extract_answer("<think>\\boxed{4}</think> \\boxed{5}") == ("5", "boxed")
    assert extract_answer("\\boxed{4}</think> It is 6.") == ("6", "fallback")


def test_a_box_goes_before_everything_else():
    assert extract_answer("#### 3\n\\boxed{4}. The answer is 5.") == ("4", "boxed")
    assert extract_answer("\\boxed{5}\n\nProblem: 3 + 4?\nAnswer: \\boxed{7}") == ("5", "boxed")


@pytest.mark.parametrize("text", ["The answer is SPAN.", "The answer is SPAN", "#### SPAN", "so it is SPAN.", "SPAN"])
def test_a_number_that_its_neighbour_continues_is_no_answer(text):
    around = [
        *((before, "") for before in ("2^", "x_", "\\frac", "3,", "4:", "a0^", "x-", "1+", "\\", "9/", "x\\cdot "))
    ]
    around += [
        ("", after) for after in ("x", "\\pi", "^2", "_8", ",5", "+1", ":3", "/7", "!+1", "th", "\\cdot x", "^", "+ ")
    ]
    assert [pair for pair in around if extract_answer(text.replace("SPAN", f"{pair[0]}5{pair[1]}")).answer == "5"] == []


@pytest.mark.parametrize(
    "text",
    [
        "\\boxed{" * 15_000,
        "\\boxed{{a}" * 10_000,
        "{" * 50_000 + "}" * 50_000,
        "\\boxed{" + "-" * 50_000 + "}",
        "answer " * 15_000,
        "The answer is " * 8_000,
        "#### " * 20_000,
        "Problem: " * 10_000,
        "$" * 100_000,
        "1," * 50_000,
        "\\boxed\\frac{a" * 8_000,
        "\\boxed " + " " * 90_000,
        "\\boxed\\frac{" + "a" * 90_000,
        "The answer is " + "(" * 50_000,
        "The answer is " + "{" * 50_000,
    ],
)
def test_long_hostile_texts_are_read(text):
    assert isinstance(extract_answer(text), Extraction)
