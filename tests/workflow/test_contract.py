"""What every rule, script, artifact and config key must have."""

import ast
import re
from pathlib import Path

import pytest
import yaml
from declarations import local_rules, names, outputs, register, rules, script_of, targets, workflow
from places import REPOSITORY
from snakemake.iocontainers import Wildcards
from test_imports import LIBRARY, SCRIPTS, imports, ours

RULES = rules()
SOME = {
    "model": "tiny-gemma3",
    "variant": "ccs",
    "scatteritem": "1-of-2",
}  # wildcards of a job
CONTRACT = {  # rules and artifacts of the public contract
    "prefetch_model": ["<model_files>", "<prefetch_record>"],
    "prefetch_math": ["<problems>", "<problems_record>"],
    "record_activations": ["<activations>", "<logits>", "<tokens>"],
    "decompose_pairs": ["<pair_shard>"],
    "merge_pairs": ["<pairwise>"],
    "rank_heads": ["<ranking>"],
    "measure_graphs": ["<graph_metrics>"],
    "merge_ablation": ["<order_kl>", "<ablation>"],
    "merge_math": ["<math_records>", "<math_perturbation>", "<math_statistics>", "<math_groups>"],
    "plot_profile": ["<figure>_phiid_profile.png"],
    "plot_heatmaps": ["<figure>_synergy_redundancy.png"],
    "plot_head_ranking": ["<figure>_head_ranking_heatmap.png"],
    "plot_graph_cores": ["<figure>_graph_cores.png"],
    "plot_examples": ["<figure>_examples.png"],
    "plot_ablation": ["<figure>_ablation_curves.png"],
    "plot_math": ["<figure>_math_perturbation.png"],
    "plot_null": ["<figure>_null_profile.png"],
    "plot_head_map": ["<figure>_head_map.html"],
    "summarise": ["<summary>", "<run_record>"],
    "compare_models": [
        "<results>/figures/multi_model_profiles.png",
        "<results>/figures/multi_model_ablation.png",
        "<results>/figures/multi_model_graph_metrics.png",
    ],
    "decide_claims": ["<claims>"],
    "merge_claims": ["<all_claims>"],
    "vary_series": ["<robustness>/{variant}_activations.npz"],
    "merge_variant": ["<robustness>/{variant}_pairwise_phiid.npz"],
    "rank_variant": ["<robustness>/{variant}_head_rankings.csv"],
    "measure_variant": ["<robustness>/{variant}_graph_metrics.json"],
    "compare_variants": ["<robustness>_agreement.csv", "<robustness>_claims.csv"],
    "plot_robustness": ["<figure>_robustness.png"],
    "trace_training": ["<trajectory>_training.csv", "<trajectory>_training.json"],
    "plot_trajectory": ["<figure>_training_trajectory.png"],
}
PREFIXES = {"figure", "robustness", "trajectory"}  # of several files each
PATHS = {
    "model_files": "<resources>/models/{model}",
    "prefetch_record": "<results>/prefetch/{model}.json",
    "problems_record": "<results>/prefetch/math.json",
    "activations": "<results>/activations/{model}_activations.npz",
    "logits": "<results>/activations/{model}_logits.npz",
    "tokens": "<results>/activations/{model}_tokens.json",
    "pair_shard": "<results>/phiid_scores/shards/{model}/{scatteritem}.npz",
    "pairwise": "<results>/phiid_scores/{model}_pairwise_phiid.npz",
    "ranking": "<results>/phiid_scores/{model}_head_rankings.csv",
    "graph_metrics": "<results>/phiid_scores/{model}_graph_metrics.json",
    "order_kl": "<results>/ablation/orders/{model}/{order}.npz",
    "ablation": "<results>/ablation/{model}_ablation.csv",
    "math_records": "<results>/ablation/math/{model}/{condition}.jsonl",
    "math_perturbation": "<results>/ablation/{model}_math_perturbation.csv",
    "math_statistics": "<results>/ablation/{model}_math_perturbation.json",
    "figure": "<results>/figures/{model}",
    "robustness": "<results>/robustness/{model}",
    "trajectory": "<results>/trajectory/{model}",
    "claims": "<results>/claims/{model}_claims.csv",
    "all_claims": "<results>/claims/claims.csv",
}


