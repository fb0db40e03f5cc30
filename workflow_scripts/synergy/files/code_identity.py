"""What code a result was made by: one hash of the syntax trees that decide it.

Taken together are the definitions (functions, classes, constants, imports) that an entry point, a script or a function,
reaches by name, through all modules of the library, and what these modules do when they are imported. Left out is what
decides no number: comments, docstrings, layout, where a definition stands, printed words, the words of exceptions, and
the modules that are about words or check what was read (`WORDS`). So a moved module or a mended comment leaves the hash
as it is, and a changed function changes that of everything which uses it, and of nothing else.

What is ignored: names that are only put together while the program runs, and the versions of Python and of other
libraries, which `provenance` records. Another version of Python may write syntax trees otherwise, and so change hashes.
"""

import ast
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

LIBRARY = Path(__file__).resolve().parent.parent
WORDS = ("files/console.py", "files/errors.py", "files/schemas.py", "prefetch/hub.py")
FILE_NAME = re.compile(r"[\w-]+\.(py|html|css|json)")
DIGITS = 16
Place = tuple[Path, str | None]  # a name of a module; None: the module as a whole


def script_code(path: str | Path) -> str:
    """Identity of all code that a script runs: 16 hexadecimal digits.

    Raises
    ------
    OSError, SyntaxError
        If the script or a module cannot be read.
    """
    return _identity([(Path(path).resolve(), None)])


def library_code(module: str, *names: str) -> str:
    """Identity of the code that functions or classes of a module run: ``library_code("ablation.sweep", "sweep")``."""
    path = LIBRARY.joinpath(*module.split(".")).with_suffix(".py")
    if unknown := [name for name in names if name not in _module(path).definitions]:
        raise KeyError(f"{module} defines no {', '.join(unknown)}")
    return _identity([(path, name) for name in names])


@dataclass(frozen=True)
class _Code:
    """A statement of the top level, or several that bind one name: what it says and what it refers to.

    Attributes
    ----------
    content : str
        Hash of the syntax tree.
    names : frozenset of str
        Names that stand in it.
    borrowed : tuple of Place
        What it imports from the library by itself.
    files : tuple of Path
        Files beside the module that it names: a program that is started, a template that is filled in.
    """

    content: str
    names: frozenset[str]
    borrowed: tuple[Place, ...]
    files: tuple[Path, ...]


class _Module:
    """The top level of one source file, taken apart.

    Attributes
    ----------
    definitions : dict of str to _Code
        What binds each name.
    borrowed : dict of str to Place
        Names that come from another module of the library.
    effects : _Code
        What binds nothing and is done when the module is imported.
    """

    def __init__(self, path: Path):
        self.borrowed: dict[str, Place] = {}
        binding: dict[str, list[ast.stmt]] = {}
        effects: list[ast.stmt] = []
        for statement in _one_import_each(ast.parse(path.read_text(encoding="utf-8")).body):
            origins = dict(_borrowed(statement))
            self.borrowed |= origins
            bound = [name for name in _bound(statement) if name not in origins]
            for name in bound:
                binding.setdefault(name, []).append(statement)
            if not bound and not origins:
                effects.append(statement)
        self.definitions = {name: _code(statements, path) for name, statements in binding.items()}
        self.effects = _code(effects, path)


@cache
def _module(path: Path) -> _Module:
    return _Module(path)


def _identity(starts: list[Place]) -> str:
    """Hash of everything that is reached from some places; each piece counts with what its names stand for."""
    waiting, seen, parts = list(starts), set(), set()
    while waiting:
        place = waiting.pop()
        path, name = place
        if place in seen or _is_about_words(path):
            continue
        seen.add(place)
        module = _module(path)
        if name is None:
            waiting += [(path, own) for own in module.definitions]
        if name in module.definitions:
            waiting += _reached(path, name)[1]
            parts.add(_reached(path, name)[0])
        if (path, "") not in seen:
            waiting += _reached(path, "")[1]
            parts.add(_reached(path, "")[0])
        seen.add((path, ""))
    return hashlib.sha256("\n".join(sorted(parts)).encode()).hexdigest()[:DIGITS]


@cache
def _reached(path: Path, name: str) -> tuple[str, list[Place]]:
    """What a definition of a module says, or with no name its effects, and the places that this leads to."""
    code = _module(path).definitions[name] if name else _module(path).effects
    used = [(reference, _resolved(path, reference)) for reference in sorted(code.names)]
    used += [(foreign or "", (origin, foreign)) for origin, foreign in code.borrowed]
    used = [(reference, target) for reference, target in used if target]
    meant = [(reference, _content(target)) for reference, target in used]
    meant += [(file.name, _content_of_file(file)) for file in code.files]
    return repr((name, code.content, meant)), [target for _, target in used]


