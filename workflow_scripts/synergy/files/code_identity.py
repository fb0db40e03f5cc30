"""What code a result was made by: one hash of the syntax trees that decide it.

Taken together are the definitions (functions, classes, constants, imports) that an entry point, a script or a function,
reaches by name, through all modules of the library, and what these modules do when they are imported. Left out is what
decides no number: comments, docstrings, layout, where a definition stands, printed words, the words of exceptions, and
the modules that are about words or check what was read (`WORDS`). So a moved module or a mended comment leaves the hash
as it is, and a changed function changes that of everything which uses it, and of nothing else.

What is ignored: names that are only put together while the program runs, and the versions of other libraries, which
`provenance` records.
"""

import ast
import hashlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

LIBRARY = Path(__file__).resolve().parent.parent
WORDS = ("files/console.py", "files/errors.py", "files/schemas.py", "prefetch/hub.py")
FILE_NAME = re.compile(r"[\w-]+\.(py|html|css|json)")
DIGITS = 16


def script_code(path: str | Path) -> str:
    """Identity of all code that a script runs: 16 hexadecimal digits.

    Raises
    ------
    OSError, SyntaxError
        If the script or a module cannot be read.
    """
    module = _module(Path(path).resolve())
    return _digest_of_reached([(module, name) for name in module.definitions], [module])


def library_code(module: str, *names: str) -> str:
    """Identity of the code that functions or classes of a module run: ``library_code("ablation.sweep", "sweep")``."""
    own = _module(LIBRARY.joinpath(*module.split(".")).with_suffix(".py"))
    if unknown := [name for name in names if name not in own.definitions]:
        raise KeyError(f"{module} defines no {', '.join(unknown)}")
    return _digest_of_reached([(own, name) for name in names], [own])


class _Module:
    """The top level of one source file, taken apart.

    Attributes
    ----------
    definitions : dict of str to list of syntax trees
        Statements that bind each name.
    borrowed : dict of str to (Path, str or None)
        Names that come from another module of the library: its file, and the name there; None for the module itself.
    effects : list of syntax trees
        Statements that bind nothing and run when the module is imported.
    """

    def __init__(self, path: Path):
        self.path = path
        self.definitions: dict[str, list[ast.stmt]] = {}
        self.borrowed: dict[str, tuple[Path, str | None]] = {}
        self.effects: list[ast.stmt] = []
        for statement in ast.parse(path.read_text(encoding="utf-8")).body:
            origins = dict(_borrowed(statement))
            self.borrowed |= origins
            bound = [name for name in _bound(statement) if name not in origins]
            for name in bound:
                self.definitions.setdefault(name, []).append(_plain(statement))
            if not bound and not origins and not _is_docstring(statement):
                self.effects.append(_plain(statement))


@cache
def _module(path: Path) -> _Module:
    return _Module(path)


def _digest_of_reached(starts: list[tuple[_Module, str]], modules: list[_Module]) -> str:
    """Hash of everything that is reached; each definition counts with what its names stand for."""
    waiting, found, parts = list(starts), set(), set()
    entered = {}

    def enter(module: _Module) -> None:
        if module.path not in entered and not _is_about_words(module.path):
            entered[module.path] = module
            for effect in module.effects:
                parts.add(_entry("", [effect], module, waiting))

    for module in modules:
        enter(module)
    while waiting:
        module, name = waiting.pop()
        if (module.path, name) in found or _is_about_words(module.path):
            continue
        found.add((module.path, name))
        enter(module)
        if name in module.definitions:
            parts.add(_entry(name, module.definitions[name], module, waiting))
    return hashlib.sha256("\n".join(sorted(parts)).encode()).hexdigest()[:DIGITS]


