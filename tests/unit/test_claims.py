"""Every verdict of every claim, both ways, on artifacts for which it is known."""

import csv
import importlib.util
from pathlib import Path

import numpy as np
import pytest
from merge_claims import merge_claims

from synergy.artifacts import write_csv, write_json, write_npz
from synergy.claims import (
    COLUMNS,
    NOT_SUPPORTED,
    NOT_TESTABLE,
    OPPOSITE,
    STATEMENTS,
    SUPPORTED,
    Effect,
    decided,
    from_standard_error,
    worst,
)
from synergy.claims_behaviour import claim_ablation, claim_noise_redundant, claim_noise_synergistic
from synergy.claims_graphs import claim_efficiency, claim_modularity
from synergy.claims_profile import claim_absent_untrained, claim_inverted_u
from synergy.claims_within import claim_within_layers, within_minus_between
from synergy.curves import ablation_curve, methods, noise_floor
from synergy.errors import InputError
from synergy.graph_metrics import DESCRIPTIONS, headline_contrasts, network_definitions
from synergy.multiplicity import holm
from synergy.problem_scores import Scores
from synergy.problem_statistics import compare_conditions
from synergy.profiles import inverted_u
from synergy.proportions import Accuracy, pooled_accuracy
from synergy.rankings import SCORES
from synergy.seed_variance import N_BOOTSTRAP
from synergy.tables import read_table

REPOSITORY = Path(__file__).parents[2]

