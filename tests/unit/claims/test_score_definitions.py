"""Every definition of the score side by side, on models of which it is known what they are."""

import numpy as np
import pytest
from artifacts import DRAWN, FLAT, HEADS, LAYERS, VALLEY, U, analysed, heads_series, measured
from compare_scores import compare_scores

from synergy.claims.score_definitions import BEYOND, DEFINITION_COLUMNS, OBSERVED, definition_rows
from synergy.claims.verdicts import NOT_TESTABLE, OPPOSITE, SUPPORTED, UNDECIDED
from synergy.files.tables import read_table

DEFINITIONS = ["rank_difference", "value_difference", "balance", "integration", "numit"]
OF_INFORMATION = DEFINITIONS[:4]  # numit's null has no draws of its own


def rows_of(own):
    rows = definition_rows("m", own, LAYERS, HEADS, **DRAWN)
    assert tuple(rows) == DEFINITION_COLUMNS
    assert rows["definition"].tolist() == DEFINITIONS * 2
    return rows.set_index(["information", "definition"])


@pytest.mark.parametrize(
    ("profile", "null", "observed", "beyond"),
    [
        (U, FLAT, SUPPORTED, SUPPORTED),
        (U, U, SUPPORTED, UNDECIDED),
        (VALLEY, FLAT, OPPOSITE, UNDECIDED),
        (FLAT, FLAT, UNDECIDED, UNDECIDED),
    ],
)
def test_an_arch_is_one_under_every_definition(profile, null, observed, beyond):
    rows = rows_of(measured(profile, null, surrogates=159, seed=4))
    assert set(rows.loc[OBSERVED].loc[OF_INFORMATION, "verdict"]) == {observed}
    assert set(rows.loc[BEYOND].loc[OF_INFORMATION, "verdict"]) == {beyond}
    assert rows.loc[BEYOND].loc["numit", "verdict"] == NOT_TESTABLE
    known = rows.loc[OBSERVED].loc[OF_INFORMATION]
    assert known["correlation"].between(known["ci_low"], known["ci_high"]).all()


def test_without_a_null_nothing_is_said_beyond_it():
    rows = rows_of(measured(U, surrogates=0))
    assert set(rows.loc[BEYOND, "verdict"]) == {NOT_TESTABLE}


def test_the_configured_definition_is_marked_and_correlates_with_itself():
    rows = rows_of(measured(U))
    assert rows["configured"].sum() == 2
    assert rows.loc[(OBSERVED, "rank_difference"), "rank_correlation_with_configured"] == pytest.approx(1)


def test_the_script_writes_the_rows_of_every_model(tmp_path):
    models = {"one": heads_series(), "two": heads_series(seed=3)}
    paths = [analysed(tmp_path, series, name=name) for name, series in models.items()]
    compare_scores(
        models=dict.fromkeys(models, (LAYERS, HEADS)),
        rankings=[own["ranking"] for own in paths],
        summaries=[own["summary"] for own in paths],
        pairwise=[own["pairwise"] for own in paths],
        **DRAWN,
        definitions=str(tmp_path / "definitions.csv"),
    )
    rows = read_table(tmp_path / "definitions.csv")
    assert rows["model"].tolist() == ["one"] * 10 + ["two"] * 10
    observed = rows[rows["information"] == OBSERVED]
    assert np.isfinite(observed["correlation"]).all()
    assert (observed["p_value"] <= observed["p_value_holm"]).all()
