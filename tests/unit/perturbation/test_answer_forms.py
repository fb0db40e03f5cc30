"""Forms of answers: one plain form for all ways to set a thing, and the strict form, which computes nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synergy.perturbation.answer_forms import ascii_signs, plain_form, squeezed, strict_form


@pytest.mark.parametrize(
    ("answers", "plain"),
    [
        (["-5", "−5", "–5", "－５", "$-5$", "\\(-5\\)", "-5.", "=-5", "\\boxed{-5}", " -5 \n", "{-5}"], "-5"),
        (["5", "\\textcolor{red}{5}", "{\\color{blue} 5}", "\\mathbf{5}", "\\text{5}", "\\displaystyle 5", "𝟓"], "5"),
        (["5", "the answer is 5", "\\text{The answer is } 5", "Answer: 5", "\\approx 5", "\\text{about } 5"], "5"),
        (
            ["90", "90°", "90^\\circ", "90^{\\circ}", "90\\degree", "90 degrees", "90\\text{ degrees}", "90^\\circ C"],
            "90",
        ),
        (["50\\%", "50%", "50\\text{ percent}", "50 percent"], "50\\%"),
        (["10080", "10\\,080", "10\\ 080", "10 080", "10\u202f080", "10~080"], "10080"),
        (["10,080", "10,\\!080", "10{,}080", "10,\\! 080"], "10,080"),
        (["\\frac{1}{2}", "\\dfrac12", "\\tfrac 12", "\\frac1{2}", "½"], "\\frac{1}{2}"),
        (["\\frac{\\pi}{2}", "\\frac\\pi2", "\\cfrac{π}2"], "\\frac{\\pi}{2}"),
        (["1\\frac{1}{2}", "1 1/2", "1½", "1 \\frac12"], "1\\frac{1}{2}"),
        (["\\sqrt{2}", "√2", "\\sqrt2", "\\sqrt 2", "sqrt(2)", "\\sqrt{2}."], "\\sqrt{2}"),
        (["\\sqrt[3]{5}", "∛5", "\\sqrt[3]5"], "\\sqrt[3]{5}"),
        (["x^{2}", "x²", "x^2", "x**2"], "x^{2}"),
        (["x_{1}", "x₁", "x_1"], "x_{1}"),
        (["2^{-3}", "2⁻³", "2^-3", "2^{-3}"], "2^{-3}"),
        (["\\frac{3}{9}", "0.\\overline{3}", "0.\\bar3", "0.(3)", "0.333...", "0.333\\ldots"], "\\frac{3}{9}"),
        (["\\frac{15}{90}", "0.1\\overline{6}", ".1(6)", "0.1666…"], "\\frac{15}{90}"),
        (["x \\le 3", "x ≤ 3", "x \\leq 3", "x <= 3", "x \\leqslant 3"], "x \\le 3"),
        (["\\infty", "∞", "infinity", "\\text{}\\infty"], "\\infty"),
        (["\\emptyset", "∅", "\\varnothing", "\\{\\}"], "\\emptyset"),
        (["( 3,4 )", "\\left( 3,4 \\right)", "\\bigl( 3,4 \\bigr)"], "( 3,4 )"),
        (["15\\text{ cm}^{2}", "15\\mbox{ cm}^2", "15\\mathrm{ cm}^2"], "15\\text{ cm}^{2}"),
        (["5 and 6", "5 \\text{ and } 6"], "5 and 6"),
        (["\\text{(c)}", "\\textbf{(c)}", "\\mathrm{(c)}"], "\\text{(c)}"),
        (["x = 5", "\\begin{aligned} x &= 5 \\end{aligned}", "\\begin{align*}x \\\\ &= 5\\end{align*}"], "x = 5"),
        (["x = 1, y = 2", "\\begin{aligned} x &= 1 \\\\ y &= 2 \\end{aligned}"], "x = 1, y = 2"),
        (["\\begin{matrix} 1 \\\\[1ex] 2 \\end{matrix}"], "\\begin{matrix} 1 \\\\[1ex] 2 \\end{matrix}"),
        (["1, 200"], "1, 200"),
        (["\\$18.90", "€18.90"], "\\$18.90"),
        (["3:00 pm", "3:00 p.m.", "3:00PM "], "3:00 pm"),
    ],
)
def test_plain_form_of_all_ways(answers, plain):
    assert {answer: squeezed(plain_form(answer)).lower() for answer in answers} == dict.fromkeys(
        answers, squeezed(plain)
    )


@given(st.text(max_size=50))
def test_forms_are_total(text):
    assert isinstance(plain_form(text), str)
    assert isinstance(strict_form(text), str)
    assert ascii_signs(ascii_signs(text)) == ascii_signs(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("\\frac{1}{2}", "\\dfrac12"),
        ("\\left( 3, \\frac{\\pi}{2} \\right)", "(3,\\frac{\\pi}{2})"),
        ("\\text{Sunday}", "Sunday"),
        ("1,234", "1234"),
        ("11,\\! 111", "11111"),
        ("12{,}345", "12345"),
        ("15\\,000", "15000"),
        ("90^\\circ", "90"),
        ("90^{\\circ}", "90"),
        ("50\\%", "50"),
        ("\\$18.90", "18.90"),
        ("$5$.", "5"),
        (".5", "0.5"),
        ("-.5", "-0.5"),
        ("\\(7\\)", "7"),
        ("2 \\pi r", "2\\pi r"),
    ],
)
def test_strict_form_sees_through_typography(one, other):
    assert strict_form(one) == strict_form(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("(1,2)", "12"),
        ("1, 200", "1,200"),
        ("1 4/5", "14/5"),
        ("1 2", "12"),
        ("1/2", "0.5"),
        ("(1,2)", "[1,2]"),
        ("x=5", "5"),
        ("5", "-5"),
        ("1.0", "1"),
        ("\\{1\\}", "1"),
        ("3R^2", "3r^2"),
        ("2516_8", "2516_7"),
        ("\\pi r", "\\pir"),
        ("\\leftarrow", "arrow"),
        ("\\frac{1}{23}", "\\frac{12}{3}"),
        ("\\begin{matrix} 1 \\\\ 2 \\end{matrix}", "\\begin{matrix} 1 2 \\end{matrix}"),
    ],
)
def test_strict_form_does_no_mathematics(one, other):
    assert strict_form(one) != strict_form(other)


@pytest.mark.parametrize(
    "text", ["\\frac" * 20_000, "\\sqrt(" * 1_000, "{" * 50_000, "1 " * 50_000, "\\boxed{a" * 9_000]
)
def test_long_hostile_answers_have_a_strict_form(text):
    strict_form(text)
