"""The schemas describe what there is, and records that do not follow them are refused by file and key."""

import ast
import json
import re

import pytest
from jsonschema import Draft202012Validator
from places import SCRIPTS

from synergy.files.artifacts import read_json, read_jsonl, write_json, write_jsonl
from synergy.files.errors import InputError
from synergy.files.schemas import SCHEMAS, require_schema

CONTENT = {path.stem: json.loads(path.read_text()) for path in SCHEMAS.glob("*.json")}
READERS = ("read_json", "read_jsonl", "_without_provenance")

METRIC = {"value": 0.5, "null_mean": 0.4, "relative_to_null": 1.25, "null_draws": [0.3, None]}
BARE = {"value": None}
NETWORKS, BARE_NETWORKS = (
    {network: {"global_efficiency": metric, "modularity": metric} for network in ("synergy", "redundancy")}
    for metric in (METRIC, BARE)
)
CONTRAST = {
    "estimate": 0.1,
    "standard_error": None,
    "ci_low": None,
    "ci_high": 0.2,
    "p_value": 0.5,
    "surrogates": [0.1],
}
RANK = {"test": "rank among 19 random orders", "floor": 0.1, "n_seeds": 19}
DIFFERENCE = {"difference": -0.5, "ci_low": -0.6, "ci_high": -0.4, "p_value": 0.01}
PROFILE = dict.fromkeys(("p_value", "extent", "extent_by_chance_95", "spearman_with_last"), 0.5)
PROFILE["spearman_with_published"] = None
# The least that the readers of each artifact take.
LEAST = {
    "model_record": {
        "source": {"hub": "org/model"},
        "weights": {"kind": "trained"},
        "sha256": {"model.safetensors": "ab"},
        "geometry": {"layers": 2, "heads": 4},
        "provenance": {},
    },
    "problems_record": {"exemplars": [{"problem": "1 + 1?", "solution": "2"}]},
    "tokens": {
        "prompts": [{"id": "a", "category": "b", "prompt_ids": [1, 2], "generated_ids": [3]}],
        "provenance": {"model": {"key": "m"}},
    },
    "ranking_summary": {"split_half": {"score": None}},
    "graph_metrics": {
        **{"top_fraction": 0.1, "n_groups": 8},
        "contrasts_synergy_minus_redundancy": {"global_efficiency": CONTRAST, "modularity": CONTRAST},
        "definitions": {"top_fraction": NETWORKS, "dense_weighted": BARE_NETWORKS, "another": BARE_NETWORKS},
    },
    "ablation_statistics": {
        "ratios": {"synergistic/random": {"estimate": 2, "ci_low": None, "ci_high": 3.5, "p_value": 0.1, **RANK}}
    },
    "condition": {
        **{"condition": "random", "sigma": 0.5, "seed": 0, "fingerprint": "0"},
        "provenance": {"parameters": {}},
    },
    "math_statistics": {
        "pooled": [
            {"first": "synergistic", "second": "baseline", "sigma": 1, "measure": "accuracy", "by_seed": [-0.5]}
            | DIFFERENCE
        ],
        "among_random_sets": [
            {"measure": "accuracy", "core": "redundant", "sigma": 1, "n_problems": 2, "value": 0.5, "by_set": [0.5]}
            | DIFFERENCE
            | {"floor": 0.1, "from_other_core": DIFFERENCE}
        ],
    },
    "training_summary": {
        "identical_weights": [["a", "b"]],
        "checkpoints": [
            {"training_step": 1, "score": PROFILE, "excess_score": PROFILE}
            | {"extent_nats": dict.fromkeys(("synergy", "null_synergy", "excess_synergy", "redundancy"), 0.5)}
        ],
    },
    "run_record": {
        "config": {"models": {}},
        "models": [{}],
        "problems": {},
        "cost": [{"rule": "rank_heads", "jobs": 1, "seconds": 1.5, "longest_job_s": 1.5, "peak_memory_mib": 0.0}],
        "code": {"rank_heads": "0123456789abcdef"},
        "provenance": {"code_version": "1", "python": "3", "packages": {"numpy": "2"}},
    },
    "graded_answer": {
        **dict.fromkeys(("id", "type", "level", "generated"), "x"),
        **dict.fromkeys(("correct", "correct_strict", "truncated"), True),
        **{"extracted": None, "grading": "graded", "extraction": "boxed", "solution_nll": 0.5},
    },
}


# What may hold anything, and what may be absent.
OPEN = ("source.hub", "provenance.model.key")
MAPPED = (
    "sha256.model.safetensors",
    "definitions.another",
    "ratios.synergistic/random",
    "provenance.packages.numpy",
    "code.rank_heads",
)


