r"""Forms of an answer: with plain signs; in plain TeX, for comparing values; and strictly, for comparing letters."""

import re
import unicodedata

_SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ⁿⁱ", "0123456789+-()ni", strict=True))
_SUBSCRIPTS = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋₍₎", "0123456789+-()", strict=True))
_TEX = {
    **dict.fromkeys("⋅·∙•", r"\cdot "),
    **dict.fromkeys("°º˚", r"^\circ "),
    **dict.fromkeys("≤⩽≦", r"\le "),
    **dict.fromkeys("≥⩾≧", r"\ge "),
    **dict.fromkeys("€£¥", r"\$"),
    **{"×": r"\times ", "÷": r"\div ", "∕": "/", "⁄": "/", "±": r"\pm ", "∓": r"\mp ", "≠": r"\ne ", "≈": r"\approx "},
    **{"∈": r"\in ", "∪": r"\cup ", "∩": r"\cap ", "∅": r"\emptyset ", "∞": r"\infty ", "∖": r"\setminus "},
    **{"…": r"\ldots ", "⟨": r"\langle ", "⟩": r"\rangle ", "∣": "|", "⌊": r"\lfloor ", "⌋": r"\rfloor "},
    **{"⌈": r"\lceil ", "⌉": r"\rceil ", "∨": r"\lor ", "∧": r"\land ", "√": r"\sqrt ", "∛": r"\sqrt[3]", "∜": r"\sqrt[4]"},
    **{"ℝ": r"\mathbb{R}", "ℤ": r"\mathbb{Z}", "ℚ": r"\mathbb{Q}", "ℕ": r"\mathbb{N}", "ℂ": r"\mathbb{C}", "∠": r"\angle "},
    **{"¢": r"\text{ cents}", "ϕ": r"\phi ", "ϵ": r"\epsilon ", "−": "-"},
}


def _tables() -> tuple[dict[int, str], dict[int, str]]:
    """Characters to plain ones; and mathematical characters to TeX."""
    plain = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"), "-")
    plain |= dict.fromkeys(map(ord, "\u00a0\u2002\u2003\u2004\u2005\u2007\u2008\u2009\u200a\u202f\u205f\u3000"), " ")
    plain |= dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff"), "")
    plain |= dict.fromkeys(map(ord, "“”„″"), '"') | dict.fromkeys(map(ord, "‘’′ʹ"), "'")
    plain |= {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F) if code not in plain}  # full-width ASCII
    plain |= {code: unicodedata.normalize("NFKC", chr(code)) for code in range(0x1D400, 0x1D800)}  # styled letters
    plain |= {ord("。"): ".", ord("、"): ","}
    tex = {ord(character): command for character, command in _TEX.items()}
    for code in (*range(0x391, 0x3CA),):
        name = unicodedata.name(chr(code), "").replace("LAMDA", "LAMBDA").replace("FINAL SIGMA", "SIGMA")
        if name:
            letter = name.rsplit(" ", 1)[1].lower()
            tex[code] = "\\" + (letter.capitalize() if "CAPITAL" in name else letter) + " "
    for character in "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞⅐⅑⅒":
        above, below = unicodedata.normalize("NFKC", character).split("⁄")
        tex[ord(character)] = f"\\frac{{{above}}}{{{below}}}"
    return plain, tex


