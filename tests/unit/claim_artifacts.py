"""Artifacts of a model for which every verdict is known: scores, atoms, graph metrics, ablation and accuracies."""

from pathlib import Path

import numpy as np
import pandas as pd

from synergy.heads.layer_profiles import inverted_u
from synergy.heads.networks import measure_networks
from synergy.heads.scores import SCORES
from synergy.perturbation.outcomes import Scores, compare_conditions

REPOSITORY = Path(__file__).parents[2]

LAYERS, HEADS = 10, 4
DRAWN = {"significance": 0.05, "permutations": 199, "seed": 0}
GEOMETRY = {"layers": LAYERS, "heads": HEADS, **DRAWN}
U, FLAT, VALLEY = inverted_u(LAYERS), np.tile([0.4, 0.6], LAYERS // 2), 1 - inverted_u(LAYERS)
UNDEFINED = np.full(LAYERS, np.nan)


def ranking(profile, excess=None, seed=0, **scores):
    """Scores of heads around a layer profile, and others around the profile of the excess."""
    generator = np.random.default_rng(seed)
    columns = dict.fromkeys(SCORES, profile) | scores
    columns |= {"syn_red_score": profile, "excess_score": profile if excess is None else excess}
    heads = pd.DataFrame(columns).loc[np.repeat(np.arange(LAYERS), HEADS)].reset_index(drop=True)
    return heads + 0.02 * generator.standard_normal(heads.shape[::-1]).T


def atoms(within, null_within=0.0, null=True, seed=0):
    """Synergy 1 + `within` inside a layer and 1 outside, of which the null explains 0.5 and `null_within`."""
    generator = np.random.default_rng(seed)
    same = np.kron(np.eye(LAYERS), np.ones((HEADS, HEADS)))
    noise = generator.normal(0, 0.05, same.shape)
    sts = 1 + within * same + noise + noise.T
    expected = 0.5 + null_within * same if null else np.full(same.shape, np.nan)
    for matrix in (sts, expected):
        np.fill_diagonal(matrix, np.nan)
    return {"sts_matrix": sts, "sts_null_mean": expected}


def spread_out(n=40, seed=0):
    weights = np.random.default_rng(seed).gamma(4, 1, (n, n))
    return weights + weights.T


def clustered(n=40, seed=1):
    return np.kron(np.eye(n // 8), np.ones((8, 8))) * 10 + spread_out(n, seed) * 0.01


def graph_metrics(synergy, redundancy, null_networks=20):
    return measure_networks(synergy, redundancy, 0.15, 0, null_networks) | {"top_fraction": 0.15}


def ratio(estimate, p_value, paired=0.0001, n_seeds=5):
    interval = {"estimate": estimate, "ci_low": 0.9 * estimate, "ci_high": 1.1 * estimate, "p_value": p_value}
    return {**interval, "paired": {"p_value": paired}, "n_seeds": n_seeds, "n_seeds_for_half_of_interval": 7}


def ablation_table(orders=("synergistic", "random"), seeds=1):
    rows = [(n, n / 4 + 0.001, order, n / 4, seed) for order in orders for seed in range(seeds) for n in range(5)]
    table = pd.DataFrame(rows, columns=["num_heads_removed", "mean_kl_div", "order_type", "fraction_removed", "seed"])
    kl = table["mean_kl_div"]
    return table.assign(kl_ci_low=0.9 * kl, kl_ci_high=1.1 * kl, method="zero")


def accuracies(nll=(2.0, 1.5, 1.0), sigma=0.5, baseline=90, **correct):
    """Correct answers of 100 in each of two seeds; NLL of synergistic, random, redundant."""
    rows = [("baseline", 0.0, 0, 100, baseline, 0.0, 0.5)]
    for (condition, n_correct), value in zip(correct.items(), nll, strict=True):
        rows += [(condition, sigma, seed, 100, n_correct, 0.1, value) for seed in range(2)]
    names = ("condition", "sigma", "seed", "n_problems", "n_correct", "truncated_fraction", "solution_nll")
    return pd.DataFrame(rows, columns=names)


def compared(table):
    """The paired comparisons of a table of `accuracies`, in which the same problems are always the hard ones."""
    generator, scores = np.random.default_rng(0), []
    for row in table.itertuples():
        problems = np.arange(row.n_problems)
        nll = row.solution_nll + generator.normal(0, 0.2, row.n_problems)
        outcomes = pd.DataFrame({"id": problems, "correct": problems < row.n_correct, "solution_nll": nll})
        scores.append(Scores(row.condition, row.sigma, row.seed, outcomes, {}))
    return compare_conditions(scores, 500, 0)