def _entry(name: str, statements: list[ast.stmt], module: _Module, waiting: list) -> str:
    """One line for a definition: its own hash and, by name, those of what it uses, which is put into `waiting`."""
    used = []
    for reference in sorted({found for statement in statements for found in _names(statement)}):
        target = _resolved(module, reference)
        if target:
            waiting.append(target)
            used.append((reference, _own_hash(*target)))
    for statement in statements:
        for path, foreign in _inner_borrowed(statement):
            if foreign is None:
                waiting += [(_module(path), own) for own in _module(path).definitions]
            else:
                target = _resolved(_module(path), foreign)
                waiting.append(target)
                used.append((foreign, _own_hash(*target)))
        for path in _named_files(statement, module.path):
            used.append((path.name, hashlib.sha256(path.read_bytes()).hexdigest()))
            if path.suffix == ".py":
                used[-1] = (path.name, script_code(path))
    return repr((name, [ast.dump(statement) for statement in statements], sorted(used)))


def _own_hash(module: _Module, name: str) -> str:
    if _is_about_words(module.path):
        return "words"
    content = [ast.dump(statement) for statement in module.definitions.get(name, [])]
    return hashlib.sha256(repr(content).encode()).hexdigest()


def _resolved(module: _Module, name: str) -> tuple[_Module, str] | None:
    """Module and name that a name used in `module` stands for in the library; None for what is not of the library."""
    if name in module.definitions:
        return module, name
    if name not in module.borrowed:
        return None
    path, foreign = module.borrowed[name]
    other = _module(path)
    if foreign is None:  # the module itself, of which anything may be used
        whole = _Whole(other)
        return whole, name
    return _resolved(other, foreign) or (other, foreign)


class _Whole(_Module):
    """A module that is used as a whole: one definition, which uses all of its own."""

    def __init__(self, module: _Module):
        self.path = module.path
        self.borrowed, self.effects = module.borrowed, module.effects
        everything = [statement for statements in module.definitions.values() for statement in statements]
        self.definitions = module.definitions | {module.path.stem: everything}


def _names(tree: ast.AST) -> Iterator[str]:
    return (node.id for node in ast.walk(tree) if isinstance(node, ast.Name))


def _bound(statement: ast.stmt) -> Iterator[str]:
    """Names that a statement of the top level binds, imports of other libraries included."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
    elif isinstance(statement, ast.Import | ast.ImportFrom):
        yield from ((alias.asname or alias.name).split(".")[0] for alias in statement.names)
    elif isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        yield from (name for target in targets for name in _names(target))


def _borrowed(statement: ast.stmt) -> Iterator[tuple[str, tuple[Path, str | None]]]:
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


def _inner_borrowed(statement: ast.stmt) -> Iterator[tuple[Path, str | None]]:
    """Origins of what is imported from the library inside a definition."""
    for node in ast.walk(statement):
        yield from (origin for _, origin in getattr(node, "origins", ()))


def _named_files(statement: ast.stmt, path: Path) -> Iterator[Path]:
    """Files beside the module that a constant names: a programme that is started, a template that is filled in."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and FILE_NAME.fullmatch(node.value):
            named = path.with_name(node.value)
            if named != path and named.is_file():
                yield named


def _is_about_words(path: Path) -> bool:
    return path.is_relative_to(LIBRARY) and path.relative_to(LIBRARY).as_posix() in WORDS


def _is_docstring(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def _plain(statement: ast.stmt) -> ast.stmt:
    return _WithoutWords().visit(statement)


class _WithoutWords(ast.NodeTransformer):
    """Takes out docstrings, prints and the words of exceptions, and from imports of the library where it stands."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        """Texts that stand alone, and calls of print."""
        call = node.value
        if _is_docstring(node) or (isinstance(call, ast.Call) and getattr(call.func, "id", "") == "print"):
            return ast.Pass()
        return self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        """What is raised, without the words."""
        exception = node.exc
        if isinstance(exception, ast.Call) and isinstance(exception.func, ast.Name):
            return ast.Raise(exc=exception.func, cause=None)
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        """Imports inside a definition: what they bind stays, and where it comes from is remembered."""
        origins = tuple(_borrowed(node))
        if not origins:
            return node
        plain = ast.ImportFrom(module=LIBRARY.name, names=node.names, level=0)
        plain.origins = origins
        return plain
