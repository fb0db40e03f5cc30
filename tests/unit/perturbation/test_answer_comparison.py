"""Comparison of values: notations of one answer are equal, and answers that differ in any way that counts are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synergy.perturbation.answer_comparison import same_value
from synergy.perturbation.answer_forms import strict_form


def table(text: str) -> list[tuple[str, str]]:
    """A gold answer and answers to it a line, with two bars between them."""
    lines = [line.strip().split(" || ") for line in text.strip().splitlines() if line.strip()]
    return [(gold, answer) for gold, *answers in lines for answer in answers]


RIGHT = table(r"""
    5 || 5. || $5$ || =5 || +5 || −5+10 || ５ || 2+3 || x = 5 || x = 2 + 3 = 5 || \boxed{5} || five || 5.0
    5 || 5 \text{ cm} || 5 apples || 5\text{ m} || 5 m || 5 m/s || \$5 || AB = 5 || |AB| = 5
    5 || S_{10} = 55 - 50 || P(A \cap B) = 5 || m\angle ABC = 5 || f^{-1}(2) = 5 || {\color{red} 5} || \{5\}
    x = 5 || 5 || 5 = x || x=5
    25 || twenty-five || \text{twenty five} || 25,
    10 || \text{ten} || Ten
    0 || -0 || 0^\circ
    16 || 016
    1,234 || 1234 || 1{,}234 || 1\,234 || 1 234 || 1234.0
    12{,}345 || 12345 || 12,345
    5,000,000 || 5 million || 5 \text{ million} || 5 \times 10^6 || 5e6
    11,\! 111,\! 111,\! 100 || 11111111100
    \$32,\!348 || 32348 || 32,348 dollars
    \frac{1}{2} || 0.5 || .5 || 1/2 || \dfrac12 || ½ || \frac{2}{4} || 50\% || 2^{-1} || \frac{1}{2} \text{ or } 0.5
    -\frac{1}{2} || \frac{-1}{2} || \frac{1}{-2} || -.5 || -1/2
    \frac{1}{3} || 0.\overline{3} || 0.333333 || 0.3333333333333333 || \frac{1}{3} \approx 0.333 || 1:3 || 0.333\ldots
    \frac23 || 0.666667 || 0.6666667 || 0.666666
    1\frac{4}{5} || 9/5 || 1 4/5 || 1.8 || \frac{9}{5}
    -\frac92 || -4\frac12 || -4 1/2 || -4.5
    137 \frac{1}{2} || 137.5
    0.3 || 0.30000000000000004
    .0000672 || 6.72 \times 10^{-5} || 0.0000672 || 6.72e-5
    \pi || 3.14159 || 3.14159265 || π
    \frac{20000}{\pi} || 6366.20 || 6366.198
    2^{10} || 1024
    10! || 3628800
    \frac{1}{2004!} || \frac{2}{2 \cdot 2004!}
    2^{100} || 1267650600228229401496703205376
    2\sqrt{3} || \sqrt{12} || 2√3 || \sqrt{3}\cdot 2 || 4\sqrt(3) - 2\sqrt3
    \sqrt{2}+\sqrt{3} || \sqrt{5+2\sqrt{6}}
    \sqrt[3]{-8} || -2
    -2 || \sqrt[3]{-8} || (-8)^{1/3}
    -\frac23 || \sqrt[3]{-\frac{8}{27}}
    \binom{5}{2} || 10
    e^2 || \mathrm{e}^2 || \exp(2)
    6 - 5i || -5i+6 || 6-5\mathrm{i}
    2i || (1+i)^2
    i\sqrt3 || \sqrt{3}i
    50\% || 0.5 || 50 || 50 percent || 50\text{ percent}
    50 || 50\%
    90^\circ || 90 || 90° || 90\degree || 90^{\circ} || 90 \text{ degrees}
    15\mbox{ cm}^2 || 15 cm^2 || 15 || 15 \text{ square cm} || 15 \text{ sq. cm}
    864 \mbox{ inches}^2 || 864 || 864\text{ square inches}
    17 \text{ inches} || 17 in || 17
    30 \text{ minutes} || \frac12 \text{ hour} || 1800 \text{ s} || 30
    \$1.50 || 150 cents || 1.5
    5.4 \text{ cents} || 5.4
    \frac{270}7\text{ degrees} || \frac{270}{7}
    5 \text{ m/s} || 5 m/s || 5
    3 \text{ m} || 3 || 300 cm
    x^2 + 2x || x(x + 2) || x² + 2x || 2x+x^{2}
    \frac{x+2}{7} || \frac{x}{7}+\frac{2}{7}
    \frac{x^2-1}{x-1} || x+1
    \sqrt{1/n} || 1/\sqrt{n} || n^{-1/2}
    \sin^2 x || 1-\cos^2 x
    \cot x || \frac{\cos x}{\sin x}
    2.5\pi || \frac{5\pi}{2} || \frac52 π
    6\pi \text{ cm} || 6\pi
    3abc || 3bca
    p - q || -q + p
    y = 2x + 3 || 2x+3 || y = 3 + 2x || 2x - y + 3 = 0 || y - 3 = 2x
    2x + 3 || y = 2x + 3
    5x - 7y + 11z + 4 = 0 || 10x-14y+22z+8=0 || -5x+7y-11z-4=0 || 5x-7y+11z=-4
    x^2+y^2=25 || \frac{x^2}{25}+\frac{y^2}{25}=1
    y=\frac1x || xy=1
    f(x) = 2x || 2x
    1,-2 || -2, 1 || 1 \text{ and } -2 || x=1 \text{ or } x=-2 || n = 1, -2 || \{1,-2\} || x_1 = 1, x_2 = -2
    3, 5, 7 || 7, 5, 3 || 3,5,7
    1 \pm \sqrt{19} || 1+\sqrt{19}, 1-\sqrt{19} || \{1-\sqrt{19}, 1+\sqrt{19}\} || x = 1 \pm \sqrt{19}
    \pm 3 || 3, -3 || x = 3 \text{ or } x = -3
    \{1\pm\sqrt{5},-2\} || -2, 1-\sqrt5, 1+\sqrt5 || \{-2, 1+\sqrt5, 1-\sqrt5\}
    \{1,2\} || \{2,1\} || 1, 2 || x \in \{1, 2\} || \{1, 2, 2\}
    12\text{ and }13 || 12, 13
    (1,2) || (1, 2.0) || x=1, y=2 || y = 2, x = 1 || (x,y) = (1,2) || 1, 2 || \langle 1, 2 \rangle
    (1,2),(3,4) || (3,4),(1,2)
    \left( 3, \frac{\pi}{2} \right) || (3,\dfrac{\pi}{2}) || (3, π/2)
    D = (0,1) || D=(0, 1)
    (2,4) || x \in (2,4)
    (2,\infty) || x > 2 || 2 < x || x \in (2, \infty) || (2, ∞)
    (-\infty, 0] || x \le 0 || 0 ≥ x
    (3,4] || 3 < x \le 4
    [0, 0.5] || [0,\frac12]
    x \in [-2,7] || -2 \le x \le 7 || [-2,7] || 7 \ge x \ge -2
    -2 \le x \le 7 || x \in [-2,7] || [-2, 7] || x \ge -2 \text{ and } x \le 7
    2 < x < 4 || (2,4)
    (-\infty, 2) \cup (3, \infty) || x<2 \text{ or } x>3 || (3,\infty) \cup (-\infty,2)
    (-\infty, 2) \cup (3, \infty) || x \in (-\infty,2)\cup(3,\infty)
    (-\infty, 3) \cup (3, \infty) || x \ne 3 || \mathbb{R} \setminus \{3\}
    \{x \mid x > 3\} || (3,\infty)
    \mathbb{R} || (-\infty, \infty) || \text{all real numbers}
    \emptyset || \text{no solution} || ∅
    x + y > 2 || 2 < x + y || 2x + 2y > 4
    \begin{pmatrix} 1 \\ 2 \end{pmatrix} || \begin{bmatrix}1\\2\end{bmatrix} || (1, 2)
    \begin{pmatrix} 1 \\ 2 \end{pmatrix} || \frac12 \begin{pmatrix} 2 \\ 4 \end{pmatrix}
    \begin{pmatrix} -1/3 \\ 2/3 \end{pmatrix} || \begin{pmatrix}-\frac13\\\frac23\end{pmatrix}
    2516_8 || 2516_{8} || 2516_{\text{eight}} || 2516 \text{ (base 8)} || 2516
    5:30 || 5:30 \text{ p.m.} || 5 : 30 || 05:30
    3:2 || 3 : 2 || \frac{3}{2} || 3 \text{ to } 2
    \text{Tuesday} || Tuesday || tuesday. || \text{ Tuesday}
    \text{east} || East
    \text{no} || No
    \text{ellipse} || an ellipse
    \text{June 20} || June 20
    \text{(C)} || C || (C) || \textbf{(C)} || C. || (C)\ 12 || c)
    12 || (C)\ 12
    \text{A, B} || A, B || B and A
    6^{\text{th}} || 6 || 6th
    \infty || \text{infinity} || ∞
    0.6 || \frac{3}{5}\text{ or }0.6
    \frac{3}{5}\text{ or }0.6 || 0.6
    x^{2/3} || \sqrt[3]{x^2}
    -\frac{2(x^2+6)}{9(x^2-2)\sqrt[3]{x^2-2}^2} || -\frac{8x^2}{9(x^2-2)^{5/3}}+\frac{2}{3(x^2-2)^{2/3}}
    \lim_{x\to 0} \frac{\sin x}{x} || 1
    \frac{n(n+1)}{2} || \sum_{k=1}^{n} k
    \cos\theta + i\sin\theta || e^{i\theta}
    (-\infty,-2)\cup(-2,2)\cup(2,\infty) || x\neq\pm2 || x \ne 2 \text{ and } x \ne -2
    \begin{cases} x=1 \\ y=2 \end{cases} || x=1, y=2
    \begin{bmatrix}1&2\\3&4\end{bmatrix} || \left[\begin{array}{cc}1&2\\3&4\end{array}\right]
    10 || {5\choose 2} || \tbinom52 + 0
    \{(1,2),(3,4)\} || \{(3,4),(1,2)\}
