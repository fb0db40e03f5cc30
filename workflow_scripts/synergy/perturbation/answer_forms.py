r"""Forms of an answer: with plain signs; in plain TeX, for comparing values; and strictly, for comparing letters."""

import re
import unicodedata

_RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ⁿⁱ", "0123456789+-()ni", strict=True))
_LOWERED = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋₍₎", "0123456789+-()", strict=True))
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
_BLANKS = "\u00a0\u2002\u2003\u2004\u2005\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_NOTHING = "\u200b\u200c\u200d\u2060\ufeff"
_COMMANDS = {
    "cdot": "⋅·∙•",
    "times": "×",
    "div": "÷",
    "pm": "±",
    "mp": "∓",
    "circ": "∘",
    "le": "≤⩽≦",
    "ge": "≥⩾≧",
    "ne": "≠",
    "approx": "≈",
    "in": "∈",
    "cup": "∪",
    "cap": "∩",
    "setminus": "∖",
    "emptyset": "∅",
    "infty": "∞",
    "ldots": "…",
    "langle": "⟨",
    "rangle": "⟩",
    "lfloor": "⌊",
    "rfloor": "⌋",
    "lceil": "⌈",
    "rceil": "⌉",
    "lor": "∨",
    "land": "∧",
    "angle": "∠",
    "sqrt": "√",
    "phi": "ϕ",
    "epsilon": "ϵ",
}
_OTHER_TEX = {
    **dict.fromkeys("°º˚", r"^\circ "),
    **dict.fromkeys("€£¥", r"\$"),
    **{"¢": r"\text{ cents}", "∛": r"\sqrt[3]", "∜": r"\sqrt[4]", "∕": "/", "⁄": "/", "∣": "|"},
    **{"ℝ": r"\mathbb{R}", "ℤ": r"\mathbb{Z}", "ℚ": r"\mathbb{Q}", "ℕ": r"\mathbb{N}", "ℂ": r"\mathbb{C}"},
}


def _plain_signs() -> dict[int, str]:
    """Plain characters for those that only look different."""
    signs = {code: unicodedata.normalize("NFKC", chr(code)) for code in range(0x1D400, 0x1D800)}  # styled letters
    signs |= {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}  # full-width ASCII
    for characters, plain in ((_DASHES, "-"), (_BLANKS, " "), (_NOTHING, ""), ("“”„″", '"'), ("‘’′ʹ", "'")):
        signs |= dict.fromkeys(map(ord, characters), plain)
    return signs


def _tex_of_characters() -> dict[int, str]:
    """TeX for mathematical characters."""
    tex = {ord(character): f"\\{name} " for name, characters in _COMMANDS.items() for character in characters}
    tex |= {ord(character): other for character, other in _OTHER_TEX.items()}
    for code in range(0x391, 0x3CA):  # Greek
        name = unicodedata.name(chr(code), "").replace("LAMDA", "LAMBDA")
        letter = name.rpartition(" ")[2].lower()
        tex[code] = f"\\{letter.capitalize() if 'CAPITAL' in name else letter} "
    for character in "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞⅐⅑⅒":
        above, below = unicodedata.normalize("NFKC", character).split("⁄")
        tex[ord(character)] = f"\\frac{{{above}}}{{{below}}}"
    return tex


