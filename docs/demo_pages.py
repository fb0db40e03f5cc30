"""What the demo found, for the README: numbers taken from a finished `make demo`, and the sentences that carry them.

`make docs` renews docs/demo from results/, if the demo was made there, and the README from docs/demo.
"""

import json
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow_scripts"))
from synergy.files.artifacts import read_npz
from synergy.heads.layer_profiles import layer_means
from synergy.report.summary import rule_costs
from synergy.statistics.descriptive import pearson, rank_quantiles

REPOSITORY = Path(__file__).parents[1]
MODEL = "smollm2-135m"
KEPT = REPOSITORY / "docs/demo"
FIGURE = f"figures/{MODEL}_null_profile.png"
SHOWN_RULES = 8
N_VARIANTS = 9  # besides the default, at the least
AGREEMENT = {  # columns of the table of variants
    ("syn_red_score", "heads"): "score, heads",
    ("syn_red_score", "layers"): "score, layers",
    ("excess_score", "heads"): "excess score, heads",
    ("excess_score", "layers"): "excess score, layers",
    ("avg_synergy", "heads"): "synergy, heads",
    ("avg_redundancy", "heads"): "redundancy, heads",
}
PAPER = {  # claim: its words in short, its figures in the paper, the figure here
    1: ("The layer profile is an inverted U (2b, 2c)", "phiid_profile"),
    2: ("An untrained model has none", "multi_model_profiles"),
    3: ("More synergy within layers than between (2a)", "synergy_redundancy"),
    4: ("The synergy network is more efficient (3b, 3c)", "graph_cores"),
    5: ("The redundancy network is more modular (3b, 3c)", "graph_cores"),
    6: ("Synergistic removal harms faster than random (4a)", "ablation_curves"),
    7: ("Noise in synergistic heads costs most (4b)", "math_perturbation"),
    8: ("Noise in redundant heads costs least (4b)", "math_perturbation"),
}