LAYERS, HEADS = 10, 4
DRAWN = {"significance": 0.05, "permutations": 199, "seed": 0}
GEOMETRY = {"layers": LAYERS, "heads": HEADS, **DRAWN}
U, FLAT, VALLEY = inverted_u(LAYERS), np.tile([0.4, 0.6], LAYERS // 2), 1 - inverted_u(LAYERS)
UNDEFINED = np.full(LAYERS, np.nan)

# The script bears the name of this file, so it is loaded under another.
_spec = importlib.util.spec_from_file_location("script", REPOSITORY / "workflow_scripts" / "test_claims.py")
script = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(script)


def ranking(profile, excess=None, seed=0, **scores):
    """Scores of heads around a layer profile, and others around the profile of the excess."""
    generator = np.random.default_rng(seed)
    table = {}
    columns = dict.fromkeys(SCORES, profile) | scores
    columns |= {"syn_red_score": profile, "excess_score": profile if excess is None else excess}
    for name, means in columns.items():
        table[name] = np.repeat(means, HEADS) + 0.02 * generator.standard_normal(LAYERS * HEADS)
    return table


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
    measured = [network_definitions(matrix, 0.15, 0, null_networks) for matrix in (synergy, redundancy)]
    definitions = {name: {"synergy": measured[0][name], "redundancy": measured[1][name]} for name in DESCRIPTIONS}
    contrasts = headline_contrasts(synergy, redundancy, 0.15, 0)
    return {"definitions": definitions, "contrasts_synergy_minus_redundancy": contrasts, "top_fraction": 0.15}


def ratio(estimate, p_value, paired=0.0001, n_seeds=5):
    interval = {"estimate": estimate, "ci_low": 0.9 * estimate, "ci_high": 1.1 * estimate, "p_value": p_value}
    return {**interval, "paired": {"p_value": paired}, "n_seeds": n_seeds, "n_seeds_for_half_of_interval": 7}


def ablation_table(orders=("synergistic", "random"), seeds=1):
    rows = [(n, n / 4, order, n / 4, seed, 0.1) for order in orders for seed in range(seeds) for n in range(5)]
    removed, kl, order, fraction, seed, _ = map(np.array, zip(*rows, strict=True))
    kl = kl + 0.001
    return {
        "num_heads_removed": removed.astype(float),
        "mean_kl_div": kl,
        "order_type": order,
        "fraction_removed": fraction,
        "seed": seed.astype(float),
        "kl_ci_low": 0.9 * kl,
        "kl_ci_high": 1.1 * kl,
        "method": np.full(len(kl), "zero"),
    }


def accuracies(nll=(2.0, 1.5, 1.0), sigma=0.5, baseline=90, **correct):
    """Correct answers of 100 in each of two seeds; NLL of synergistic, random, redundant."""
    rows = [("baseline", 0.0, 0, 100, baseline, 0.0, 0.5)]
    for (condition, n_correct), value in zip(correct.items(), nll, strict=True):
        rows += [(condition, sigma, seed, 100, n_correct, 0.1, value) for seed in range(2)]
    names = ("condition", "sigma", "seed", "n_problems", "n_correct", "truncated_fraction", "solution_nll")
    return dict(zip(names, map(np.array, zip(*rows, strict=True)), strict=True))


def compared(table):
    """The paired comparisons of a table of `accuracies`, in which the same problems are always the hard ones."""
    generator, scores = np.random.default_rng(0), []
    for row in zip(*table.values(), strict=True):
        condition, sigma, seed, n_problems, n_correct, _, nll = row
        correct = np.arange(n_problems) < n_correct
        none, text = np.zeros(n_problems, dtype=bool), np.full(n_problems, "")
        by_problem = nll + generator.normal(0, 0.2, n_problems)
        ids = np.arange(n_problems).astype(str)
        scores.append(Scores(condition, sigma, seed, correct, none, none, by_problem, ids, text, text, text, {}))
    return compare_conditions(scores, 500, 0)


# ---- the common rule


@pytest.mark.parametrize(
    ("effect", "verdict"),
    [
        (Effect(0.5, 0.01), SUPPORTED),
        (Effect(-0.5, 0.01), OPPOSITE),
        (Effect(0.5, 0.05), NOT_SUPPORTED),
        (Effect(0.0, 0.01), NOT_SUPPORTED),
        (Effect(0.5, 0.01, neutral=1.0), OPPOSITE),
        (Effect(0.5), NOT_TESTABLE),
        (Effect(0.5, 0.01, obstacle="something is missing"), NOT_TESTABLE),
    ],
)
def test_rule(effect, verdict):
    assert effect.verdict(0.05) == verdict


@pytest.mark.parametrize(
    ("control", "words"),
    [
        (Effect(0.5, 0.01), "leaves the verdict as it was"),
        (Effect(0.5, 0.5), "removes the effect"),
        (Effect(-0.5, 0.01), "reverses the effect"),
        (Effect(obstacle="no null was computed"), "could not be applied (no null was computed)"),
    ],
)
def test_note_says_what_the_control_did(control, words):
    row = decided(1, "", Effect(0.5, 0.01), "the control", control, 0.05).row("model")
    assert words in row["note"]
    assert tuple(row) == COLUMNS
    assert row["statement"] == STATEMENTS[1]


def test_standard_error_gives_a_normal_test():
    assert from_standard_error(1.96, 1.0).p_value == pytest.approx(0.05, abs=1e-4)
    assert from_standard_error(1.0, 0.0).verdict(0.05) == NOT_TESTABLE
    assert from_standard_error(1.0, float("nan")).verdict(0.05) == NOT_TESTABLE


def test_worst_is_the_test_least_in_favour():
    for_it, undecided, against = Effect(2, 0.01), Effect(1, 0.5), Effect(-1, 0.01)
    assert worst([for_it, undecided, against], 0.05) == against
    assert worst([for_it, undecided], 0.05) == undecided
    assert worst([for_it, Effect(obstacle="missing")], 0.05) == for_it
    assert worst([], 0.05).verdict(0.05) == NOT_TESTABLE


# ---- claims 1 and 2


@pytest.mark.parametrize(
    ("profile", "excess", "before", "after"),
    [
        (U, U, SUPPORTED, SUPPORTED),
        (U, FLAT, SUPPORTED, NOT_SUPPORTED),
        (U, VALLEY, SUPPORTED, OPPOSITE),
        (VALLEY, U, OPPOSITE, SUPPORTED),
        (FLAT, FLAT, NOT_SUPPORTED, NOT_SUPPORTED),
        (U, UNDEFINED, SUPPORTED, NOT_TESTABLE),
    ],
)
def test_inverted_u(profile, excess, before, after):
    claim = claim_inverted_u(ranking(profile, excess), **GEOMETRY)
    assert (claim.verdict, claim.verdict_after_control) == (before, after)


def test_inverted_u_shows_every_score_and_names_the_configured_one():
    table = ranking(FLAT, balance=U, value_difference=VALLEY)
    table["rank_difference"] = table["syn_red_score"]
    note = claim_inverted_u(table, **GEOMETRY).row("m")["note"]
    assert "Configured score: rank difference." in note
    for name, verdict in (("rank difference", NOT_SUPPORTED), ("value difference", OPPOSITE), ("balance", SUPPORTED)):
        described = next(part for part in note.split("Every definition: ")[1].split("; ") if part.startswith(name))
        assert described.removesuffix(".").endswith(f", {verdict}")


def test_inverted_u_interval_holds_the_estimate_of_a_clear_profile():
    test = claim_inverted_u(ranking(U), **GEOMETRY).test
    assert test.ci_low < test.estimate < test.ci_high + 1e-3
    assert test.ci_low > 0.9


def test_too_few_layers_are_not_testable():
    table = {name: column[: 2 * HEADS] for name, column in ranking(U).items()}
    claim = claim_inverted_u(table, layers=2, heads=HEADS, **DRAWN)
    assert claim.verdict == claim.verdict_after_control == NOT_TESTABLE
    assert "could not be tested" in claim.row("m")["note"]


@pytest.mark.parametrize(
    ("trained", "untrained", "verdict"),
    [
        (U, FLAT, SUPPORTED),
        (U, VALLEY, SUPPORTED),
        (U, U, NOT_SUPPORTED),
        (FLAT, FLAT, NOT_TESTABLE),
        (FLAT, U, OPPOSITE),
    ],
)
def test_absent_in_the_untrained_model(trained, untrained, verdict):
    claim = claim_absent_untrained(ranking(trained, seed=1), ranking(untrained, seed=2), **GEOMETRY)
    if trained is U and untrained is U:
        # Which of two equal fits is the better is chance.
        assert claim.verdict in (NOT_SUPPORTED, OPPOSITE)
    else:
        assert claim.verdict == verdict


@pytest.mark.parametrize(
    ("trained", "untrained", "after"),
    [
        (U, FLAT, SUPPORTED),
        (0.3 * U + 0.7 * FLAT, U, OPPOSITE),  # what is left after the null is the better arch without training
        (FLAT, FLAT, NOT_TESTABLE),
        (UNDEFINED, UNDEFINED, NOT_TESTABLE),
    ],
)
def test_absence_is_tested_again_on_the_null_subtracted_scores(trained, untrained, after):
    claim = claim_absent_untrained(ranking(U, trained, seed=1), ranking(FLAT, untrained, seed=2), **GEOMETRY)
    assert (claim.verdict, claim.verdict_after_control) == (SUPPORTED, after)
    if after == OPPOSITE:
        assert "reverses the effect" in claim.row("m")["note"]


def test_inverted_u_tells_the_quadratic_contrast_and_the_stricter_rotations():
    slope = np.linspace(0, 1, LAYERS)
    arch, straight = (claim_inverted_u(ranking(profile), **GEOMETRY).row("m") for profile in (0.2 + 0.7 * U, slope))
    assert "Quadratic contrast (rise from the ends to the middle) 0.7" in arch["note"]
    assert straight["verdict"] == NOT_SUPPORTED
    assert "under rotations of the layer order" in straight["note"]


@pytest.mark.parametrize("control", [None, {name: values[:8] for name, values in ranking(FLAT).items()}])
def test_absence_without_a_fitting_untrained_model_is_not_testable(control):
    claim = claim_absent_untrained(ranking(U), control, **GEOMETRY)
    assert claim.verdict == claim.verdict_after_control == NOT_TESTABLE
    assert "untrained model" in claim.row("m")["note"]


# ---- claim 3


@pytest.mark.parametrize(
    ("within", "null_within", "before", "after"),
    [
        (0.3, 0.0, SUPPORTED, SUPPORTED),
        (0.3, 0.3, SUPPORTED, NOT_SUPPORTED),
        (0.3, 0.6, SUPPORTED, OPPOSITE),
        (-0.3, 0.0, OPPOSITE, OPPOSITE),
        (0.0, 0.0, NOT_SUPPORTED, NOT_SUPPORTED),
    ],
)
def test_within_layers(within, null_within, before, after):
    claim = claim_within_layers(atoms(within, null_within), **GEOMETRY)
    assert (claim.verdict, claim.verdict_after_control) == (before, after)
    assert claim.test.estimate == pytest.approx(within, abs=0.03)
    assert claim.test.ci_low < claim.test.estimate < claim.test.ci_high


def test_within_layers_without_a_null():
    claim = claim_within_layers(atoms(0.3, null=False), **GEOMETRY)
    assert (claim.verdict, claim.verdict_after_control) == (SUPPORTED, NOT_TESTABLE)


def test_within_layers_leaves_out_undefined_pairs():
    matrix = atoms(0.3)["sts_matrix"]
    blunted = matrix.copy()
    blunted[0, 1] = blunted[1, 0] = blunted[0, 9] = blunted[9, 0] = np.nan
    defined = np.isfinite(blunted)
    same = np.kron(np.eye(LAYERS), np.ones((HEADS, HEADS))) > 0
    expected = blunted[same & defined].mean() - blunted[~same & defined].mean()
    assert within_minus_between(blunted, LAYERS, HEADS, 19, 0).estimate == pytest.approx(expected)
    assert within_minus_between(np.full_like(matrix, np.nan), LAYERS, HEADS, 19, 0).verdict(0.05) == NOT_TESTABLE
    assert within_minus_between(matrix, 1, LAYERS * HEADS, 19, 0).verdict(0.05) == NOT_TESTABLE


def test_within_layers_under_noise_is_rarely_significant():
    p_values = [
        within_minus_between(atoms(0, seed=seed)["sts_matrix"], LAYERS, HEADS, 99, seed).p_value for seed in range(60)
    ]
    assert np.mean(np.array(p_values) < 0.05) < 0.15
    assert 0.35 < np.mean(p_values) < 0.65


# ---- claims 4 and 5


@pytest.mark.parametrize(
    ("synergy", "redundancy", "verdict"),
    [
        (spread_out(), clustered(), SUPPORTED),
        (clustered(), spread_out(), OPPOSITE),
        (spread_out(seed=2), spread_out(seed=3), NOT_SUPPORTED),
    ],
)
@pytest.mark.parametrize("claim_of", [claim_efficiency, claim_modularity])
def test_graphs(claim_of, synergy, redundancy, verdict):
    claim = claim_of(graph_metrics(synergy, redundancy), significance=0.05)
    assert (claim.verdict, claim.verdict_after_control) == (verdict, verdict)


def test_weights_that_alone_make_the_difference_are_removed_by_the_shuffle():
    # No structure in either, but the second's strongest edges are far stronger than the rest.
    even, uneven = spread_out(seed=4), spread_out(seed=5) ** 6
    metrics = graph_metrics(even, uneven)
    claim = claim_modularity(metrics, 0.05)
    assert claim.verdict == SUPPORTED
    assert claim.verdict_after_control == NOT_SUPPORTED
    assert "removes the effect" in claim.row("m")["note"]


def sparse(graph, n_edges):
    """Only the strongest pairs have a positive weight; the others do not count as edges."""
    threshold = np.sort(graph[np.triu_indices(len(graph), k=1)])[-n_edges]
    return np.where(graph >= threshold, graph, -1.0)


def test_an_efficiency_that_follows_from_the_number_of_edges_is_removed_by_the_shuffle():
    # Neither has structure, but redundancy is positive in fewer pairs than the graph would keep.
    claim = claim_efficiency(graph_metrics(spread_out(seed=6), sparse(spread_out(seed=7), 40)), 0.05)
    assert (claim.verdict, claim.verdict_after_control) == (SUPPORTED, NOT_SUPPORTED)
    assert "removes the effect" in claim.row("m")["note"]


def test_an_efficiency_below_that_of_shuffled_graphs_is_reversed():
    # Synergy has more edges, yet fewer short paths than as many edges at random; redundancy has few, all at random.
    claim = claim_efficiency(graph_metrics(clustered(seed=8), sparse(spread_out(seed=9), 40)), 0.05)
    assert (claim.verdict, claim.verdict_after_control) == (NOT_SUPPORTED, OPPOSITE)
    assert "changes the verdict from not supported to opposite" in claim.row("m")["note"]


def test_too_few_null_networks_for_any_p_below_the_level_are_not_testable():
    claim = claim_efficiency(graph_metrics(spread_out(), clustered(), null_networks=19), 0.05)
    assert (claim.verdict, claim.verdict_after_control) == (SUPPORTED, NOT_TESTABLE)
    assert "at least 20 shuffled networks" in claim.row("m")["note"]


def test_definitions_that_disagree_are_told():
    # More efficient by its weights, less by its structure.
    note = claim_efficiency(graph_metrics(100 * clustered(), spread_out()), 0.05).row("m")["note"]
    assert "They do not all point the same way." in note
    note = claim_modularity(graph_metrics(spread_out(), clustered()), 0.05).row("m")["note"]
    assert "All point the same way." in note


# ---- claim 6

SMALLEST = 2 / (1 + N_BOOTSTRAP)


@pytest.mark.parametrize(
    ("random", "by_layer", "by_autocorrelation", "before", "after"),
    [
        ((1.5, SMALLEST), (1.3, 0.001), (1.2, 0.01), SUPPORTED, SUPPORTED),
        ((1.5, SMALLEST), (1.3, 0.001), (1.0, 0.4), SUPPORTED, NOT_SUPPORTED),
        ((1.5, SMALLEST), (1.3, 0.001), (0.7, 0.001), SUPPORTED, OPPOSITE),
        ((1.1, 0.08), (1.1, 0.08), (1.1, 0.08), NOT_SUPPORTED, NOT_SUPPORTED),
        ((1.1, 0.01, 0.08), (1.1, 0.01), (1.1, 0.01), NOT_SUPPORTED, SUPPORTED),  # the paired test disagrees
        ((0.6, SMALLEST), (0.7, SMALLEST), (0.7, SMALLEST), OPPOSITE, OPPOSITE),
    ],
)
def test_ablation(random, by_layer, by_autocorrelation, before, after):
    orders = {"random": random, "random_layer_matched": by_layer, "random_autocorrelation_matched": by_autocorrelation}
    statistics = {"ratios": {f"synergistic/{order}": ratio(*values) for order, values in orders.items()}}
    claim = claim_ablation(statistics, ablation_table(), 0.05)
    assert (claim.verdict, claim.verdict_after_control) == (before, after)
    assert claim.test.neutral == 1
    assert claim.control_test.estimate == min(by_layer[0], by_autocorrelation[0])


@pytest.mark.parametrize(
    "ratios",
    [
        {},
        {"synergistic/redundant": ratio(2, 0.001)},
        {"synergistic/random": {"estimate": 2}},
        {"synergistic/random": {**ratio(2, 0.001), "paired": {}}},
    ],
)
def test_ablation_without_the_random_order_is_not_testable(ratios):
    claim = claim_ablation({"ratios": ratios}, ablation_table(("synergistic",)), 0.05)
    assert claim.verdict == claim.verdict_after_control == NOT_TESTABLE


def test_ablation_without_matched_orders_has_no_control():
    claim = claim_ablation({"ratios": {"synergistic/random": ratio(2, 0.001)}}, ablation_table(), 0.05)
    assert (claim.verdict, claim.verdict_after_control) == (SUPPORTED, NOT_TESTABLE)
    assert "no matched order was run" in claim.row("m")["note"]


@pytest.mark.parametrize(
    ("n_seeds", "said"), [(1, "one drawn order: its chance is not in the interval"), (5, "5 drawn orders; with 7 they")]
)
def test_ablation_says_what_its_seeds_are_worth(n_seeds, said):
    statistics = {"ratios": {"synergistic/random": ratio(2, 0.001, n_seeds=n_seeds)}}
    assert said in claim_ablation(statistics, ablation_table(), 0.05).row("m")["note"]


def test_ablation_by_other_methods_is_told_apart():
    zero, mean = ablation_table(), ablation_table()
    mean["mean_kl_div"] = 9 * mean["mean_kl_div"]
    mean["method"] = np.full(len(mean["method"]), "mean")
    table = {name: np.concatenate([zero[name], mean[name]]) for name in zero}
    assert methods(table) == ["zero", "mean"]
    curves = [ablation_curve(table, "random", method).kl for method in ("zero", "mean")]
    np.testing.assert_allclose(9 * curves[0], curves[1])
    note = claim_ablation({"ratios": {"synergistic/random": ratio(2, 0.001)}}, table, 0.05).row("m")["note"]
    assert "replaced by: zero (tested); mean" in note
    assert "synergistic 0.251 at 25%" in note


def test_curve_averages_seeds_and_spans_their_intervals():
    table = ablation_table(("random",), seeds=2)
    table["mean_kl_div"] = table["mean_kl_div"] * np.where(table["seed"] == 1, 3, 1)
    curve = ablation_curve(table, "random", "zero")
    np.testing.assert_allclose(curve.kl, 2 * (np.arange(5) / 4 + 0.001))
    np.testing.assert_allclose(curve.low, 0.9 * (np.arange(5) / 4 + 0.001))
    np.testing.assert_allclose(curve.high, 3 * (np.arange(5) / 4 + 0.001))
    assert curve.n_seeds == 2
    assert ablation_curve(table, "synergistic", "zero") is None
    assert noise_floor(table) == pytest.approx(0.002)


# ---- claims 7 and 8


def noise_claims(table, statistics=None):
    statistics = compared(table) if statistics is None else statistics
    return [claim_of(table, statistics, 0.5, 0.05) for claim_of in (claim_noise_synergistic, claim_noise_redundant)]


@pytest.mark.parametrize(
    ("correct", "seventh", "eighth"),
    [
        ({"synergistic": 30, "random": 60, "redundant": 85}, SUPPORTED, SUPPORTED),
        ({"synergistic": 60, "random": 30, "redundant": 60}, NOT_SUPPORTED, NOT_SUPPORTED),
        ({"synergistic": 85, "random": 60, "redundant": 30}, OPPOSITE, OPPOSITE),
        ({"synergistic": 30, "random": 85, "redundant": 84}, SUPPORTED, NOT_SUPPORTED),
        ({"synergistic": 58, "random": 60, "redundant": 62}, NOT_SUPPORTED, NOT_SUPPORTED),
        # Eight problems fewer, and never another one more: nothing for independent samples, plain when paired.
        ({"synergistic": 52, "random": 60, "redundant": 68}, SUPPORTED, SUPPORTED),
    ],
)
def test_noise(correct, seventh, eighth):
    claims = noise_claims(accuracies(**correct))
    assert [claim.verdict for claim in claims] == [seventh, eighth]
    # The solution NLL of these tables is worst for synergistic and best for redundant heads.
    assert [claim.verdict_after_control for claim in claims] == [SUPPORTED, SUPPORTED]


def test_effects_point_in_the_direction_of_the_claim():
    seventh, eighth = noise_claims(accuracies(synergistic=30, random=60, redundant=85))
    assert (seventh.test.estimate, eighth.test.estimate) == pytest.approx((0.3, 0.25))
    assert seventh.control_test.estimate == pytest.approx(0.5, abs=0.1)
    assert eighth.control_test.estimate == pytest.approx(0.5, abs=0.1)
    for claim in (seventh, eighth):
        assert 0 < claim.test.ci_low < claim.test.estimate < claim.test.ci_high
        assert claim.test.p_value < 0.01
    assert "synergistic less random -30.0%, -30.0%" in seventh.row("m")["note"]
    assert "60/200" in seventh.row("m")["note"]


@pytest.mark.parametrize(
    ("nll", "seventh", "eighth"),
    [
        ((1.0, 1.5, 2.0), OPPOSITE, OPPOSITE),
        ((2.0, 2.0, 2.0), NOT_SUPPORTED, NOT_SUPPORTED),
        ((2.0, 1.5, 2.5), NOT_SUPPORTED, OPPOSITE),
    ],
)
def test_likelihood_of_the_solutions_is_the_control(nll, seventh, eighth):
    claims = noise_claims(accuracies(nll=nll, synergistic=30, random=60, redundant=85))
    assert [claim.verdict for claim in claims] == [SUPPORTED, SUPPORTED]
    assert [claim.verdict_after_control for claim in claims] == [seventh, eighth]


@pytest.mark.parametrize(
    ("table", "why"),
    [
        (accuracies(nll=(2.0, 1.0), synergistic=30, random=60), "redundant was not run"),
        (accuracies(sigma=1.0, synergistic=30, random=60, redundant=85), "sigmas run: 1"),
        (accuracies(baseline=0, synergistic=0, random=0, redundant=0), "no problem is solved without noise"),
    ],
)
def test_noise_that_was_not_measured_is_not_testable(table, why):
    for claim in noise_claims(table):
        assert claim.verdict == claim.verdict_after_control == NOT_TESTABLE
        assert why in claim.row("m")["note"]


def test_conditions_that_were_not_compared_are_not_testable():
    table = accuracies(synergistic=30, random=60, redundant=85)
    statistics = compared(table)
    statistics["pooled"] = [record for record in statistics["pooled"] if record["first"] != "redundant"]
    for claim in noise_claims(table, statistics):
        assert claim.verdict == NOT_TESTABLE


def test_seeds_are_pooled():
    pooled = pooled_accuracy(accuracies(synergistic=30, random=60, redundant=85), "random", 0.5)
    assert (pooled.n_correct, pooled.n_problems, pooled.by_seed) == (120, 200, (0.6, 0.6))
    # Twice the same answers are no more certain than once.
    assert pooled.interval == pytest.approx(Accuracy(60, 100, 0, 0, (0.6,)).interval)
    assert pooled_accuracy(accuracies(synergistic=1, random=1, redundant=1), "random", 0.7) is None


# ---- the scripts


@pytest.fixture
def artifacts(tmp_path):
    """All inputs of the script, of a model for which the claims hold."""

    def scores(name, **profiles):
        table = ranking(**profiles)
        write_csv(tmp_path / name, list(table), list(zip(*table.values(), strict=True)))
        return str(tmp_path / name)

    write_npz(tmp_path / "pairwise.npz", {}, **atoms(0.3))
    write_json(tmp_path / "metrics.json", graph_metrics(spread_out(), clustered()))
    write_json(
        tmp_path / "statistics.json",
        {"ratios": {f"synergistic/{o}": ratio(1.5, 0.001) for o in ("random", "random_layer_matched")}},
    )
    write_json(tmp_path / "math.json", compared(accuracies(synergistic=30, random=60, redundant=85)))
    for name, table in (
        ("ablation.csv", ablation_table()),
        ("math.csv", accuracies(synergistic=30, random=60, redundant=85)),
    ):
        write_csv(tmp_path / name, list(table), list(zip(*table.values(), strict=True)))
    return {
        "ranking": scores("ranking.csv", profile=U),
        "control_ranking": [scores("control.csv", profile=FLAT, seed=3)],
        "pairwise": tmp_path / "pairwise.npz",
        "metrics": tmp_path / "metrics.json",
        "ablation": tmp_path / "ablation.csv",
        "ablation_statistics": tmp_path / "statistics.json",
        "math": tmp_path / "math.csv",
        "math_statistics": tmp_path / "math.json",
        "sigma": 0.5,
        **GEOMETRY,
    }


def read_rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_script_writes_a_row_a_claim(artifacts, tmp_path, capsys):
    script.test_claims(**artifacts, model="some-model", claims=str(tmp_path / "claims.csv"))
    rows = read_rows(tmp_path / "claims.csv")
    assert [row["claim"] for row in rows] == list("12345678")
    assert {row["model"] for row in rows} == {"some-model"}
    assert tuple(rows[0]) == COLUMNS
    assert {row["verdict"] for row in rows} == {SUPPORTED}
    assert {row["verdict_after_control"] for row in rows} == {SUPPORTED}
    assert all(row["rule"] and row["note"] and row["statistic"] for row in rows)
    assert all(float(row["p_value"]) < 0.05 for row in rows)
    corrected = holm([float(row["p_value"]) for row in rows])
    np.testing.assert_allclose([float(row["p_value_holm"]) for row in rows], corrected)
    assert capsys.readouterr().out.count(SUPPORTED) == 16


def test_script_without_an_untrained_model(artifacts, tmp_path):
    script.test_claims(**(artifacts | {"control_ranking": []}), model="m", claims=str(tmp_path / "claims.csv"))
    verdicts = {row["claim"]: row["verdict"] for row in read_rows(tmp_path / "claims.csv")}
    assert verdicts.pop("2") == NOT_TESTABLE
    assert set(verdicts.values()) == {SUPPORTED}


def test_merging_orders_by_claim_and_keeps_the_models_order(artifacts, tmp_path):
    paths = [str(tmp_path / f"{model}.csv") for model in ("zebra", "ant")]
    for path, model in zip(paths, ("zebra", "ant"), strict=True):
        script.test_claims(**artifacts, model=model, claims=path)
    merge_claims(paths, str(tmp_path / "all.csv"))
    rows = read_rows(tmp_path / "all.csv")
    assert [(row["claim"], row["model"]) for row in rows][:3] == [("1", "zebra"), ("1", "ant"), ("2", "zebra")]
    assert len(rows) == 16
    assert rows[0] == read_rows(paths[0])[0]


def test_merging_refuses_another_table(tmp_path):
    (tmp_path / "other.csv").write_text("model,claim\nm,1\n")
    with pytest.raises(InputError, match=r"other\.csv"):
        merge_claims([str(tmp_path / "other.csv")], str(tmp_path / "all.csv"))
    assert not (tmp_path / "all.csv").exists()


@pytest.mark.parametrize(
    ("text", "found"), [("", "no a"), ("b\n1\n", "no a"), ("a,b\n1\n", "found 1"), (None, "no such file")]
)
def test_tables_that_cannot_be_read_say_why(tmp_path, text, found):
    if text is not None:
        (tmp_path / "table.csv").write_text(text)
    with pytest.raises(InputError, match=found):
        read_table(tmp_path / "table.csv", required=("a",))


def test_tables_keep_words_and_read_empty_cells_as_undefined(tmp_path):
    (tmp_path / "table.csv").write_text("a,b\n1,x\n,2\n")
    table = read_table(tmp_path / "table.csv")
    np.testing.assert_array_equal(table["a"], [1, np.nan])
    assert list(table["b"]) == ["x", "2"]