_SIGNS, _TEX = _plain_signs(), _tex_of_characters()
_RUN_RAISED = re.compile(f"[{''.join(_RAISED)}]+")
_RUN_LOWERED = re.compile(f"[{''.join(_LOWERED)}]+")
GROUP = r"\{(?:\\.|[^{}\\]|\{(?:\\.|[^{}\\]|\{(?:\\.|[^{}\\]|\{[^{}]*+\})*+\})*+\})*+\}"  # four levels of braces
_END = r"(?![a-zA-Z])"  # of a command
_FONT = r"(?:underline|bm|boldsymbol|math(?:bf|it|sf|tt|normal)|ensuremath)"
_UPRIGHT = r"(?:text(?:bf|it|rm|sf|tt|normal|up)?|mathrm|operatorname\*?|emph|mbox|hbox)"
_ALIGNED = r"\{(?:aligned|align\*?|gathered|gather\*?|split|equation\*?|displaymath)\}"
_FUNCTIONS = "sqrt|sin|cos|tan|cot|sec|csc|arcsin|arccos|arctan|ln|log|exp|pi|theta"
_DEGREES = (
    rf"\^\s*\\circ{_END}|\^\s*\{{\s*\\circ\s*\}}|\^?\\degree{_END}|\^\{{\\degree\}}"
    r"|\\text\{\s*(?:degrees?|deg\.?)\s*\}|(?<=[0-9}])\s+deg(?:rees?)?\b"
)
# Rewriting rules, in this order. Each takes ways to set one thing and leaves the plainest one.
_RULES = [
    (re.compile(pattern), plain)
    for pattern, plain in (
        (r"<br\s*/?>|[\n\r\t]+", " "),
        # Delimiters of formulas, bold type of Markdown, sizes, fonts, colours, frames.
        (r"(?<!\\)\$|(?<!\\)\\[()\[\]]|\*\*(?=\s|$)|^\*\*", " "),
        (rf"\\(?:displaystyle|textstyle|limits|nolimits|allowbreak|rm|bf|it|boxed|fbox){_END}", " "),
        (r"\\(?:text)?color\s*(?:\[\w*\])?\s*\{[^{}]*\}", " "),
        (r"\\h?(?:space|phantom)\*?\s*\{[^{}]*\}|\\(?:label|tag)\*?\{[^{}]*\}", " "),
        (rf"\\begin{_ALIGNED}(?:\[\w\])?|\\end{_ALIGNED}", " "),
        (rf"\\(?:left|right|middle|[bB]igg?[lrm]?){_END}\s*\.?", ""),
        (r"\\begin\{cases\}((?:(?!&|\\end).)*)\\end\{cases\}", r"\1"),  # Without conditions: a list.
        (r"\{?([^{}\\]*)\\choose([^{}\\]*)\}?", r"\\binom{\1}{\2}"),
        (rf"\\lbrace{_END}", r"\\{"),
        (rf"\\rbrace{_END}", r"\\}"),
        (rf"\\[lr]?vert{_END}", "|"),
        # Blanks.
        (r",\s*\\!\s*|\{,\}|\\!,", ","),
        (r"\\!", ""),
        (rf"(?<!\\)\\[,;:> ]|~|\\(?:q?quad|thinspace|enspace|nobreak){_END}", " "),
        # Letters and numbers in whatever font; upright words stay words.
        (rf"\\{_FONT}\s*\{{([^{{}}]*)\}}|\\{_UPRIGHT}\s*\{{\s*([eidf]|[-+.,0-9\s]*)\s*\}}", r" \1\2 "),
        (rf"\\{_UPRIGHT}\s*\{{([^{{}}]*)\}}", r"\\text{\1}"),
        (r"\\text\s*\{\s*(and|or|,|;)\s*\}", r" \1 "),
        (r"(?<=[0-9])(?:\^\s*\{?\s*\\text\{\s*(?:st|nd|rd|th)\s*\}\s*\}?|(?:st|nd|rd|th)(?![a-zA-Z]))", ""),  # 5th
        # Degrees and per cent.
        (rf"\s*(?:{_DEGREES})(?:\s*[CF]{_END}|\s*(?:Celsius|Fahrenheit))?", " "),
        (r"\\?%|\\text\{\s*(?:per ?cent(?:age)?|pct\.?)\s*\}|(?<=[0-9} ])(?:per ?cent(?:age)?|pct)\b", r"\\% "),
        # Commands of one meaning.
        (rf"\\[dtc]frac{_END}", r"\\frac"),
        (rf"\\[dt]binom{_END}", r"\\binom"),
        (rf"\\(?:leqslant|leqq|leq){_END}|<=|=<", r"\\le "),
        (rf"\\(?:geqslant|geqq|geq){_END}|>=", r"\\ge "),
        (rf"\\neq{_END}|\\not\s*=|!=", r"\\ne "),
        (rf"\\lt{_END}|&lt;", "<"),
        (rf"\\gt{_END}|&gt;", ">"),
        (rf"\\colon{_END}", ":"),
        (rf"\\varnothing{_END}|\\\{{\s*\\\}}", r"\\emptyset "),
        (rf"\\(?:[cdl]dots|dots[cbmio]?){_END}|\.\.\.+", r"\\ldots "),
        (r"(?<=[a-zA-Z]) in (?=[\[({\\])", r" \\in "),
        (r"\*\*", "^"),
        (r"\*", r"\\cdot "),
        (rf"(?<![\\a-zA-Z])({_FUNCTIONS}){_END}", r"\\\1 "),
        (rf"(?<![\\a-zA-Z])(?:infinity|infty|inf|oo){_END}|\\infinity{_END}", r"\\infty "),
        (r"\\text\{\s*(\\infty)\s*\}", r"\1 "),
        (rf"(:[0-9]{{2}}\s*|(?<=[0-9])\s+)([aApP])\.?\s?[mM](?:\.|{_END})(?=\s*\}}?\s*$)", r"\1 \2m"),  # 3:00 p.m.
        (r"\s+", " "),
    )
]
_THOUSANDS = re.compile(r"(?<![0-9.,])([0-9]{1,3}(?: [0-9]{3})+)(?![0-9])")
_MIXED = re.compile(r"(?<![0-9.}/)a-zA-Z^_])([0-9]+) +(?:([0-9]+) ?/ ?([0-9]+)(?![0-9/.])|(?=\\frac\{))")
_POWER = re.compile(r"([\^_])\s*(-?[0-9]+)(?![0-9.])")
_REPEATING = re.compile(
    r"(?<![0-9])([0-9]*)\.([0-9]*?)"
    r"(?:\\(?:overline|bar|dot|overbar)\s*(?:\{\s*([0-9]+)\s*\}|([0-9]))|\(([0-9]+)\)|([0-9]+?)\6\6+\s*\\ldots)"
)
_EDGES = re.compile(
    rf"^(?:[\s=:,;]|\\(?:approx|sim(?:eq)?|therefore){_END}|\\text\{{\s*\}})+|(?:[\s.,;:=]|\\\\|\\text\{{\s*\}})+$"
)
# Words before the answer: "the answer is 5", "\text{Final answer: } 5", "approximately 5".
_LEAD = re.compile(
    r"^(?:\\text\{)?\s*(?:(?:so|thus|therefore|hence),?\s+)?(?:the\s+)?(?:final\s+|correct\s+)?answers?(?:\s+is|\s+are)?"
    r"\s*:?\s*(?:\}|(?<=[\s:])(?![\s\w,]*\}))\s*:?"
    r"|^(?:\\text\{\s*)?(?:about|approximately|approx\.?|roughly|exactly)\s*(?:\}\s*|(?<=\s))",
    re.IGNORECASE,
)
# What says how to set an answer, not which it is. Not the brackets of a matrix row, "\\[1ex]".
_TYPOGRAPHY = re.compile(r"\\!\s*|\\(?:left|right)(?![a-z])|(?<!\\)\\[()\[\]]|\^\\circ|\^\{\\circ\}|\\?[%$]")