def script(rule):
    """Syntax tree and text of a rule's script."""
    text = (SCRIPTS / f"{script_of(rule)}.py").read_text()
    return ast.parse(text), text


for_each_rule = pytest.mark.parametrize("rule", RULES.values(), ids=RULES)


@for_each_rule
def test_rule_is_complete_and_everything_of_it_bears_its_name(rule):
    assert re.fullmatch(r"[A-Z].+\.", rule.docstring), "a docstring of one sentence"
    assert re.fullmatch(r"[A-Z].+\.", rule.message), "a message of one sentence"
    filled = set(re.findall(r"\{(.*?)\}", rule.message))
    assert filled - {f"output.{name}" for name in names(rule.output)} == {
        f"wildcards.{name}" for name in rule.wildcard_names
    }
    assert re.match(rf"logs/{rule.name}[./]", rule.log[0])
    assert re.match(rf"benchmarks/{rule.name}[./]", rule.benchmark)
    assert rule.conda_env in ("../envs/models.yaml", "../envs/analysis.yaml")
    captions = [output.flags["report"].caption for output in rule.output if "report" in output.flags]
    for caption in captions:
        assert Path(caption.get_path_or_uri(secret_free=True)).relative_to(REPOSITORY) == Path(
            f"rules/captions/{rule.name}.rst"
        )
        assert Path(caption.get_path_or_uri(secret_free=True)).read_text().strip()


@for_each_rule
def test_script_reads_exactly_what_its_rule_declares(rule):
    _, text = script(rule)
    # `after` must be there first without being read, `code` and `gathered` only say when a result is of another time,
    # and save_figure writes the vector graphic beside the PNG.
    declared = {
        "input": names(rule.input) - {"after"},
        "output": {name for name in names(rule.output) if not name.endswith("vector")},
        "params": names(rule.params) - {"code", "gathered"},
    }
    for part, expected in declared.items():
        assert set(re.findall(rf'snakemake\.{part}(?:\.|\.get\(")(?!get\b)(\w+)', text)) == expected, part
    parts = {"input", "output", "params", "wildcards", "threads", "log"}
    assert set(re.findall(r"\bsnakemake\.(\w+)", text)) <= parts
    assert set(re.findall(r"snakemake\.wildcards\.(\w+)", text)) <= rule.wildcard_names
    assert ("snakemake.threads" in text) == (rule.resources["_cores"].value > 1)
    assert "logged_to(snakemake.log[0])" in text
    assert callable(rule.params.code), "nothing would rerun when its code changes"


@for_each_rule
def test_settings_are_arguments_of_the_scripts_function(rule):
    settings = rule.params.get("settings")
    if settings is None:
        return
    (function,) = [node for node in script(rule)[0].body if getattr(node, "name", "") == script_of(rule)]
    assert settings(Wildcards(fromdict=SOME)).keys() <= {argument.arg for argument in function.args.args}


@for_each_rule
def test_every_figure_is_a_vector_graphic_too(rule):
    made = {name: path for name, path in rule.output.items() if isinstance(path, str)}
    images = {name: path for name, path in made.items() if path.endswith(".png")}
    vectors = {"vector" if name == "figure" else f"{name}_vector": path for name, path in images.items()}
    assert {name: path.replace(".png", ".pdf") for name, path in vectors.items()}.items() <= made.items()
    assert all("report" in path.flags for path in images.values())


def test_every_script_has_its_rule_and_bears_its_name():
    assert {path.stem for path in SCRIPTS.glob("*.py")} == {script_of(rule) for rule in RULES.values()}
    assert {script_of(rule) for rule in RULES.values()} <= RULES.keys()


