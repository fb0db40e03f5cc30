"""Artifacts of simulated models: series, atoms, scores, networks, ablation and accuracies, of any geometry.

Small, complete and consistent; in the tables of heads and layers every verdict is known.
"""

import hashlib
import importlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from places import PUBLISHED

from synergy.claims.measured import Measured
from synergy.files.artifacts import read_npz, save_figure, sha256, write_json, write_npz
from synergy.files.tables import write_table
from synergy.heads.layer_profiles import inverted_u
from synergy.heads.networks import measure_networks
from synergy.heads.scores import SCORES, prompt_score, rank_difference
from synergy.perturbation.outcomes import Scores, compare_conditions, compare_with_sets
from synergy.statistics.descriptive import mean_defined, rank_quantiles

# Series.


def ar1(seed, n_heads, n_tokens, phi=0.5, n_prompts=1):
    """Independent AR(1) series, started from their stationary distribution: (n_prompts, n_heads, n_tokens)."""
    generator = np.random.default_rng(seed)
    series = generator.normal(size=(n_prompts, n_heads, n_tokens))
    series[..., 0] /= np.sqrt(1 - np.asarray(phi) ** 2)
    for t in range(1, n_tokens):
        series[..., t] += phi * series[..., t - 1]
    return series


def full(series):
    """Lengths of series without padding."""
    return np.full(series.shape[0], series.shape[2])


# Shards of pairs.

HOW = {
    **{"lag": 1, "redundancy": "mmi", "estimator": "gaussian"},
    "null_model": {"kind": "circular_shift", "surrogates": 3},
    "heads": 9,
}


def record(path, seed=0):
    """Ragged activations with a head that is constant in one prompt and two that are copies in another."""
    series = ar1(seed, 45, 40, 0.6, 4).astype(np.float32)
    series[2, 3] = 1.0
    series[1, 40] = series[1, 7]
    n_tokens = np.array([40, 40, 31, 35])
    for p, n in enumerate(n_tokens):
        series[p, :, n:] = np.nan
    write_npz(path, {"model": {"source": "test"}}, activations=series, n_tokens=n_tokens, category=np.array(["a"] * 4))
    return str(path)


def make_shards(folder, recorded, n_shards, threads=1, **changes):
    """Decompose a recording in shards; their paths."""
    decompose, paths = importlib.import_module("decompose_pairs").decompose_pairs, []
    for item in (f"{k}-of-{n_shards}" for k in range(1, n_shards + 1)):
        paths.append(str(folder / f"{item}.npz"))
        decompose(recorded, item, **(HOW | {"seed": 0} | changes), threads=threads, shard=paths[-1])
    return paths


def merged(folder, recorded, shards):
    """Digest of each matrix that shards merge into."""
    importlib.import_module("merge_pairs").merge_pairs(shards, recorded, str(folder / "pairwise.npz"))
    arrays, _ = read_npz(folder / "pairwise.npz")
    return {name: hashlib.sha256(array.tobytes()).hexdigest() for name, array in arrays.items()}


# What claims are decided on.

