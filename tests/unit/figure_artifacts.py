"""Synthetic artifacts of a few models, the figures that scripts draw from them, and the words on those."""

import importlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from synergy.ablation.curves import CURVE_COLUMNS
from synergy.files.artifacts import save_figure, write_npz
from synergy.files.tables import write_table
from synergy.heads.scores import ranking_columns

REPOSITORY = Path(__file__).parents[2]

PUBLISHED = REPOSITORY / "config" / "published"
NO_NULL = "no null was computed"
MODELS = {
    # key: layers, heads, surrogates
    "tiny-without-null": (2, 4, 0),
    "one-head": (3, 1, 2),
    "gemma3-4b": (8, 3, 20),
}


def symmetric(generator, n, scale):
    matrix = generator.gamma(2, scale, (n, n))
    matrix = matrix + matrix.T
    np.fill_diagonal(matrix, np.nan)
    return matrix


def synthesise(folder, layers, heads, surrogates):
    n = layers * heads
    generator = np.random.default_rng(0)
    sts, rtr = symmetric(generator, n, 0.05), symmetric(generator, n, 0.01)
    undefined = np.full((n, n), np.nan)
    atoms = {"sts_matrix": sts, "rtr_matrix": rtr}
    for atom, matrix in (("sts", sts), ("rtr", rtr)):
        atoms[f"{atom}_null_mean"] = 0.9 * matrix if surrogates else undefined
        atoms[f"head_prompt_{atom}"] = np.nanmean(matrix, axis=1) * generator.gamma(9, 1 / 9, (5, n))
        atoms[f"head_null_{atom}"] = np.nanmean(matrix, axis=1) * generator.normal(0.9, 0.05, (surrogates, n))
    write_npz(folder / "pairwise.npz", {"made_by": "merge_pairs", "model": {"source": "test"}}, **atoms)
    head = np.arange(n)
    ranking = ranking_columns(atoms, "rank_difference", 20, 0).assign(head_idx=head, layer=head // heads)
    write_table(folder / "ranking.csv", ranking)

    ablation = []
    for order, seeds in (("synergistic", 1), ("random", 3), ("random_layer_matched", 2)):
        for seed in range(seeds):
            for removed in range(n + 1):
                kl = 1e-4 + (1 + 0.1 * seed) * removed / n
                for method in ("zero", "mean") if layers == 8 else ("zero",):
                    ablation.append((removed, kl, order, removed / n, seed, 0.9 * kl, 1.1 * kl, method))
    write_table(folder / "ablation.csv", pd.DataFrame(ablation, columns=CURVE_COLUMNS))
    accuracies = [("baseline", 0, 0, 60, 36, 0.02, 0.9)]
    for condition in ("synergistic", "redundant", "random"):
        accuracies += [(condition, s, k, 60, 30 - k, 0.1, 1 + s) for s in (0.5, 1.0) for k in range(2)]
    names = ["condition", "sigma", "seed", "n_problems", "n_correct", "truncated_fraction", "solution_nll"]
    write_table(folder / "math.csv", pd.DataFrame(accuracies, columns=names))
    ranks = {"model": "gemma3-4b-it", "layer": head // heads, "head_in_layer": head % heads, "syn_red_rank": head + 1}
    write_table(folder / "ranks.csv", pd.DataFrame(ranks))
    importlib.import_module("measure_graphs").measure_graphs(
        pairwise=str(folder / "pairwise.npz"),
        top_fraction=0.1,
        seed=0,
        null_networks=2 if surrogates else 0,
        metrics=str(folder / "metrics.json"),
        threads=1,
    )
    return folder


def inputs(folder, name, layers, heads):
    """The arguments of one figure's script, but for model and figure."""
    geometry = {"layers": layers, "heads": heads}
    pairwise, ranking = str(folder / "pairwise.npz"), str(folder / "ranking.csv")
    return {
        "plot_profile": {"ranking": ranking, "published": PUBLISHED / "fig2c_layer_profile.csv", **geometry},
        "plot_heatmaps": {"pairwise": pairwise, **geometry},
        "plot_head_ranking": {"ranking": ranking, "published": folder / "ranks.csv", **geometry},
        "plot_graph_cores": {"pairwise": pairwise, "ranking": ranking, "top_fraction": 0.1, **geometry},
        "plot_null": {"pairwise": pairwise, "ranking": ranking, **geometry},
        "plot_ablation": {"ablation": folder / "ablation.csv", "published": PUBLISHED / "fig4a_ablation_kl.csv"},
        "plot_math": {
            "math": folder / "math.csv",
            "published": PUBLISHED / "fig4b_math_accuracy.csv",
            "sigma": 0.5,
        },
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
    texts = [
        text.get_text()
        for axes in figure.axes
        for text in [*axes.texts, axes.title, axes.xaxis.label, axes.yaxis.label]
    ]
    texts += [axes.get_title(loc="left") for axes in figure.axes]
    legends = [axes.get_legend() for axes in figure.axes] + figure.legends
    return texts + [text.get_text() for legend in legends if legend for text in legend.get_texts()]
