"""The reference of the configuration, from its schema and the default configuration."""

from collections.abc import Iterator
from pathlib import Path

import yaml

CONFIG = Path(__file__).parent.parent / "config"
HEAD = "| key | type | default | meaning |\n|---|---|---|---|"
DEFINITIONS = {"model": "A model", "problem_set": "A set of problems"}  # headings of what the schema defines once
LONG = ("models", "problem_sets")  # whose defaults are too long for a table
TYPES = {"string": "text", "integer": "whole number", "number": "number", "object": "mapping"}


def config_reference() -> str:
    """A table of the keys without sections, then one for each section and definition."""
    schema = yaml.safe_load((CONFIG / "schema.yaml").read_text())
    defaults = yaml.safe_load((CONFIG / "config.yaml").read_text())
    sections = {key: node for key, node in schema["properties"].items() if "properties" in node}
    single = {"properties": {key: node for key, node in schema["properties"].items() if key not in sections}}
    parts = [f"### Top level\n\n{table(single, defaults)}"]
    for name, node in sections.items():
        parts.append(f"### {name}\n\n{node['description']}\n\n{table(node, defaults[name])}")
    for name, heading in DEFINITIONS.items():
        node = schema["$defs"][name]
        parts.append(f"### {heading}\n\n{node['description']}{alternatives(node)}\n\n{table(node, {})}")
    return "\n\n".join(parts)


def table(node: dict, defaults: dict) -> str:
    """A row for each key of a mapping and of the mappings in it."""
    return "\n".join([HEAD, *rows(node, defaults, "")])


def rows(node: dict, defaults: dict, prefix: str) -> Iterator[str]:
    """The rows of a mapping's keys, `prefix` before each."""
    for key, child in node["properties"].items():
        inner = child if "properties" in child else child.get("items", {})
        has_keys = "properties" in inner
        default = "" if has_keys and child is inner else default_of(key, child, node, defaults)
        yield f"| `{prefix}{key}` | {type_of(child)} | {default} | {child['description']}{alternatives(child)} |"
        if has_keys:
            within = f"{prefix}{key}{'' if child is inner else '[]'}."
            yield from rows(inner, defaults.get(key, {}) if child is inner else {}, within)


def default_of(key: str, child: dict, parent: dict, defaults: dict) -> str:
    """The default of a key: of the default configuration, of the schema, or what stands for its absence."""
    if key in LONG:
        return "those of [config.yaml](../config/config.yaml)"
    if key in defaults or "default" in child:
        value = defaults.get(key, child.get("default"))
        return f"`{yaml.safe_dump(value, default_flow_style=True, width=1000).removesuffix('...' + chr(10)).strip()}`"
    return "required" if key in parent.get("required", []) else "none"


def type_of(node: dict) -> str:
    """The values that a key may have, in words."""
    if "$ref" in node:
        heading = DEFINITIONS[node["$ref"].rpartition("/")[2]]
        return f"[{heading.lower()}](#{heading.lower().replace(' ', '-')})"
    if "enum" in node:
        return ", ".join(f"`{value}`" for value in node["enum"])
    if "const" in node:
        return f"`{node['const']}`"
    if "anyOf" in node:
        return " or ".join(type_of(choice) for choice in node["anyOf"])
    if isinstance(node["type"], list):
        return " or ".join(type_of(node | {"type": kind}) for kind in node["type"])
    if node["type"] == "array":
        return f"list of {plural(node['items'])}"
    others = node.get("additionalProperties")
    if node["type"] == "object" and isinstance(others, dict):
        return f"mapping of names to {type_of(others)}"
    return f"{TYPES[node['type']]}{bounds(node)}"


def plural(node: dict) -> str:
    """The type of the items of a list."""
    if "enum" in node:
        return type_of(node)
    return {"string": "texts", "object": "mappings"}.get(node["type"]) or f"{TYPES[node['type']]}s{bounds(node)}"


def bounds(node: dict) -> str:
    """Limits of a number, as in ` ≥ 1`."""
    if node["type"] == "string":
        return ""
    signs = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    return ",".join(f" {sign} {node[limit]}" for limit, sign in signs.items() if limit in node)


def alternatives(node: dict) -> str:
    """Which keys a mapping must have, where it may be of several kinds."""
    choices = [", ".join(f"`{key}`" for key in choice["required"]) for choice in node.get("oneOf", [])]
    return f" Required: {'; or '.join(choices)}." if choices else ""