def take_results(results: Path) -> None:
    """Keep of a finished demo what the pages need; nothing where there is none."""
    record = results / "run_record.json"
    if not record.is_file() or (config := json.loads(record.read_text())["config"])["study"] != [MODEL]:
        return
    KEPT.mkdir(exist_ok=True)
    pairwise, _ = read_npz(results / f"phiid_scores/{MODEL}_pairwise_phiid.npz")
    ranking = pd.read_csv(results / f"phiid_scores/{MODEL}_head_rankings.csv")
    twin = pd.read_csv(results / f"phiid_scores/{MODEL}-random_head_rankings.csv")
    summary = json.loads((results / f"phiid_scores/{MODEL}_head_rankings.json").read_text())
    layers = config["models"][MODEL]["layers"]
    facts = {"layers": layers, "prompts": int(pairwise["within_prompt_pairs"].shape[0])}
    for name, atom in (("synergy", "sts"), ("redundancy", "rtr")):
        values = ranking[f"avg_{name}"].to_numpy()
        observed = layer_means(values, layers, len(ranking) // layers)
        draws = layer_means(pairwise[f"head_null_{atom}"], layers, len(ranking) // layers)
        facts[name] = {
            "mean_nats": float(values.mean()),
            "null_share": float(draws.mean() / values.mean()),
            "profiles_correlate": pearson(rank_quantiles(observed), rank_quantiles(draws.mean(axis=0))),
            "layers_above_band": int(np.count_nonzero(observed > np.percentile(draws, 97.5, axis=0))),
            "layers_below_band": int(np.count_nonzero(observed < np.percentile(draws, 2.5, axis=0))),
            "smallest_ratio": float((observed / draws.mean(axis=0)).min()),
            "largest_ratio": float((observed / draws.mean(axis=0)).max()),
        }
    facts["synergy_autocorrelation"] = summary["correlation_synergy_autocorrelation"]
    facts["excesses_correlate"] = summary["correlation_of_excesses"]
    facts["twin_synergy_nats"] = float(twin["avg_synergy"].mean())
    facts["twin_autocorrelation"] = float(twin["autocorrelation"].mean())
    facts["autocorrelation"] = float(ranking["autocorrelation"].mean())
    facts["surrogates"] = len(pairwise["head_null_sts"])
    facts["ablation"] = {key: config["ablation"][key] for key in ("n_prompts", "max_fraction", "orders")}
    facts["math"] = {key: config["math"][key] for key in ("n_problems", "likelihood_sets", "likelihood_problems")}
    (KEPT / "facts.json").write_text(json.dumps(facts, indent=1) + "\n")
    shutil.copy(results / "claims/claims.csv", KEPT / "claims.csv")
    rule_costs(results.parent / "benchmarks").round(1).to_csv(KEPT / "costs.csv", index=False)
    shutil.copy(results / FIGURE, REPOSITORY / "docs" / FIGURE)


def said(holds: bool, sentence: str) -> str:
    """A sentence, if what it says beside its numbers still holds."""
    if not holds:
        sys.exit(f"Expected the demo to find what docs/demo_pages.py says; it no longer does: {sentence}")
    return sentence


def picture() -> str:
    """The picture at the top of the README, in words."""
    facts = json.loads((KEPT / "facts.json").read_text())
    synergy, redundancy, layers = facts["synergy"], facts["redundancy"], facts["layers"]
    above = synergy["layers_above_band"]
    sentences = (
        "**The picture** is what the demo finds. Grey is the *null*: *surrogates* in which every head keeps its own",
        "dynamics and all coupling between heads is broken.",
        said(
            synergy["null_share"] > 1 and synergy["profiles_correlate"] > 0.9,
            f"They give {synergy['null_share']:.0%} of the synergy that is observed (orange), and the same layer "
            f"profile (rank correlation {synergy['profiles_correlate']:.2f}).",
        ),
        f"Synergy is above the null's 95 % band in {above or 'none'} of {layers} layers.",
        said(
            facts["synergy_autocorrelation"] > 0.9,
            f"A head's synergy follows its own autocorrelation (r = {facts['synergy_autocorrelation']:.2f}).",
        ),
        f"Redundancy (blue) is above its null's band in {redundancy['layers_above_band']} of {layers} layers.",
        "In this model, at this length, synergy by the published measure is no evidence of interaction.",
        "Whether it is in larger models is what the workflow tests.",
    )
    return "\n".join(sentences)


def claims_table() -> str:
    """The claims of the paper, what the demo finds, and what decided."""
    claims = pd.read_csv(KEPT / "claims.csv", dtype="str", keep_default_na=False)
    lines = [
        "| claim of the paper (its figure) | here | estimate | verdict | after its control |",
        "|---|---|---|---|---|",
    ]
    for row in claims.itertuples():
        words, here = PAPER[int(row.claim)]
        verdicts = _verdict(row.verdict, row.decided_by), _verdict(row.verdict_after_control, row.control_decided_by)
        lines.append(f"| {row.claim}. {words} | `{here}` | {_estimate(row)} | {' | '.join(verdicts)} |")
    lines.append("| The profile arises in training (3a) | `training_trajectory` | | not run | |")
    counts = claims["verdict"].value_counts()
    after = claims[claims["verdict"] == "supported"]["verdict_after_control"]
    kept = int((after == "supported").sum())
    words = ", ".join(f"{counts[verdict]} {verdict}" for verdict in counts.index)
    kept_words = (
        f" Of the {len(after)} supported, {kept} {'is' if kept == 1 else 'are'} supported after the control too."
    )
    return "\n".join(lines) + f"\n\nOf {len(claims)} claims: {words}.{kept_words if len(after) else ''}"


def _estimate(row: tuple) -> str:
    numbers = [f"{float(value):.2g}" if value else "" for value in (row.estimate, row.ci_low, row.ci_high)]
    return f"{numbers[0]} [{numbers[1]}, {numbers[2]}]" if all(numbers) else numbers[0]


def _verdict(verdict: str, decided_by: str) -> str:
    """A verdict with what decided it, and how many draws it would take."""
    reason = re.sub(r"; undecided: ([\d,]+) .* needed, [\d,]+ drawn", r"; \1 needed", decided_by)
    return f"{f'**{verdict}**' if verdict in ('supported', 'opposite') else verdict} ({reason})"


def size() -> str:
    """How small the demo is."""
    facts = json.loads((KEPT / "facts.json").read_text())
    ablation, math = facts["ablation"], facts["math"]
    random, matched = (ablation["orders"][kind] for kind in ("random", "random_layer_matched"))
    return (
        f"It is one small model with four-bit weights: {facts['prompts']} prompts, {facts['surrogates']} surrogates; "
        f"{random} random orders and {matched} matched by layer, on {ablation['n_prompts']} prompts, up to "
        f"{ablation['max_fraction']:.0%} of the heads;\n{math['n_problems']} problems answered, and the likelihood of "
        f"{math['likelihood_problems']} solutions under {math['likelihood_sets']} random sets of heads.\nThat is "
        "enough to show the machinery and the weight of the null. It does not settle the claims."
    )


def costs_table() -> str:
    """Where the demo's time went."""
    costs = pd.read_csv(KEPT / "costs.csv")
    lines = ["| rule | jobs | seconds, all jobs | longest job, s | peak memory, MiB |", "|---|--:|--:|--:|--:|"]
    first, rest = costs[:SHOWN_RULES], costs[SHOWN_RULES:]
    others = {
        "rule": "all others",
        "jobs": rest["jobs"].sum(),
        "seconds": rest["seconds"].sum(),
        "longest_job_s": rest["longest_job_s"].max(),
        "peak_memory_mib": rest["peak_memory_mib"].max(),
    }
    for row in [*first.to_dict("records"), others]:
        name = row["rule"] if row["rule"] == others["rule"] else f"`{row['rule']}`"
        numbers = f"{row['jobs']} | {row['seconds']:.1f} | {row['longest_job_s']:.1f} | {row['peak_memory_mib']:.0f}"
        lines.append(f"| {name} | {numbers} |")
    return "\n".join(lines)


def take_variants(results: Path) -> None:
    """Keep the tables of the robustness study, if all variants were run on the demo's model."""
    tables = [results / f"robustness/{MODEL}_{name}.csv" for name in ("agreement", "claims")]
    if all(path.is_file() for path in tables) and pd.read_csv(tables[1])["variant"].nunique() > N_VARIANTS:
        for path in tables:
            shutil.copy(path, KEPT / f"variants_{path.stem.removeprefix(f'{MODEL}_')}.csv")
        shutil.copy(results / f"figures/{MODEL}_robustness.png", REPOSITORY / f"docs/figures/{MODEL}_robustness.png")


def variants_agreement() -> str:
    """Rank correlation of every variant with the default."""
    table = pd.read_csv(KEPT / "variants_agreement.csv").query("variant == 'default'")
    wide = table.pivot(index="other", columns=["quantity", "level"], values="spearman")[list(AGREEMENT)]
    wide = wide.sort_values(("syn_red_score", "layers"), ascending=False)
    lines = [f"| variant | {' | '.join(AGREEMENT.values())} |", "|---|" + "--:|" * len(AGREEMENT)]
    for variant, row in wide.iterrows():
        numbers = (f"{value:.2f}".replace("0.", ".").replace("-", "−") for value in row)
        lines.append(f"| `{variant}` | {' | '.join(numbers)} |")
    return "\n".join(lines)


def variants_verdicts() -> str:
    """Verdicts under every variant, before and after the control, with the correlation that claim 1 rests on."""
    table = pd.read_csv(KEPT / "variants_claims.csv", keep_default_na=False)
    numbers = sorted(set(table["claim"]))
    head = ["variant", *(f"claim {number}" for number in numbers), "inverted U, r raw / control"]
    lines = [f"| {' | '.join(head)} |", "|---|" + "---|" * (len(numbers) + 1)]
    for variant, own in table.groupby("variant", sort=False):
        own = own.set_index("claim")
        words = [f"{own.at[n, 'verdict']} / {own.at[n, 'verdict_after_control']}" for n in numbers]
        estimates = [own.at[1, key] for key in ("estimate", "control_estimate")]
        correlations = " / ".join(
            f"{float(value):+.2f}".replace("-", "−") if value != "" else "–" for value in estimates
        )
        lines.append(f"| `{variant}` | {' | '.join([*words, correlations])} |")
    return "\n".join(lines)