def places(record, path=()):
    """Paths of all parts of a record."""
    for key, inner in record.items() if isinstance(record, dict) else enumerate(record):
        yield (*path, key)
        if isinstance(inner, dict | list):
            yield from places(inner, (*path, key))


def changed(record, path, *value):
    """A copy with another value at a place, or without the key."""
    record = inner = json.loads(json.dumps(record))
    for key in path[:-1]:
        inner = inner[key]
    if value:
        inner[path[-1]] = value[0]
    else:
        del inner[path[-1]]
    return record


@pytest.mark.parametrize("name", LEAST)
def test_what_readers_need_is_enough_and_none_of_it_may_lack_or_be_of_another_kind(name):
    least, path = LEAST[name], f"{name}.json"
    require_schema(least, name, path)
    for place in places(least):
        named = re.sub(r"\.(\d+)", r"[\1]", ".".join(map(str, place)))
        for wrong in (float("nan"), float("inf"), 10**400, [[[]]]):
            if named in OPEN:
                continue
            with pytest.raises(InputError) as error:
                require_schema(changed(least, place, wrong), name, path)
            assert f" for {named}" in error.value.expected
            assert error.value.expected.endswith(f" of {path}")
        if isinstance(place[-1], str) and named not in OPEN + MAPPED:
            with pytest.raises(InputError, match=rf"a key {place[-1]} in .* of {path}"):
                require_schema(changed(least, place), name, path)


@pytest.mark.parametrize(
    ("name", "place", "value", "message"),
    [
        ("condition", ("sigma",), True, "a number for sigma of x.json; found True"),
        ("condition", ("seed",), 1.0, "a whole number for seed"),
        ("graded_answer", ("correct",), 1, "true or false for correct"),
        ("graded_answer", ("grading",), "perhaps", "one of graded, no_answer, grader_timeout, ungradable for grading"),
        ("tokens", ("prompts", 0, "prompt_ids", 1), "2", r"a whole number for prompts\[0\]\.prompt_ids\[1\]"),
        ("ranking_summary", ("split_half", "score"), "", "a number or null for split_half.score"),
        ("graph_metrics", ("definitions", "top_fraction", "synergy", "modularity", "null_draws"), None, "a list for"),
    ],
)
def test_refusals_say_what_was_expected_where(name, place, value, message):
    with pytest.raises(InputError, match=message):
        require_schema(changed(LEAST[name], place, value), name, "x.json")


def test_readers_name_the_file_and_the_line(tmp_path):
    for name, least in LEAST.items():
        write_json(tmp_path / "a.json", least)
        assert read_json(tmp_path / "a.json", name) == least
    path, answer = tmp_path / "a.jsonl", LEAST["graded_answer"]
    write_jsonl(path, [answer, answer, {**answer, "truncated": None}])
    with pytest.raises(
        InputError, match=r"(?s)true or false for truncated of .*a\.jsonl:3; found None.*mv .*a\.jsonl\.before and"
    ):
        read_jsonl(path, "graded_answer")
    write_jsonl(path, [{"id": "a"}])
    with pytest.raises(InputError, match=r"keys type, level, .* in the whole of .*a\.jsonl:1"):
        read_jsonl(path, "graded_answer")


def test_only_the_headline_networks_need_a_null():
    none = {"value": 0.5, "null_mean": None, "null_sd": None, "relative_to_null": None, "z": None, "null_draws": None}
    place = ("definitions", "dense_weighted", "synergy", "modularity")
    require_schema(changed(LEAST["graph_metrics"], place, none), "graph_metrics", "x.json")


def nodes(schema):
    """All parts of a schema."""
    yield schema
    for value in schema.values():
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, dict):
                yield from nodes(inner)


@pytest.mark.parametrize("name", CONTENT)
def test_every_key_of_a_schema_is_described(name):
    schema = CONTENT[name]
    Draft202012Validator.check_schema(schema)
    assert schema["title"]
    targets = {f"{other}.json": content for other, content in CONTENT.items()}
    targets |= {f"#/$defs/{part}": content for part, content in schema.get("$defs", {}).items()}
    described, keys = set(), set()
    for node in nodes(schema):
        for key, own in node.get("properties", {}).items():
            keys.add(key)
            if own.get("description", targets.get(own.get("$ref"), {}).get("description", "")).endswith("."):
                described.add(key)
    assert described == keys


def test_every_schema_is_used_by_a_reader():
    asked = set()
    for path in SCRIPTS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in READERS:
                values = [*node.args, *(keyword.value for keyword in node.keywords)]
                asked |= {value.value for value in values if isinstance(value, ast.Constant)}
    parts = {
        node["$ref"].removesuffix(".json") for schema in CONTENT.values() for node in nodes(schema) if "$ref" in node
    }
    assert CONTENT.keys() <= asked | parts
    assert asked <= LEAST.keys() <= CONTENT.keys()