""")

WRONG = table(r"""
    42 || 43 || -42 || 42.5 || 4.2 || \text{forty-three} || 42\pi
    12 || (1,2) || 1, 2 || 12x
    5 || 5 or 7 || 5, 7 || 5 = 7 || the number five or six || 5x || \{5, 6\} || 5 \text{ million}
    7 || 5 = 7 || 7!
    1200 || 1, 200
    \frac{1}{3} || 0.333 || 0.33333 || 0.333334 || 0.3333337
    .0000672 || .000067 || .0000671
    2^{-98} || 2^{-99}
    \frac{1}{2004!} || \frac{1}{2006!}
    123456789012345678 || 123456789012345679
    1234567 || 1234567.3 || 1,234,568
    11111111100 || 11111111101 || 11111111100.5
    1,234 || 1.234
    2.5 || 2.499999 || 2.50001
    \pi || 3.14 || 22/7 || 3.14160
    e || 2.718 || E
    100 || 99.999
    1 4/5 || 14/5
    14/5 || 1 4/5
    0.28 || 28
    28 || 0.28
    75\% || 7.5\%
    5!|| 5
    10^{6} || 10^{-6}
    x^{10} || x10
    0.\overline{27} || 0.27
    1-\frac1e || 1+\frac1e
    3m || 3
    3 || 3m || 3k
    5.4 \text{ cents} || 5.4 \text{ dollars}
    15\mbox{ cm}^2 || 15 \text{ cm}^3 || 15 \text{ m}^2
    30 \text{ minutes} || 30 \text{ hours}
    7:15 \text{ a.m.} || 7:15 \text{ p.m.}
    3R^2 || 3r^2
    p - q || P - Q || p + q || q - p
    6-5i || 6+5i || 6-5 || 6-5I
    x^2 + 1 || x^2 - 1 || X^2 + 1 || x^3 + 1
    |x| || x
    \sin x || \cos x
    3abc || 3ab
    y = 2x+3 || y = 2x-3 || Y = 2X+3 || y = x+3 || 2x+4
    x+2y=0 || x+y=0
    5x - 7y + 11z + 4 = 0 || 5x - 7y + 11z - 4 = 0
    x = 5 || y = 6 || x = -5
    F_n = F_{n-1} + F_{n-2} || F_n = F_{n-1} + F_{n-3}
    1,-2 || 1 || 1, 2 || (-2, 1) || [1,-2]
    1 || 1, -2
    \pm 2021 || 2021
    1 \pm \sqrt{19} || 1+\sqrt{19}
    3, 5, 7 || 3, 5 || 3, 5, 7, 9
    1, 2, 3, 4 || 1, 3, 5, 7
    \{1,2\} || (1,2) || (2,1) || [1,2] || \{1,2,3\}
    (1,2) || (2,1) || [1,2] || \{1,2\} || 12 || (1,2,3) || x=2, y=1
    (2,4) || 2<x<4 || [2,4]
    (3,4] || [3,4] || (3,4) || 3 \le x \le 4
    (2,\infty) || x \ge 2 || [2,\infty) || (2,\infty] || 2
    x \in [-2,7] || -2 < x \le 7 || -2 \le x \le 8 || (-2,7) || y \in [-2,7] || -2, 7
    x > 3 || x < 3 || x \ge 3 || 3 || x = 3
    x + y > 2 || x + y < 2 || x + y \ge 2
    x \le -1 \text{ or } x \ge 4 || -1 \le x \le 4
    (-\infty,2)\cup(3,\infty) || (-\infty,2]\cup(3,\infty) || (-\infty,2)
    \begin{pmatrix} 1 \\ 2 \end{pmatrix} || \begin{pmatrix} 2 \\ 1 \end{pmatrix} || \{1, 2\} || 3
    \begin{pmatrix} 1 \\ 2 \end{pmatrix} || \begin{pmatrix} 1 \\ 2 \\ 3 \end{pmatrix}
    \begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix} || \begin{pmatrix} 1 & 3 \\ 2 & 4 \end{pmatrix}
    2516_8 || 2516_7 || 2517_8 || 1358
    42 || 52_8
    5:30 || 1:6 || \frac16 || 5:03
    2:3 || 3:2 || 4:6
    \text{even} || odd || \text{uneven}
    \text{(C)} || (D) || D || 3
    12 || (C)\ 13
    \text{June 20} || June 21
    0 || \emptyset
    \sin^{-1} x || \frac{1}{\sin x}
    \{(1,2),(3,4)\} || \{(2,1),(3,4)\}
    \cos\theta + i\sin\theta || e^{-i\theta}
    \pi r^2 || 2\pi r
