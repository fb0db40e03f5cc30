"""What every rule, script, artifact and config key must have."""

import ast
import re

import pytest
import yaml
from declarations import REPOSITORY, register, rules, targets

RULES = rules()
SCRIPTS = REPOSITORY / "workflow_scripts"
CONTRACT = {  # rules and artifacts of the public contract
    "prefetch_model": ["<model_files>", "<prefetch_record>"],
    "prefetch_math": ["<problems>", "<problems_record>"],
    "record_activations": ["<activations>", "<logits>", "<tokens>"],
    "decompose_pairs": ["<pair_shard>"],
    "merge_pairs": ["<pairwise>"],
    "rank_heads": ["<ranking>"],
    "measure_graphs": ["<graph_metrics>"],
    "ablate_heads": ["<order_kl>"],
    "merge_ablation": ["<ablation>"],
    "score_math": ["<math_shard>"],
    "merge_problems": ["<math_records>"],
    "merge_math": ["<math_perturbation>", "<math_statistics>", "<math_groups>"],
    "plot_profile": ["<figure>_phiid_profile.png"],
    "plot_heatmaps": ["<figure>_synergy_redundancy.png"],
    "plot_head_ranking": ["<figure>_head_ranking_heatmap.png"],
    "plot_graph_cores": ["<figure>_graph_cores.png"],
    "plot_ablation": ["<figure>_ablation_curves.png"],
    "plot_math": ["<figure>_math_perturbation.png"],
    "plot_null": ["<figure>_null_profile.png"],
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
PREFIXES = {"figure", "variant", "robustness", "trajectory"}  # of several files each
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


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_rule_is_complete_and_everything_of_it_bears_its_name(rule):
    assert re.fullmatch(r"[A-Z].+\.", rule.docstring), "a docstring of one sentence"
    assert rule.directives.keys() >= {"input", "output", "log", "benchmark", "conda", "script"}
    assert f"<logs>/{rule.name}" in rule.directives["log"]
    assert f"<benchmarks>/{rule.name}" in rule.directives["benchmark"]
    assert f'"../workflow_scripts/{rule.script}.py"' in rule.directives["script"]
    assert (SCRIPTS / f"{rule.script}.py").is_file()
    assert re.search(rf'code=code\("{rule.script}"', rule.directives["input"])
    for caption in re.findall(r'caption="(.*?)"', rule.directives["output"]):
        assert caption == f"captions/{rule.name}.rst"
        assert (REPOSITORY / "rules" / caption).read_text().strip()


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_script_reads_exactly_what_its_rule_declares(rule):
    script = (SCRIPTS / f"{rule.script}.py").read_text()
    for directive in ("input", "output", "params"):
        read = set(re.findall(rf'snakemake\.{directive}(?:\.|\.get\(")(?!get\b)(\w+)', script))
        shown = set(re.findall(r"\{params\.(\w+)\}", rule.directives.get("message", "")))
        declared = rule.names(directive) - {"code"} - (shown if directive == "params" else set())
        declared -= {"after"}  # what must be there first without being read
        declared = {name for name in declared if not name.endswith("vector")}  # save_figure writes it beside the PNG
        assert read == declared, directive
    assert "logged_to(snakemake.log[0])" in script
    assert ("threads" in rule.directives) == ("snakemake.threads" in script)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_every_figure_is_a_vector_graphic_too(rule):
    images = dict(re.findall(r'(\w+)=report\(\s+"(\S+)\.png"', rule.directives["output"]))
    vectors = dict(re.findall(r'(\w*vector)="(\S+)\.pdf"', rule.directives["output"]))
    assert {("vector" if name == "figure" else f"{name}_vector"): path for name, path in images.items()} == vectors


def test_every_script_has_its_rule():
    assert {path.stem for path in SCRIPTS.glob("*.py")} == {rule.script for rule in RULES.values()}


def test_target_rules_only_ask_for_files():
    assert set(targets()) == {"robustness", "training_trajectory"}
    for rule in targets().values():
        assert re.fullmatch(r"[A-Z].+\.", rule.docstring)
        assert rule.directives.keys() == {"input"}


def test_variants_are_the_same_in_schema_rules_and_library():
    schema = yaml.safe_load((REPOSITORY / "config/schema.yaml").read_text())
    described = schema["properties"]["robustness"]["properties"]["variants"]["items"]["enum"]
    text = (REPOSITORY / "rules/common.smk").read_text()
    of_series = re.findall(r'"(\w+)"', re.search(r"^OTHER_SERIES = \[(.*?)\]", text, re.MULTILINE | re.DOTALL)[1])
    of_decomposition = re.findall(r'^    "(\w+)": \{', text, re.MULTILINE)
    assert described == [*of_decomposition, *of_series]
    library = (SCRIPTS / "synergy/recording/series_variants.py").read_text()
    listed = re.search(r"for variant in \((.*?)\)", library, re.DOTALL)[1]
    assert re.findall(r"\w+", listed) == of_series


def test_rules_of_the_contract_make_its_artifacts():
    for name, artifacts in CONTRACT.items():
        for artifact in artifacts:
            assert f'"{artifact}"' in RULES[name].directives["output"]


def test_artifacts_lie_where_the_contract_says():
    assert register().items() >= PATHS.items()


def test_every_registered_artifact_is_made_by_one_rule():
    for name in register().keys() - PREFIXES:
        makers = [rule.name for rule in RULES.values() if f"<{name}>" in rule.directives["output"]]
        assert len(makers) == 1, f"{name} is made by {makers}"


def test_rules_name_artifacts_by_the_register_alone():
    known = register().keys() | {"logs", "benchmarks", "results", "resources"}
    for rule in RULES.values():
        for directive in ("input", "output", "log", "benchmark"):
            text = rule.directives[directive]
            assert set(re.findall(r"<(\w+)>", text)) <= known
            assert not re.search(r'"(results|resources|logs)/', text)


def test_snakefile_stays_short():
    assert len((REPOSITORY / "Snakefile").read_text().splitlines()) < 60


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_script_reads_wildcards_of_its_rule_and_nothing_else_of_snakemake(rule):
    script = (SCRIPTS / f"{rule.script}.py").read_text()
    outputs = rule.directives["output"]
    for name, path in register().items():
        outputs = outputs.replace(f"<{name}>", path)
    assert set(re.findall(r"snakemake\.wildcards\.(\w+)", script)) <= set(re.findall(r"\{(\w+)\}", outputs))
    parts = {"input", "output", "params", "wildcards", "threads", "log"}
    assert set(re.findall(r"\bsnakemake\.(\w+)", script)) <= parts


def test_conda_environments_hold_what_the_scripts_import():
    names = {"yaml": "pyyaml", "community": "python-louvain", "math_verify": "math-verify"}
    for env, rule_names in (("models", []), ("analysis", [])):
        rule_names += [rule.name for rule in RULES.values() if f"envs/{env}.yaml" in rule.directives["conda"]]
        listed = (REPOSITORY / f"envs/{env}.yaml").read_text()
        pinned = (REPOSITORY / "envs/requirements.txt").read_text()
        for name in rule_names:
            for module in imported_by(SCRIPTS / f"{RULES[name].script}.py", set()):
                package = names.get(module, module)
                if f"\n{package}==" in pinned:
                    assert f"{package}==" in listed, f"{name} imports {module}, which envs/{env}.yaml lacks"


def imported_by(path, seen):
    """Top-level names of all modules that a file imports, through the library."""
    found = set()
    if path in seen or not path.is_file():
        return found
    seen.add(path)
    for module in re.findall(r"^\s*(?:from|import) ([\w.]+)", path.read_text(), re.MULTILINE):
        top, *rest = module.split(".")
        if top == "synergy":
            found |= imported_by(SCRIPTS.joinpath(top, *rest).with_suffix(".py"), seen)
        else:
            found.add(top)
    return found


def test_analysis_scripts_do_not_import_torch():
    for rule in RULES.values():
        if "analysis.yaml" in rule.directives["conda"]:
            assert not {"torch", "transformers"} & imported_by(SCRIPTS / f"{rule.script}.py", set()), rule.name


@pytest.mark.parametrize("path", sorted(SCRIPTS.rglob("*.py")), ids=lambda path: path.name)
def test_every_refusal_says_expected_found_and_what_to_do(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "InputError":
            assert len(node.args) == 3, ast.unparse(node)
            assert not any(isinstance(part, ast.Starred) for part in node.args)
            assert all(part.value.strip() for part in node.args if isinstance(part, ast.Constant)), ast.unparse(node)
