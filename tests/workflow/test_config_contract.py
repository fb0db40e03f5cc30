"""Every key of the config is described and read, and nothing is read that is no key."""

import re

import pytest
import yaml
from places import REPOSITORY, SCRIPTS

SCHEMA = yaml.safe_load((REPOSITORY / "config/schema.yaml").read_text())
RULES_TEXT = "".join(path.read_text() for path in (REPOSITORY / "rules").glob("*.smk"))
LIBRARY_TEXT = RULES_TEXT + "".join(path.read_text() for path in sorted(SCRIPTS.rglob("*.py")))


def test_every_config_key_is_described_and_read():
    schema = yaml.safe_load((REPOSITORY / "config/schema.yaml").read_text())
    config = yaml.safe_load((REPOSITORY / "config/config.yaml").read_text())
    text = "".join(path.read_text() for path in (REPOSITORY / "rules").glob("*.smk"))
    assert set(schema["properties"]) - {"pathvars"} == set(config)
    for section, described in schema["properties"].items():
        assert described["description"]
        if section in ("study", "models", "prompts", "pathvars", "problem_sets"):
            continue
        assert described["properties"].keys() == config[section].keys()
        for key, value in described["properties"].items():
            assert value["description"]
            assert f'"{section}/{key}"' in text or f'config["{section}"]["{key}"]' in text, f"{section}.{key} unread"


def test_every_key_of_a_model_is_described_and_read():
    schema = yaml.safe_load((REPOSITORY / "config/schema.yaml").read_text())
    library = [*(REPOSITORY / "rules").glob("*.smk"), *SCRIPTS.rglob("*.py")]
    text = "".join(path.read_text() for path in library)
    for key, value in schema["$defs"]["model"]["properties"].items():
        assert value["description"]
        assert re.search(rf'"{key}["/]', text), f"{key} unread"


def described(schema: dict, above: str = "") -> dict[str, dict]:
    """Every key below the sections, ``decomposition/null/kind``, with its own schema."""
    found = {}
    for key, value in schema.get("properties", {}).items():
        found[f"{above}{key}"] = value
        found |= described(value, f"{above}{key}/")
    return found


def test_keys_below_the_sections_keys_are_described_and_read():
    deep = {place: value for place, value in described(SCHEMA).items() if place.count("/") > 1}
    sources = {f"problem_set/{key}": value for key, value in SCHEMA["$defs"]["problem_set"]["properties"].items()}
    stanzas = {place: value for place, value in described(SCHEMA["$defs"]["model"], "model/").items()}
    assert {"decomposition/null_model/kind", "ablation/orders/random"} <= deep.keys()
    for place, value in (deep | sources | stanzas).items():
        key = place.rpartition("/")[2]
        assert value["description"], place
        assert re.search(rf'["/]{key}["/]', LIBRARY_TEXT), f"{place} unread"


def looked_up() -> set[str]:
    """Every place of the config that rules name as a text."""
    whole = re.findall(r'lookup\(\s*"(\S+?)",\s*within=config', RULES_TEXT)
    pairs = re.findall(r'config\["(\w+)"\](?:\["(\w+)"\])?', RULES_TEXT)
    changed = re.findall(r'changed\("(\w+)"\)', RULES_TEXT)
    return {*whole, *("/".join(filter(None, pair)) for pair in pairs), *(f"decomposition/{name}" for name in changed)}


def test_every_lookup_names_a_key_of_the_schema():
    assert len(looked_up()) > 30
    assert looked_up() <= described(SCHEMA).keys()
    of_model = set(re.findall(r'of_model\("(\S+?)"\)', RULES_TEXT))
    assert {"layers", "resources/mem"} <= of_model <= described(SCHEMA["$defs"]["model"]).keys()


@pytest.mark.parametrize("overlay", ["demo", "smoke"])
def test_an_overlay_names_keys_of_the_schema_alone(overlay):
    given = yaml.safe_load((REPOSITORY / f"config/{overlay}.yaml").read_text())
    assert given.keys() <= SCHEMA["properties"].keys()
    for section, keys in given.items():
        if "properties" in SCHEMA["properties"][section]:
            assert keys.keys() <= {*SCHEMA["properties"][section]["properties"], None}, section  # None: a bare `null`
