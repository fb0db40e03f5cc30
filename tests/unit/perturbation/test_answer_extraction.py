"""Answers: the last complete box, what stands in for it, and the strict form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synergy.perturbation.answer_extraction import extract_answer, last_boxed, strict_form

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
        (r"\boxed { 4 }", "4"),
        (r"\fbox{east}", "east"),
        (r"$\boxed 12$", "12"),
        (r"\fbox 7.", "7"),
        (r"$\boxed\frac{1}{2}$", r"\frac{1}{2}"),
        (r"$\boxed \sqrt{\frac{3}{4}}.$", r"\sqrt{\frac{3}{4}}"),
        (r"\boxed-\frac{1}{2}", r"-\frac{1}{2}"),
        (r"$\boxed\text{Evelyn}$", r"\text{Evelyn}"),
        (r"\boxed\fbox{5}", "5"),
        (r"\boxed\frac{1}{2", None),
        (r"\boxed in words", None),
        (r"\boxed{9} or $\boxed -3.5$", "-3.5"),
        ("\\boxed{\n\\begin{pmatrix} 1 \\\\ 2 \\end{pmatrix}\n}", "\\begin{pmatrix} 1 \\\\ 2 \\end{pmatrix}"),
        ("}} \\boxed{1} {{", "1"),
        (r"\boxed{", None),
        (r"\boxed{1", None),
        (r"\boxed", None),
        (r"boxed{5}", None),
        (r"\\boxed{5}", None),  # A line break, then a word.
        ("", None),
    ],
)
def test_last_boxed(text, content):
    assert last_boxed(text) == content


@given(plain, balanced.filter(str.strip), plain)
def test_any_balanced_content_comes_back(before, content, after):
    assert last_boxed(f"{before} \\boxed{{{content}}}{after}") == content.strip()


@given(st.text(max_size=200))
def test_any_text_has_an_extraction(text):
    answer, extraction = extract_answer(text)
    assert (answer is None) == (extraction == "none")
    assert extraction == "boxed" or last_boxed(text) is None


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("8 + 3 = 11\n#### 1,234", "1234"),
        ("#### 7\n#### 8 marbles\nBut 9", "8"),
        ("#### none", "none"),
        ("The answer is 12. There were 3 of them.", "12"),
        ("The answer to 5 + 7 is 12, not 57.", "12"),
        ("Answer: 5 + 7 = 12 apples for 3 children", "12"),
        ("The final answer is $\\frac{3}{4}$ of 8.", "\\frac{3}{4}"),
        ("The answer is \\(x^2\\).", "x^2"),
        ("The answer is:\n\n**42**\n\n7 others", "42"),
        ("First the answer is 4. No, the answer is 5.", "5"),
        ("5 + 7 = 12", "12"),
        ("It costs $1,250.50.", "1250.50"),
        ("which leaves \\frac{3}{4}", "\\frac{3}{4}"),
        ("about 3/4 of it", "3/4"),
        ("so x = -5.", "-5"),
        ("7-3", "3"),
        ("(-2)", "-2"),
    ],
)
def test_fallback(text, answer):
    assert extract_answer(text) == (answer, "fallback")


@pytest.mark.parametrize("text", ["", "I cannot tell.", "\\boxed{}", "x2", "The answer is unknown."])
def test_no_answer(text):
    assert extract_answer(text) == (None, "none")


def test_a_box_goes_before_everything_else():
    assert extract_answer("#### 3\n\\boxed{4}. The answer is 5.") == ("4", "boxed")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("\\frac{1}{2}", "\\dfrac12"),
        ("\\left( 3, \\frac{\\pi}{2} \\right)", "(3,\\frac{\\pi}{2})"),
        ("\\text{Sunday}", "Sunday"),
        ("1,234", "1234"),
        ("11,\\! 111", "11111"),
        ("12{,}345", "12345"),
        ("90^\\circ", "90"),
        ("90^{\\circ}", "90"),
        ("50\\%", "50"),
        ("\\$18.90", "18.90"),
        ("$5$.", "5"),
        (".5", "0.5"),
        ("-.5", "-0.5"),
        ("\\(7\\)", "7"),
    ],
)
def test_strict_form_sees_through_typography(one, other):
    assert strict_form(one) == strict_form(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("(1,2)", "12"),
        ("1, 200", "1,200"),
        ("1/2", "0.5"),
        ("(1,2)", "[1,2]"),
        ("x=5", "5"),
        ("5", "-5"),
        ("1.0", "1"),
        ("\\{1\\}", "1"),
        ("\\leftarrow", "arrow"),
        ("\\frac{1}{23}", "\\frac{12}{3}"),
        ("\\begin{matrix} 1 \\\\ 2 \\end{matrix}", "\\begin{matrix} 1 2 \\end{matrix}"),
    ],
)
def test_strict_form_does_no_mathematics(one, other):
    assert strict_form(one) != strict_form(other)


@given(st.text(max_size=50))
def test_strict_form_is_total(text):
    assert isinstance(strict_form(text), str)


@pytest.mark.parametrize(
    "text",
    [
        "\\boxed{" * 15_000,
        "{" * 50_000 + "}" * 50_000,
        "answer " * 15_000,
        "1," * 50_000,
        "\\boxed\\frac{a" * 8_000,
        "\\boxed " + " " * 90_000,
        "\\boxed\\frac{" + "a" * 90_000,
    ],
)
def test_long_hostile_texts_are_read(text):
    extract_answer(text)
    strict_form(text)