LAYERS, HEADS = 24, 3
DRAWN = {"significance": 0.05, "permutations": 399, "seed": 0}
GEOMETRY = {"layers": LAYERS, "heads": HEADS, **DRAWN}
U, FLAT, VALLEY = inverted_u(LAYERS), np.tile([0.4, 0.6], LAYERS // 2), 1 - inverted_u(LAYERS)
UNDEFINED = np.full(LAYERS, np.nan)


def measured(profile, null=FLAT, within=0.0, null_within=0.0, seed=0, prompts=12, surrogates=39, outside=0.0):
    """A model whose synergy follows a layer profile, and whose surrogates' follows another.

    Pairs within layers have `within` nats more than pairs between them, those of surrogates `null_within`.
    """
    generator, n = np.random.default_rng(seed), LAYERS * HEADS
    arrays = {}
    of_null = 0.05 / np.sqrt(prompts)  # a surrogate is a mean over prompts
    kinds = ("prompt", profile, within, prompts, 0.05), ("null", null, null_within, surrogates, of_null)
    for kind, shape, extra, size, sd in kinds:
        noise = generator.normal(0, sd, (3, size, n))
        arrays[f"head_{kind}_sts"] = 1 + np.repeat(shape, HEADS) + noise[0]
        arrays[f"head_{kind}_rtr"] = 1 - 0.1 * np.repeat(shape, HEADS) + noise[1]
        arrays[f"head_{kind}_phi_r"] = 1 + np.repeat(shape, HEADS) + noise[2]
        for atom in ("sts", "phi_r"):
            arrays[f"within_{kind}_{atom}"] = 1 + extra + generator.normal(0, sd, (size, LAYERS))
            arrays[f"between_{kind}_{atom}"] = 1 + generator.normal(0, sd, size)
        arrays[f"within_{kind}_pairs"] = np.full((size, LAYERS), HEADS * (HEADS - 1) // 2)
        arrays[f"between_{kind}_pairs"] = np.full(size, (n - HEADS) * n // 2)
    means = {name: arrays[f"head_prompt_{name}"].mean(axis=0) for name in ("sts", "rtr", "phi_r")}
    excess = {name: means[name] - mean_defined(arrays[f"head_null_{name}"], axis=0) for name in means}
    scores = {name: prompt_score(name)(means["sts"], means["rtr"]) for name in SCORES}
    columns = scores | {"syn_red_score": scores["rank_difference"], "avg_synergy": means["sts"]}
    columns |= {"excess_score": rank_difference(excess["sts"], excess["rtr"]), "excess_synergy": excess["sts"]}
    columns |= {"avg_phi_r": means["phi_r"], "excess_phi_r": excess["phi_r"], "autocorrelation": np.full(n, 0.3)}
    columns |= {"integration": rank_quantiles(means["phi_r"])}
    columns |= {"numit": means["sts"] / 3, "null_numit": means["rtr"] / 3}
    return Measured(pd.DataFrame(columns), arrays, outside)


def heads_series(phi=0.6, within=0.0, layers=LAYERS, heads=HEADS, prompts=12, tokens=60, seed=0):
    """Series of heads with an autocorrelation a layer, and noise that heads of a layer share: (prompts, n, tokens)."""
    series = ar1(seed, layers * heads, tokens, np.repeat(np.broadcast_to(phi, layers), heads), prompts)
    shared = np.random.default_rng([seed, 1]).standard_normal((prompts, layers, tokens))
    return (series + within * np.repeat(shared, heads, axis=1)).astype(np.float32)


def analysed(folder, series, layers=LAYERS, heads=HEADS, surrogates=19, name="model"):
    """Paths of what the workflow's scripts make of series: ranking, its summary, atoms and networks."""
    paths = {
        what: str(folder / f"{name}_{what}.{ending}")
        for what, ending in (("activations", "npz"), ("pairwise", "npz"), ("ranking", "csv"), ("summary", "json"))
    } | {"metrics": str(folder / f"{name}_metrics.json")}
    category = np.array(list("abcdef"))[np.arange(len(series)) % 6]
    note = {"made_by": "record_activations", "model": {"source": "test"}}
    write_npz(paths["activations"], note, activations=series, n_tokens=full(series), category=category)
    settings = HOW | {"seed": 0, "null_model": {"kind": "circular_shift", "surrogates": surrogates}}
    shards = folder / f"{name}_shards"
    shards.mkdir()
    made = make_shards(shards, paths["activations"], 1, heads=heads, null_model=settings["null_model"])
    importlib.import_module("merge_pairs").merge_pairs(made, paths["activations"], paths["pairwise"])
    importlib.import_module("rank_heads").rank_heads(
        paths["pairwise"],
        paths["activations"],
        layers=layers,
        heads=heads,
        score="rank_difference",
        bootstrap=20,
        seed=0,
        ranking=paths["ranking"],
        summary=paths["summary"],
    )
    importlib.import_module("measure_graphs").measure_graphs(
        paths["pairwise"],
        paths["activations"],
        synergy="sts",
        top_fraction=0.1,
        seed=0,
        null_networks=2 if surrogates else 0,
        surrogates=surrogates,
        decomposition=settings,
        metrics=paths["metrics"],
    )
    return paths


def spread_out(n=40, seed=0, scale=1.0):
    """A network without groups: (n, n)."""
    weights = np.random.default_rng(seed).gamma(4, scale, (n, n))
    return weights + weights.T


def clustered(n=40, seed=1):
    """A network of groups of eight."""
    return np.kron(np.eye(n // 8), np.ones((8, 8))) * 10 + spread_out(n, seed) * 0.01


def graph_metrics(first, second, surrogates, n_groups=8, seed=0):
    """What two kinds of networks are measured to be: each of all prompts, without each group, and of surrogates.

    `first` and `second` make a network from a seed; `surrogates` are pairs of such makers.
    """
    partial = [(first(seed=seed + k), second(seed=seed + 100 + k)) for k in range(n_groups)]
    whole = tuple(np.mean(own, axis=0) for own in zip(*partial, strict=True))
    drawn = [(one(seed=seed + 200 + k), two(seed=seed + 300 + k)) for k, (one, two) in enumerate(surrogates)]
    networks = measure_networks(whole, 0.15, 0, 0, partial, [1] * n_groups, drawn)
    return networks | {"top_fraction": 0.15, "n_groups": n_groups}


def ratio(estimate, p_value, n_seeds=119):
    """The comparison of two areas, by rank among so many drawn orders."""
    interval = {"estimate": estimate, "ci_low": 0.9 * estimate, "ci_high": 1.1 * estimate, "p_value": p_value}
    rank = {"test": f"rank among {n_seeds} random orders", "floor": 2 / (1 + n_seeds), "p_over_prompts": 0.5}
    return {**interval, **rank, "n_seeds": n_seeds, "sd_of_log": 0.1}


def ablation_table(orders=("synergistic", "random"), seeds=1, steps=5, methods=("zero",)):
    """Divergence that grows with the share of heads removed; `orders` may give each its number of seeds."""
    orders = orders if isinstance(orders, dict) else dict.fromkeys(orders, seeds)
    rows = [
        (n, n / (steps - 1) + 0.001, order, n / (steps - 1), seed, method)
        for order, n_seeds in orders.items()
        for seed in range(n_seeds)
        for n in range(steps)
        for method in methods
    ]
    columns = ["num_heads_removed", "mean_kl_div", "order_type", "fraction_removed", "seed", "method"]
    table = pd.DataFrame(rows, columns=columns)
    kl = table["mean_kl_div"]
    return table.assign(kl_ci_low=0.9 * kl, kl_ci_high=1.1 * kl)


def accuracies(nll=(2.0, 1.5, 1.0), sigmas=(0.5,), baseline=90, n_sets=2, truncated=0.1, **correct):
    """Correct answers of 100 in two draws, and of `n_sets` random sets; NLL of synergistic, random, redundant."""
    rows = [("baseline", 0.0, 0, 100, baseline, 0.0, 0.5)]
    for (condition, n_correct), value in zip(correct.items(), nll, strict=True):
        draws = range(n_sets if condition == "random" else 2)
        rows += [(condition, sigma, seed, 100, n_correct, truncated, value) for sigma in sigmas for seed in draws]
    names = ("condition", "sigma", "seed", "n_problems", "n_correct", "truncated_fraction", "solution_nll")
    found = {"n_boxed": 60, "n_stated": 20, "n_fallback": 15, "n_none": 5}
    return pd.DataFrame(rows, columns=names).assign(**found)


def compared(table):
    """The paired comparisons of a table of `accuracies`, in which the same problems are always the hard ones."""
    generator, scores = np.random.default_rng(0), []
    for row in table.itertuples():
        problems = np.arange(row.n_problems)
        nll = row.solution_nll + generator.normal(0, 0.2, row.n_problems)
        outcomes = pd.DataFrame({"id": problems, "correct": problems < row.n_correct, "solution_nll": nll})
        scores.append(Scores(row.condition, row.sigma, row.seed, outcomes, {}))
    solutions = {"condition": np.array([condition_name(own) for own in scores])}
    solutions["solution_nll"] = np.array([own.outcomes["solution_nll"] for own in scores])
    if np.isnan(solutions["solution_nll"]).all():
        solutions["solution_nll"] = solutions["solution_nll"][:, :0]
    among = [
        record for sigma in table["sigma"].unique() for record in compare_with_sets(scores, solutions, sigma, 500, 0)
    ]
    return compare_conditions(scores, 500, 0) | {"among_random_sets": among}


def condition_name(scores):
    """As paths name it."""
    return scores.condition if scores.condition == "baseline" else f"{scores.condition}-{scores.sigma}-{scores.seed}"


# What figures are drawn from.

NO_NULL = "no null was computed"
MODELS = {"tiny-without-null": (2, 4, 0), "one-head": (3, 1, 2), "gemma3-4b": (8, 3, 20)}  # layers, heads, surrogates


def results_folder(folder, layers, heads, surrogates):
    """The artifacts of a model in one folder, by the scripts where they can make them."""
    head, n = np.arange(layers * heads), layers * heads
    series = heads_series(layers=layers, heads=heads, prompts=5, tokens=40)
    for what, path in analysed(folder, series, layers, heads, surrogates).items():
        Path(path).rename(folder / f"{what}{Path(path).suffix}")
    words = [f" word{k}\n" if k % 7 == 0 else f" {k}" for k in range(40)]
    answer = {"category": "a", "prompt_ids": [1], "generated_ids": [2] * 40, "pieces": words}
    answers = [{**answer, "id": f"a-{k}", "repeated_8grams": share} for k, share in enumerate((0.5, 0.2, 0, None, 0.9))]
    write_json(folder / "tokens.json", {"prompts": answers, "provenance": {"made_by": "test", "model": {"key": "m"}}})
    orders = {"synergistic": 1, "random": 3, "random_layer_matched": 2}
    methods = ("zero", "mean") if layers == 8 else ("zero",)
    write_table(folder / "ablation.csv", ablation_table(orders, steps=n + 1, methods=methods))
    math = accuracies(sigmas=(0.5, 1.0), baseline=60, synergistic=50, random=50, redundant=50)
    truncated = math["truncated_fraction"].where(math["sigma"] > 0, 0.02)
    write_table(folder / "math.csv", math.assign(n_correct=math.n_correct - math.seed, truncated_fraction=truncated))
    ranks = {"model": "gemma3-4b-it", "layer": head // heads, "head_in_layer": head % heads, "syn_red_rank": head + 1}
    write_table(folder / "ranks.csv", pd.DataFrame(ranks))
    return folder


def inputs(folder, name, layers, heads):
    """The arguments of one figure's script, but for model and figure."""
    geometry = {"layers": layers, "heads": heads}
    pairwise, ranked = {"pairwise": str(folder / "pairwise.npz")}, {"ranking": str(folder / "ranking.csv")}
    recorded = {"activations": str(folder / "activations.npz")}
    surrogates = read_npz(folder / "pairwise.npz")[0]["head_null_sts"].shape[0]
    how = HOW | {"seed": 0, "null_model": {"kind": "circular_shift", "surrogates": surrogates}}
    return {
        "plot_profile": ranked | {"published": PUBLISHED / "fig2c_layer_profile.csv", **geometry},
        "plot_heatmaps": pairwise | geometry,
        "plot_head_ranking": ranked | {"published": folder / "ranks.csv", **geometry},
        "plot_graph_cores": pairwise | ranked | recorded | {"top_fraction": 0.1, "decomposition": how, **geometry},
        "plot_examples": pairwise | recorded | {"tokens": folder / "tokens.json", **geometry},
        "plot_null": pairwise | ranked | geometry,
        "plot_ablation": {"ablation": folder / "ablation.csv", "published": PUBLISHED / "fig4a_ablation_kl.csv"}
        | geometry,
        "plot_math": {"math": folder / "math.csv", "published": PUBLISHED / "fig4b_math_accuracy.csv", "sigma": 0.5},
    }[name]


def drawn(script, **arguments):
    """The figures that a script saves, in the order of saving."""
    figures, module = [], importlib.import_module(script)

    def saved(path, figure, provenance):
        save_figure(path, figure, provenance)
        figures.append(figure)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "save_figure", saved)
        getattr(module, script)(**arguments)
    return figures


def words(figure):
    """All texts that a figure shows."""
    titles = ("left", "center", "right")
    texts = [axes.get_title(loc=place) for axes in figure.axes for place in titles]
    for axes in figure.axes:
        texts += [text.get_text() for text in (*axes.texts, axes.xaxis.label, axes.yaxis.label)]
    legends = [axes.get_legend() for axes in figure.axes] + figure.legends
    return texts + [text.get_text() for legend in legends if legend for text in legend.get_texts()]


def list_checksums(folder):
    """Write the sha256 of a folder's files beside it, as `atomic_folder` does; return where."""
    path = folder.with_name(f"{folder.name}.sha256")
    files = filter(Path.is_file, folder.iterdir())
    path.write_text("".join(f"{sha256(file)}  {folder.name}/{file.name}\n" for file in files))
    return str(path)
