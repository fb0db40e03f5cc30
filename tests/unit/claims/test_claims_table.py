"""The table of claims of one model and of all."""

import decide_claims as script
import numpy as np
import pandas as pd
import pytest
from artifacts import GEOMETRY, ablation_table, accuracies, analysed, compared, heads_series, ratio
from merge_claims import merge_claims

from synergy.claims.verdicts import CLAIM_COLUMNS, NOT_TESTABLE, SUPPORTED, UNDECIDED
from synergy.files.artifacts import write_json
from synergy.files.errors import InputError
from synergy.files.tables import read_table, write_table
from synergy.statistics.inference import holm

MATCHED = ("random", "random_layer_matched", "random_autocorrelation_matched")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """What the scripts make of heads that share noise within layers, and of an untrained twin."""
    folder = tmp_path_factory.mktemp("model")
    trained, twin = heads_series(within=0.7), heads_series(phi=0.3, seed=5)
    both = {"model": trained, "twin": twin}
    return [analysed(folder, series, surrogates=159, name=name) for name, series in both.items()]


@pytest.fixture
def artifacts(model, tmp_path):
    """All inputs of the script; behaviour is as the claims have it."""
    own, twin = model
    accurate = accuracies(n_sets=119, synergistic=30, random=60, redundant=85)
    write_table(tmp_path / "ablation.csv", ablation_table())
    write_table(tmp_path / "math.csv", accurate)
    ratios = {f"synergistic/{order}": ratio(1.5, 2 / 120) for order in MATCHED}
    write_json(tmp_path / "statistics.json", {"ratios": ratios})
    write_json(tmp_path / "math.json", compared(accurate))
    return {
        "ranking": own["ranking"],
        "ranking_summary": own["summary"],
        "pairwise": own["pairwise"],
        "metrics": own["metrics"],
        "control_rankings": [twin["ranking"]],
        "control_summaries": [twin["summary"]],
        "control_pairwise": [twin["pairwise"]],
        "ablation": tmp_path / "ablation.csv",
        "ablation_statistics": tmp_path / "statistics.json",
        "math": tmp_path / "math.csv",
        "math_statistics": tmp_path / "math.json",
        "sigma": 0.5,
        **GEOMETRY,
    }


def test_script_writes_a_row_a_claim(artifacts, tmp_path, capsys):
    script.decide_claims(**artifacts, model="some-model", claims=str(tmp_path / "claims.csv"))
    rows = read_table(tmp_path / "claims.csv")
    assert tuple(rows) == CLAIM_COLUMNS
    assert rows["claim"].tolist() == list(range(1, 9))
    assert set(rows["model"]) == {"some-model"}
    assert (rows[["rule", "note", "statistic", "decided_by", "control_decided_by"]] != "").all(axis=None)
    for p_value, corrected, verdict in (
        ("p_value", "p_value_holm", "verdict"),
        ("control_p_value", "control_p_value_holm", "verdict_after_control"),
    ):
        tested = rows[rows[verdict] != NOT_TESTABLE]
        np.testing.assert_allclose(tested[corrected], holm(tested[p_value]))
        decided = tested[verdict].ne(UNDECIDED)
        assert (tested.loc[decided, corrected] <= 0.05).all()
    assert rows.set_index("claim").loc[3, "verdict_after_control"] == SUPPORTED  # noise shared within layers
    assert capsys.readouterr().out.count("after control") == 8


def test_script_without_an_untrained_model(artifacts, tmp_path):
    none = {f"control_{kind}": [] for kind in ("rankings", "summaries", "pairwise")}
    script.decide_claims(**(artifacts | none), model="m", claims=str(tmp_path / "claims.csv"))
    verdicts = read_table(tmp_path / "claims.csv").set_index("claim")["verdict"]
    assert verdicts[2] == NOT_TESTABLE


def test_merging_orders_by_claim_and_keeps_the_models_order(artifacts, tmp_path):
    paths = [str(tmp_path / f"{model}.csv") for model in ("zebra", "ant")]
    for path, model in zip(paths, ("zebra", "ant"), strict=True):
        script.decide_claims(**artifacts, model=model, claims=path)
    merge_claims(paths, str(tmp_path / "all.csv"))
    rows = read_table(tmp_path / "all.csv")
    assert rows["claim"].tolist() == [claim for claim in range(1, 9) for _ in range(2)]
    assert rows["model"].tolist() == ["zebra", "ant"] * 8
    pd.testing.assert_frame_equal(rows[rows["model"] == "ant"].reset_index(drop=True), read_table(paths[1]))


def test_merging_refuses_another_table(tmp_path):
    (tmp_path / "other.csv").write_text("model,claim\nm,1\n")
    with pytest.raises(InputError, match=r"other\.csv"):
        merge_claims([str(tmp_path / "other.csv")], str(tmp_path / "all.csv"))
    assert not (tmp_path / "all.csv").exists()