""")


@pytest.mark.parametrize(("gold", "answer"), RIGHT)
def test_equal_in_value(gold, answer):
    assert same_value(gold, answer) is True


@pytest.mark.parametrize(("gold", "answer"), WRONG)
def test_different_in_value(gold, answer):
    assert same_value(gold, answer) is False
    assert strict_form(gold) != strict_form(answer)


@pytest.mark.parametrize(
    "answer", ["", "$$", "\\[", "5\\", "1 2", "{5", "5}", "\\frac{1}{", "5 +", "^2", "\\begin{matrix} 1"]
)
def test_what_is_no_formula_is_not_read(answer):
    assert same_value("5", answer) is None


@given(st.fractions(max_denominator=10**6), st.integers(6, 11))
def test_a_decimal_stands_for_what_has_all_of_its_digits(value, n_digits):
    if value == 0:
        return
    rounded = f"{value.numerator / value.denominator:.{n_digits - 1}e}"
    gold = f"\\frac{{{value.numerator}}}{{{value.denominator}}}"
    assert same_value(gold, rounded) is True
    mantissa, exponent = rounded.split("e")
    last = int(mantissa[-1])
    assert same_value(gold, f"{mantissa[:-1]}{last - 3 if last > 4 else last + 3}e{exponent}") is False


@given(st.integers(-(10**9), 10**9), st.integers(-(10**9), 10**9))
def test_whole_numbers_are_equal_only_to_themselves(one, other):
    assert same_value(str(one), f"{other:,}") is (one == other)
    assert same_value(f"\\sqrt{{{one**2}}}", str(abs(one))) is True
