"""Every definition of the score side by side: each known to be, or not to be, an inverted U."""

import numpy as np
import pandas as pd
import pytest
from compare_scores import compare_scores

from synergy.claims.score_definitions import DEFINITION_COLUMNS, EXCESS, OBSERVED
from synergy.claims.verdicts import NOT_SUPPORTED, NOT_TESTABLE, OPPOSITE, SUPPORTED
from synergy.files.artifacts import write_npz
from synergy.files.tables import read_table, write_table
from synergy.heads.layer_profiles import inverted_u
from synergy.heads.scores import scores

LAYERS, HEADS = 12, 3
ARCH = np.repeat(inverted_u(LAYERS), HEADS)


def pairs(heads):
    """A matrix whose mean over partners rises and falls with `heads`."""
    matrix = heads[:, None] + heads[None, :]
    np.fill_diagonal(matrix, np.nan)
    return matrix


def compare(folder, synergy, redundancy, null=None, configured="rank_difference"):
    """A row a definition and kind of information, of a model with these atoms by head and synergy in its `null`."""
    atoms = {"sts_matrix": pairs(synergy), "rtr_matrix": pairs(redundancy)}
    undefined = np.full((LAYERS * HEADS,) * 2, np.nan)
    atoms["sts_null_mean"] = undefined if null is None else pairs(null)
    atoms["rtr_null_mean"] = undefined if null is None else np.zeros_like(undefined)
    means = [np.nanmean(atoms[name], axis=1) for name in ("sts_matrix", "rtr_matrix")]
    columns = scores(atoms["sts_matrix"], atoms["rtr_matrix"], *means)
    excess = np.full_like(means[0], np.nan) if null is None else means[0] - np.nanmean(atoms["sts_null_mean"], axis=1)
    columns |= {"syn_red_score": columns[configured], "excess_synergy": excess}
    columns |= {"excess_redundancy": means[1] if null is not None else excess}
    write_table(folder / "ranking.csv", pd.DataFrame(columns))
    write_npz(folder / "pairwise.npz", {"made_by": "merge_pairs"}, **atoms)
    compare_scores(
        models={"a-model": (LAYERS, HEADS)},
        rankings=[str(folder / "ranking.csv")],
        pairwise=[str(folder / "pairwise.npz")],
        significance=0.05,
        permutations=499,
        seed=0,
        definitions=str(folder / "definitions.csv"),
    )
    rows = read_table(folder / "definitions.csv")
    assert tuple(rows) == DEFINITION_COLUMNS
    return rows.set_index(["definition", "information"]).sort_index()


@pytest.fixture
def noise():
    return np.random.default_rng(0).random(LAYERS * HEADS)


def test_an_arch_of_synergy_is_one_under_every_definition(tmp_path, noise):
    rows = compare(tmp_path, 1 + ARCH, 1 + 0.1 * noise, null=np.full(LAYERS * HEADS, 0.5))
    assert rows["verdict"].tolist() == [SUPPORTED] * 6
    assert rows["correlation"].between(rows["ci_low"], rows["ci_high"] + 0.02).all()
    assert rows["quadratic_contrast"].between(rows["quadratic_ci_low"], rows["quadratic_ci_high"] + 0.02).all()


def test_an_arch_of_redundancy_is_the_opposite_and_an_even_model_is_none(tmp_path, noise):
    rows = compare(tmp_path, 1 + 0.01 * noise, 1 + ARCH, null=np.zeros(LAYERS * HEADS))
    assert set(rows["verdict"]) == {OPPOSITE}
    rows = compare(tmp_path, 1 + noise, 1 + noise[::-1], null=np.zeros(LAYERS * HEADS))
    assert set(rows["verdict"]) == {NOT_SUPPORTED}


def test_definitions_may_part(tmp_path):
    # Synergy and redundancy rise and fall together, redundancy by ten times as much: ranks cancel, values do not.
    ramp = 1e-3 * np.arange(LAYERS * HEADS)
    rows = compare(tmp_path, 1 + ARCH + ramp, 1 + 10 * ARCH, null=np.zeros(LAYERS * HEADS))
    verdicts = rows.xs(OBSERVED, level="information")["verdict"].to_dict()
    assert verdicts == {"value_difference": OPPOSITE, "balance": OPPOSITE, "rank_difference": NOT_SUPPORTED}


def test_a_null_that_is_the_arch_takes_it_away_from_every_definition(tmp_path, noise):
    rows = compare(tmp_path, 1 + ARCH + 0.1 * noise, 1 + 0.1 * noise[::-1], null=ARCH)
    assert set(rows.xs(OBSERVED, level="information")["verdict"]) == {SUPPORTED}
    assert set(rows.xs(EXCESS, level="information")["verdict"]) == {NOT_SUPPORTED}


def test_without_a_null_nothing_is_said_of_the_excess(tmp_path, noise):
    rows = compare(tmp_path, 1 + ARCH, 1 + noise)
    assert set(rows.xs(EXCESS, level="information")["verdict"]) == {NOT_TESTABLE}
    assert np.isnan(rows.loc[("balance", EXCESS), "correlation"])


@pytest.mark.parametrize("configured", ["rank_difference", "value_difference"])
def test_the_configured_definition_is_marked_and_correlates_with_itself(tmp_path, noise, configured):
    rows = compare(tmp_path, 1 + noise, 1 + noise[::-1] ** 2, configured=configured)
    assert rows[rows["configured"] == "True"].index.get_level_values("definition").tolist() == [configured] * 2
    assert rows.loc[(configured, OBSERVED), "rank_correlation_with_configured"] == pytest.approx(1)