_PLAIN, _MATHEMATICAL = _tables()
_RAISED = re.compile(f"[{''.join(_SUPERSCRIPTS)}]+")
_LOWERED = re.compile(f"[{''.join(_SUBSCRIPTS)}]+")
GROUP = r"\{(?:\\.|[^{}\\]|\{(?:\\.|[^{}\\]|\{(?:\\.|[^{}\\]|\{[^{}]*+\})*+\})*+\})*+\}"
_FONT = r"(?:underline|bm|boldsymbol|math(?:bf|it|sf|tt|normal)|ensuremath)"
_UPRIGHT = r"(?:text(?:bf|it|rm|sf|tt|normal|up)?|mathrm|operatorname\*?|emph|mbox|hbox)"
# Rewriting rules, in this order. Each takes one way to set an answer and leaves the plainest one.
_RULES = [
    (re.compile(pattern), plain)
    for pattern, plain in (
        (r"<br\s*/?>|[\n\r\t]+", " "),
        (r"(?<!\\)\$|(?<!\\)\\[()\[\]]|\*\*(?=\s|$)|^\*\*|\\(?:displaystyle|textstyle|limits|nolimits|allowbreak|rm|bf|it)(?![a-zA-Z])", " "),
        (r"\\(?:text)?color\s*(?:\[\w*\])?\s*\{[^{}]*\}", " "),
        (r"\\h?(?:space|phantom)\*?\s*\{[^{}]*\}|\\label\{[^{}]*\}|\\tag\*?\{[^{}]*\}", " "),
        (r"\\(?:boxed|fbox)(?![a-zA-Z])", " "),
        (r"\\begin\{(?:aligned|align\*?|gathered|gather\*?|split|equation\*?|displaymath)\}(?:\[\w\])?|\\end\{(?:aligned|align\*?|gathered|gather\*?|split|equation\*?|displaymath)\}", " "),
        (r"\\(?:left|right|middle|[bB]igg?[lrm]?)(?![a-zA-Z])\s*\.?", ""),
        (r"\\lbrace(?![a-zA-Z])", r"\\{"),
        (r"\\rbrace(?![a-zA-Z])", r"\\}"),
        (r"\\[lr]?vert(?![a-zA-Z])", "|"),
        (r",\s*\\!\s*|\{,\}|\\!,", ","),
        (r"\\!", ""),
        (r"(?<!\\)\\[,;:> ]|~|\\(?:q?quad|thinspace|enspace|nobreak)(?![a-zA-Z])", " "),
        (rf"\\{_FONT}\s*\{{([^{{}}]*)\}}|\\{_UPRIGHT}\s*\{{\s*([eidf]|[-+.,0-9\s]*)\s*\}}", r" \1\2 "),
        (rf"\\{_UPRIGHT}\s*\{{([^{{}}]*)\}}", r"\\text{\1}"),
        (r"\\text\s*\{\s*(and|or|,|;)\s*\}", r" \1 "),
        (r"\s*(?:\^\s*\\circ(?![a-zA-Z])|\^\s*\{\s*\\circ\s*\}|\^?\\degree(?![a-zA-Z])|\^\{\\degree\}|\\text\{\s*(?:degrees?|deg\.?)\s*\}|(?<=[0-9}])\s+deg(?:rees?)?\b)(?:\s*[CF](?![a-zA-Z])|\s*(?:Celsius|Fahrenheit))?", " "),
        (r"\\?%|\\text\{\s*(?:per ?cent(?:age)?|pct\.?)\s*\}|(?<=[0-9} ])(?:per ?cent(?:age)?|pct)\b", r"\\% "),
        (r"\\[dtc]frac(?![a-zA-Z])", r"\\frac"),
        (r"\\(?:leqslant|leqq|leq)(?![a-zA-Z])|<=|=<", r"\\le "),
        (r"\\(?:geqslant|geqq|geq)(?![a-zA-Z])|>=", r"\\ge "),
        (r"\\neq(?![a-zA-Z])|\\not\s*=|!=", r"\\ne "),
        (r"\\lt(?![a-zA-Z])|&lt;", "<"),
        (r"\\gt(?![a-zA-Z])|&gt;", ">"),
        (r"\\colon(?![a-zA-Z])", ":"),
        (r"\\(?:varnothing|O)(?![a-zA-Z])|\\\{\s*\\\}", r"\\emptyset "),
        (r"\\(?:[cdl]dots|dots[cbmio]?)(?![a-zA-Z])|\.\.\.+", r"\\ldots "),
        (r"(?<=[a-zA-Z]) in (?=[\[({\\])", r" \\in "),
        (r"\*\*", "^"),
        (r"\*", r"\\cdot "),
        (r"(?<![\\a-zA-Z])(sqrt|sin|cos|tan|cot|sec|csc|arcsin|arccos|arctan|ln|log|exp|pi|theta)(?![a-zA-Z])", r"\\\1 "),
        (r"(?<![\\a-zA-Z])(?:infinity|infty|inf|oo)(?![a-zA-Z])|\\infinity(?![a-zA-Z])", r"\\infty "),
        (r"(?<![a-zA-Z])([aApP])\.?\s?[mM](?:\.|(?![a-zA-Z]))(?=\s*\}?\s*$)(?<![0-9][aApP][mM])", r" \1m"),
        (r"(?<=[0-9])\u0305", r"\\overline{}"),
        (r"\s+", " "),
    )
]
_THOUSANDS = re.compile(r"(?<![0-9.,])([0-9]{1,3}(?: [0-9]{3})+)(?![0-9])")
_MIXED = re.compile(r"(?<![0-9.}/)a-zA-Z^_])([0-9]+) +(?:([0-9]+) ?/ ?([0-9]+)(?![0-9/.])|(?=\\frac\{))")
_POWER = re.compile(r"([\^_])\s*(-?[0-9]+)(?![0-9.])")
_REPEATING = re.compile(
    r"(?<![0-9])([0-9]*)\.([0-9]*?)(?:\\(?:overline|bar|dot|overbar)\s*(?:\{\s*([0-9]+)\s*\}|([0-9]))|\(([0-9]+)\)|([0-9]+?)\6\6+\s*\\ldots)"
)
_EDGES = re.compile(r"^(?:[\s=:,;]|\\approx(?![a-zA-Z])|\\sim(?:eq)?(?![a-zA-Z])|\\therefore|\\text\{\s*\})+|(?:[\s.,;:=]|\\\\|\\text\{\s*\})+$")
_LEAD = re.compile(
    r"^(?:\\text\{)?\s*(?:(?:so|thus|therefore|hence),?\s+)?(?:the\s+)?(?:final\s+|correct\s+)?answers?(?:\s+is|\s+are)?\s*:?\s*(?:\}|(?<=[\s:])(?![\s\w,]*\}))\s*:?|^(?:\\text\{\s*)?(?:about|approximately|approx\.?|roughly|exactly)\s*(?:\}\s*|(?<=\s))",
    re.IGNORECASE,
)
# What says how to set an answer, not which it is. Not the brackets of a matrix row, "\\[1ex]".
_TYPOGRAPHY = re.compile(r"\\!\s*|\\(?:left|right)(?![a-z])|(?<!\\)\\[()\[\]]|\^\\circ|\^\{\\circ\}|\\?[%$]")


