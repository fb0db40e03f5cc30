"""Every key of the config is described and read, and nothing is read that is no key."""

import re

import pytest
import yaml
from places import REPOSITORY, SCRIPTS

SCHEMA = yaml.safe_load((REPOSITORY / "config/schema.yaml").read_text())
RULES_TEXT = "".join(path.read_text() for path in (REPOSITORY / "rules").glob("*.smk"))
LIBRARY_TEXT = RULES_TEXT + "".join(path.read_text() for path in sorted(SCRIPTS.rglob("*.py")))


def keys(schema: dict, above: str = "") -> dict[str, dict]:
    """Every key, ``decomposition/null_model/kind``, with its own schema."""
    found = {}
    for key, value in schema.get("properties", {}).items():
        found[f"{above}{key}"] = value
        found |= keys(value, f"{above}{key}/")
    return found


def test_every_key_is_described_and_read():
    of_models, of_sets = (keys(SCHEMA["$defs"][name], f"{name}/") for name in ("model", "problem_set"))
    assert {"decomposition/null_model/kind", "ablation/orders/random"} <= keys(SCHEMA).keys()
    for place, value in (keys(SCHEMA) | of_models | of_sets).items():
        *above, key = place.split("/")
        assert value["description"], place
        if len(above) == 1 and above[0] in SCHEMA["properties"]:  # read by its full name
            read = f'"{place}"' in RULES_TEXT or f'config["{above[0]}"]["{key}"]' in RULES_TEXT
        else:
            read = not above or re.search(rf'["/]{key}["/]', LIBRARY_TEXT)
        assert read, f"{place} unread"


def test_the_default_config_is_complete():
    config = yaml.safe_load((REPOSITORY / "config/config.yaml").read_text())
    assert set(SCHEMA["properties"]) - {"pathvars"} == set(config)
    for section in config.keys() - {"study", "models", "prompts", "problem_sets"}:
        assert SCHEMA["properties"][section]["properties"].keys() == config[section].keys()


def looked_up() -> set[str]:
    """Every place of the config that rules name as a text."""
    whole = re.findall(r'lookup\(\s*"(\S+?)",\s*within=config', RULES_TEXT)
    pairs = re.findall(r'config\["(\w+)"\](?:\["(\w+)"\])?', RULES_TEXT)
    changed = re.findall(r'changed\("(\w+)"\)', RULES_TEXT)
    return {*whole, *("/".join(filter(None, pair)) for pair in pairs), *(f"decomposition/{name}" for name in changed)}


def test_every_lookup_names_a_key_of_the_schema():
    assert len(looked_up()) > 30
    assert looked_up() <= keys(SCHEMA).keys()
    of_model = set(re.findall(r'of_model\("(\S+?)"\)', RULES_TEXT))
    assert {"layers", "resources/mem"} <= of_model <= keys(SCHEMA["$defs"]["model"]).keys()


@pytest.mark.parametrize("overlay", ["demo", "smoke"])
def test_an_overlay_names_keys_of_the_schema_alone(overlay):
    given = yaml.safe_load((REPOSITORY / f"config/{overlay}.yaml").read_text())
    assert given.keys() <= SCHEMA["properties"].keys()
    for section, own in given.items():
        if "properties" in SCHEMA["properties"][section]:
            assert own.keys() <= SCHEMA["properties"][section]["properties"].keys(), section