def test_target_rules_only_ask_for_files():
    assert set(targets()) == {"claims_of_activations", "robustness", "training_trajectory"}
    for rule in targets().values():
        assert re.fullmatch(r"[A-Z].+\.", rule.docstring)
        assert rule.norun


def test_rules_that_run_a_model_ask_for_what_its_stanza_says_and_rules_that_fetch_run_on_the_login_node():
    assert local_rules() >= {"prefetch_model", "prefetch_math", "summarise", "merge_ablation", "merge_claims"}
    for rule in RULES.values():
        fetches, has_torch = rule.name.startswith("prefetch"), "models.yaml" in rule.conda_env
        assert ("gpu" in rule.resources) == (has_torch and not fetches)
        assert not (rule.name in local_rules() and "gpu" in rule.resources)
        if "gpu" in rule.resources:
            assert "load_model(" in script(rule)[1], f"{rule.name} may ask the network"


def test_variants_are_the_same_in_schema_rules_and_library():
    schema = yaml.safe_load((REPOSITORY / "config/schema.yaml").read_text())
    described = schema["properties"]["robustness"]["properties"]["variants"]["items"]["enum"]
    of_series, of_measure = (workflow().globals[name] for name in ("OTHER_SERIES", "INTEGRATION"))
    assert described == [*workflow().globals["CHANGES"], *of_series, of_measure]
    library = (SCRIPTS / "synergy/recording/series_variants.py").read_text()
    listed = re.search(r"for variant in \((.*?)\)", library, re.DOTALL)[1]
    assert re.findall(r"\w+", listed) == of_series


def test_rules_of_the_contract_make_its_artifacts():
    for name, artifacts in CONTRACT.items():
        made = {workflow().pathvars.apply(artifact) for artifact in artifacts}
        assert made <= set(outputs(RULES[name]).values()), name


def test_artifacts_lie_where_the_contract_says():
    assert register().items() >= {name: workflow().pathvars.apply(path) for name, path in PATHS.items()}.items()


def test_every_registered_artifact_is_made_by_one_rule():
    made = [path for rule in RULES.values() for path in outputs(rule).values()]
    for name in register().keys() - PREFIXES:
        assert made.count(register()[name]) == 1, name


def test_rules_name_artifacts_by_the_register_alone():
    for path in (REPOSITORY / "rules").glob("*.smk"):
        assert not re.search(r'"(results|logs|benchmarks)/|"resources/(models|math)', path.read_text()), path.name


def imported_by(rule):
    """Top-level names of all libraries that a rule's script imports, through ours."""
    reached, unread, found = set(), [SCRIPTS / f"{script_of(rule)}.py"], set()
    while unread:
        path = unread.pop()
        found |= {name.split(".")[0] for name in imports(path)}
        unread += [LIBRARY[name] for name in ours(path) - reached]
        reached |= ours(path)
    return found


@for_each_rule
def test_conda_environment_holds_what_the_script_imports_and_torch_only_where_models_run(rule):
    spelt = {"yaml": "pyyaml", "community": "python-louvain", "math_verify": "math-verify", "PIL": "pillow"}
    listed = (REPOSITORY / "envs" / Path(rule.conda_env).name).read_text()
    pinned = (REPOSITORY / "envs/requirements.txt").read_text()
    packages = {spelt.get(module, module) for module in imported_by(rule)}
    assert [package for package in packages if f"\n{package}==" in pinned and f"{package}==" not in listed] == []
    if "analysis.yaml" in rule.conda_env:
        assert not {"torch", "transformers"} & packages


@pytest.mark.parametrize("path", sorted(SCRIPTS.rglob("*.py")), ids=lambda path: path.name)
def test_every_refusal_says_expected_found_and_what_to_do(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "InputError":
            assert len(node.args) == 3, ast.unparse(node)
            assert not any(isinstance(part, ast.Starred) for part in node.args)
            assert all(part.value.strip() for part in node.args if isinstance(part, ast.Constant)), ast.unparse(node)