def ascii_signs(text: str) -> str:
    """A text with plain signs for dashes, blanks, quotation marks, full-width and styled characters."""
    return text if text.isascii() else text.translate(_PLAIN)


def plain_form(answer: str) -> str:
    r"""Bring an answer to plain TeX, in which the ways to set one and the same thing are the same.

    Mathematical characters become commands; dollar signs, sizes, colours, fonts, blanks, degree signs and final
    punctuation go; fractions, roots and powers get their braces, repeating decimals and mixed numbers become fractions.
    Upright words stay, as ``\text{…}``. Nothing is computed.

    Parameters
    ----------
    answer : str
        The content of a box, or an answer found in a text.

    Returns
    -------
    str
        One line.
    """
    form = answer
    if not form.isascii():
        form = _RAISED.sub(lambda run: f"^{{{''.join(map(_SUPERSCRIPTS.get, run[0]))}}}", ascii_signs(form))
        form = _LOWERED.sub(lambda run: f"_{{{''.join(map(_SUBSCRIPTS.get, run[0]))}}}", form)
        form = form.translate(_MATHEMATICAL)
    for pattern, plain in _RULES:
        form = pattern.sub(plain, form)
    if "\\begin" not in form:  # The rows of an alignment: a chain, or one statement a row.
        form = re.sub(r"\\\\\s*&?\s*(?==)", " ", form).replace("&", "")
        form = form.replace("\\\\", ", ")
    form = _EDGES.sub("", _LEAD.sub("", _EDGES.sub("", form)))
    form = _THOUSANDS.sub(lambda number: number[1].replace(" ", ""), form)
    form = _with_braces(form)
    form = _REPEATING.sub(_fraction_of_repeating, form)
    form = re.sub(r"^([^,;]*[0-9])\s*\\ldots$", r"\1", form)
    form = _MIXED.sub(lambda mixed: f"{mixed[1]}\\frac{{{mixed[2]}}}{{{mixed[3]}}}" if mixed[2] else mixed[1], form)
    form = _POWER.sub(r"\1{\2}", form)
    return _unwrapped(form)