@cache
def _resolved(path: Path, name: str) -> Place | None:
    """Where a name that is used in a module comes from in the library; None for what is not of the library."""
    module = _module(path)
    if name in module.definitions:
        return path, name
    if name not in module.borrowed:
        return None
    origin, foreign = module.borrowed[name]
    return (foreign and _resolved(origin, foreign)) or (origin, foreign)


def _content(place: Place) -> str:
    path, name = place
    if _is_about_words(path) or name not in _module(path).definitions:
        return ""
    return _module(path).definitions[name].content


def _content_of_file(path: Path) -> str:
    return script_code(path) if path.suffix == ".py" else hashlib.sha256(path.read_bytes()).hexdigest()


def _code(statements: list[ast.stmt], path: Path) -> _Code:
    reader = _Reader(path)
    content = hashlib.sha256(reader.text(statements).encode()).hexdigest()
    return _Code(content, frozenset(reader.names), tuple(reader.borrowed), tuple(sorted(reader.files)))


class _Reader:
    """Writes syntax trees as text without their words, and notes on the way which names and files stand in them.

    One walk does it all, since a plan of the workflow waits for that of every module. Left out are texts that stand
    alone, calls of print, the words of exceptions, and from which module of the library an import takes its names.
    """

    def __init__(self, path: Path):
        self.path = path
        self.names: set[str] = set()
        self.borrowed: list[Place] = []
        self.files: set[Path] = set()

    def text(self, node: object) -> str:
        """A node, a list of nodes or a value of a node, as text."""
        if isinstance(node, list):
            return f"[{','.join(filter(None, map(self.text, node)))}]"
        if not isinstance(node, ast.AST):
            return repr(node)
        kind = type(node)
        if kind is ast.Name:
            self.names.add(node.id)
            return node.id
        if kind is ast.Constant:
            self._note_file(node.value)
        elif kind is ast.Expr and _is_words(node.value):
            return ""
        elif kind is ast.Raise and isinstance(node.exc, ast.Call) and isinstance(node.exc.func, ast.Name):
            return f"Raise({self.text(node.exc.func)})"
        elif kind is ast.ImportFrom and (origins := [origin for _, origin in _borrowed(node)]):
            self.borrowed += origins
            return f"Import({self.text(node.names)})"
        return f"{kind.__name__}({','.join([self.text(getattr(node, field, None)) for field in node._fields])})"

    def _note_file(self, value: object) -> None:
        if isinstance(value, str) and FILE_NAME.fullmatch(value):
            named = self.path.with_name(value)
            if named != self.path and named.is_file():
                self.files.add(named)


def _is_words(value: ast.expr) -> bool:
    """Whether an expression that stands alone is a text or a call of print."""
    if isinstance(value, ast.Constant):
        return isinstance(value.value, str)
    return isinstance(value, ast.Call) and getattr(value.func, "id", "") == "print"


def _one_import_each(statements: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements, with an import of several names as several imports: what else it names is nobody's business."""
    for statement in statements:
        if isinstance(statement, ast.ImportFrom):
            yield from (ast.ImportFrom(statement.module, [alias], statement.level) for alias in statement.names)
        elif isinstance(statement, ast.Import):
            yield from (ast.Import([alias]) for alias in statement.names)
        else:
            yield statement


def _bound(statement: ast.stmt) -> Iterator[str]:
    """Names that a statement of the top level binds, imports of other libraries included."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
    elif isinstance(statement, ast.Import | ast.ImportFrom):
        yield from ((alias.asname or alias.name).split(".")[0] for alias in statement.names)
    elif isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        yield from (node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name))


def _borrowed(statement: ast.stmt) -> Iterator[tuple[str, Place]]:
    """Names that an import takes from the library, with file and name of their origin."""
    if isinstance(statement, ast.ImportFrom) and (statement.module or "").split(".")[0] == LIBRARY.name:
        folder = LIBRARY.joinpath(*statement.module.split(".")[1:])
        for alias in statement.names:
            if folder.with_suffix(".py").is_file():
                origin = folder.with_suffix(".py"), alias.name
            elif (folder / f"{alias.name}.py").is_file():
                origin = folder / f"{alias.name}.py", None
            else:
                origin = folder / "__init__.py", alias.name
            yield alias.asname or alias.name, origin


@cache
def _is_about_words(path: Path) -> bool:
    return path.is_relative_to(LIBRARY) and path.relative_to(LIBRARY).as_posix() in WORDS
