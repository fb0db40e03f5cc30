"""JSON Schemas of the artifacts (``schemas/<artifact>.json`` beside this module), and holding a record against one.

A schema describes every key; its ``required`` keys are those that readers rely on. ``provenance`` and ``noise`` are
parts that others share.
"""

import json
from functools import cache
from pathlib import Path
from sys import float_info

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from synergy.files.errors import InputError, set_aside

SCHEMAS = Path(__file__).with_name("schemas")
IN_WORDS = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "an object",
    "string": "text",
}


def require_schema(record: object, name: str, path: str | Path, line: int | None = None) -> None:
    """Refuse a record that is not what its schema says.

    Numbers must be finite and fit a float, and ``1.0`` is no whole number.

    Parameters
    ----------
    record : object
        What was read.
    name : str
        The schema: ``graph_metrics``.
    path : str or Path
        Where it was read, for the message.
    line : int, optional
        Which line of the file it is.

    Raises
    ------
    InputError
        Naming file and key.
    """
    error = next(_validator(name).iter_errors(record), None)
    if error:
        place = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in error.absolute_path).lstrip(".")
        expected, found = _in_words(error, place or "the whole")
        file = path if line is None else f"{path}:{line}"
        raise InputError(f"{expected} of {file}", found, set_aside(path))


def _in_words(error: ValidationError, place: str) -> tuple[str, str]:
    """What was expected at a place, and what was found there."""
    rule, value = error.validator, error.validator_value
    if rule == "required":
        missing = [key for key in value if key not in error.instance]
        words = f"keys {', '.join(missing)}" if len(missing) > 1 else f"a key {missing[0]}"
        return f"{words} in {place}", f"keys {', '.join(error.instance)}"[:120]
    if rule == "type":
        kinds = " or ".join(IN_WORDS[kind] for kind in ([value] if isinstance(value, str) else value))
    elif rule == "enum":
        kinds = f"one of {', '.join(map(str, value))}"
    else:
        kinds = f"{rule} {value}"
    return f"{kinds} for {place}", repr(error.instance)[:60]


@cache
def _validator(name: str) -> Validator:
    content = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in SCHEMAS.glob("*.json")}
    for schema in content.values():
        del schema["$schema"]  # it would bring the usual validator back, to which NaN is a number
    registry = Registry().with_resources(
        (file, DRAFT202012.create_resource(schema)) for file, schema in content.items()
    )
    return _Validator(content[f"{name}.json"], registry=registry)


def _is_number(checker: object, value: object) -> bool:
    """Finite and not too large for a float; a boolean is none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= float_info.max


def _is_whole(checker: object, value: object) -> bool:
    return isinstance(value, int) and _is_number(checker, value)


_Validator = extend(
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine_many({"number": _is_number, "integer": _is_whole}),
)