def strict_form(answer: str) -> str:
    r"""Reduce an answer to a form in which only typographically equal answers are equal.

    Blanks but for those between digits, dollar signs, ``\left``, ``\right``, thin spaces, degree and percent signs, a
    final full stop and the thousands separators of a lone number go; ``\dfrac`` and ``\tfrac`` become ``\frac``;
    ``\text{…}`` is unwrapped. Nothing is computed: 1/2 and 0.5 differ, and so do (1,2) and 12, 1 4/5 and 14/5.

    Parameters
    ----------
    answer : str
        The content of a box.

    Returns
    -------
    str
        The reduced form; two answers agree strictly when theirs are the same string.
    """
    form = re.sub(r"\\(?:text|mbox|mathrm|textbf)\s*\{([^{}]*)\}", r"\1", answer)
    form = re.sub(r"\\[dt]frac", r"\\frac", form).replace("{,}", ",")
    form = re.sub(r"(?<!\\)\\[,;:> ]|\s|~", " ", re.sub(r",\\!\s*", ",", form))
    form = " ".join(_TYPOGRAPHY.sub("", form).split()).removesuffix(".").strip()
    if re.fullmatch(r"-?[0-9]{1,3}([, ][0-9]{3})+(\.[0-9]+)?", form):  # Before blanks go: "1, 200" is two numbers.
        form = form.replace(",", "").replace(" ", "")
    form = squeezed(re.sub(r"(\\[a-zA-Z]+) (?=[a-zA-Z])", "\\1\0", form))
    form = re.sub(r"\\frac([0-9])([0-9])", r"\\frac{\1}{\2}", form.replace("\0", " "))
    return re.sub(r"^(-?)\.(?=[0-9])", r"\g<1>0.", form)


def squeezed(form: str) -> str:
    """Without blanks, but for those between digits: 1 2 is not 12."""
    return re.sub(r"(?<![0-9])\s+|\s+(?![0-9])", "", form.strip())


def closing(text: str, start: int) -> int:
    """Position after the bracket that closes the one at `start`; the end of the text if there is none."""
    depth = 0
    opening, closed = text[start], {"{": "}", "(": ")", "[": "]"}[text[start]]
    place = start
    while place < len(text):
        if text[place] == "\\":
            place += 2
            continue
        depth += (text[place] == opening) - (text[place] == closed)
        place += 1
        if depth == 0:
            return place
    return len(text)


def _with_braces(form: str) -> str:
    r"""Give each ``\frac`` and ``\sqrt`` its arguments in braces: ``\frac12``, ``\frac1{72}``, ``\sqrt2``, ``\sqrt(x+1)``."""
    for command, count in (("\\sqrt", 1), ("\\frac", 2)):
        place = form.rfind(command)
        while place >= 0:
            after = place + len(command)
            if not form[after : after + 1].isalpha():
                index = re.compile(r"\s*\[[^\[\]]*\]").match(form, after) if count == 1 else None
                head, rest = form[:after] + (index[0].strip() if index else ""), form[index.end() if index else after :]
                arguments = ""
                for _ in range(count):
                    argument, rest = _argument(rest, count == 1)
                    arguments += argument
                form = head + arguments + rest
            place = form.rfind(command, 0, place)
    return form


def _argument(text: str, root: bool) -> tuple[str, str]:
    """The first argument in `text`, in braces, and what follows it; of a root also a number or what is in brackets."""
    text = text.lstrip()
    if text[:1] == "{" or root and text[:1] == "(":
        end = closing(text, 0)
        inner = text[1 : end - 1] if end <= len(text) and text[end - 1 : end] in "})" else text[1:]
        return f"{{{inner}}}", text[end:]
    match = re.compile(rf"\\[a-zA-Z]+(?:\s*{GROUP})*|{'[0-9]+' if root else '[0-9]'}|[a-zA-Z]").match(text)
    return (f"{{{match[0]}}}", text[match.end() :]) if match else ("", text)


def _fraction_of_repeating(decimal: re.Match) -> str:
    """0.1(6) as a fraction: (16 - 1) / 90."""
    whole, fixed = decimal[1] or "0", decimal[2]
    period = next(group for group in decimal.groups()[2:] if group)
    above = int(whole + fixed + period) - int(whole + fixed)
    return f"\\frac{{{above}}}{{{int('9' * len(period) + '0' * len(fixed))}}}"


def _unwrapped(form: str) -> str:
    """Without braces that enclose everything, or a number or letter that needs none."""
    form = re.sub(r"(?:(?<=^)|(?<=[-+=<>,;(\[\s]))\{([-+]?[0-9a-zA-Z.]*)\}", r"\1", form).strip()
    while form.startswith("{") and closing(form, 0) == len(form) and form.endswith("}"):
        form = form[1:-1].strip()
    return form