def ascii_signs(text: str) -> str:
    """A text with plain signs for dashes, blanks, quotation marks, full-width and styled characters."""
    return text if text.isascii() else text.translate(_SIGNS)


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
        form = _RUN_RAISED.sub(lambda run: f"^{{{''.join(map(_RAISED.get, run[0]))}}}", ascii_signs(form))
        form = _RUN_LOWERED.sub(lambda run: f"_{{{''.join(map(_LOWERED.get, run[0]))}}}", form)
        form = form.translate(_TEX)
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


def _with_braces(form: str) -> str:
    r"""Give fractions, binomials and roots their arguments in braces: ``\frac1{72}``, ``\sqrt2``, ``\sqrt(x+1)``."""
    for command, count in (("\\sqrt", 1), ("\\frac", 2), ("\\binom", 2)):
        place = form.rfind(command)
        while place >= 0:
            head, rest = form[: place + len(command)], form[place + len(command) :]
            if not rest[:1].isalpha():
                if index := re.match(r"\s*(\[[^\[\]]*\])", rest if count == 1 else ""):
                    head, rest = head + index[1], rest[index.end() :]
                for _ in range(count):
                    argument, rest = _argument(rest.lstrip(), of_root=count == 1)
                    head += argument
                form = head + rest
            place = form.rfind(command, 0, place)
    return form


def _argument(text: str, of_root: bool) -> tuple[str, str]:
    """The first argument in `text`, in braces, and the rest; of a root also a whole number, or what is bracketed."""
    if text.startswith("{") or (of_root and text.startswith("(")):
        end = _closing(text)
        return f"{{{text[1 : end - 1]}}}", text[end:]
    number = "[0-9]+" if of_root else "[0-9]"
    match = re.match(rf"\\[a-zA-Z]+(?:\s*{GROUP})*|{number}|[a-zA-Z]", text)
    return (f"{{{match[0]}}}", text[match.end() :]) if match else ("", text)


def _closing(text: str) -> int:
    """Position after the bracket that closes the one which `text` begins with; the end if there is none."""
    depth = 0
    closed = {"{": "}", "(": ")"}[text[0]]
    for token in re.finditer(r"\\.|[(){}]", text):
        depth += (token[0] == text[0]) - (token[0] == closed)
        if depth == 0:
            return token.end()
    return len(text)


def _fraction_of_repeating(decimal: re.Match) -> str:
    """0.1(6) as a fraction: (16 - 1) / 90."""
    whole, fixed = decimal[1] or "0", decimal[2]
    period = next(group for group in decimal.groups()[2:] if group)
    above = int(whole + fixed + period) - int(whole + fixed)
    return f"\\frac{{{above}}}{{{int('9' * len(period) + '0' * len(fixed))}}}"


def _unwrapped(form: str) -> str:
    """Without braces that enclose everything, or a number or letter that needs none."""
    form = re.sub(r"(?:(?<=^)|(?<=[-+=<>,;(\[\s]))\{([-+]?[0-9a-zA-Z.]*)\}", r"\1", form).strip()
    while form.startswith("{") and form.endswith("}") and _closing(form) == len(form):
        form = form[1:-1].strip()
    return form
