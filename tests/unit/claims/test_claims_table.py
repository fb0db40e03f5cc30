"""The table of claims of one model and of all."""

import decide_claims as script
import numpy as np
import pandas as pd
import pytest
from artifacts import (
    FLAT,
    GEOMETRY,
    U,
    ablation_table,
    accuracies,
    atoms,
    clustered,
    compared,
    graph_metrics,
    ranking,
    ratio,
    spread_out,
)
from merge_claims import merge_claims

from synergy.claims.verdicts import CLAIM_COLUMNS, NOT_TESTABLE, SUPPORTED
from synergy.files.artifacts import write_json, write_npz
from synergy.files.errors import InputError
from synergy.files.tables import read_table, write_table
from synergy.statistics.inference import holm


@pytest.fixture
def artifacts(tmp_path):
    """All inputs of the script, of a model for which the claims hold."""

    accurate = accuracies(synergistic=30, random=60, redundant=85)
    write_table(tmp_path / "ranking.csv", ranking(profile=U))
    write_table(tmp_path / "control.csv", ranking(profile=FLAT, seed=3))
    write_table(tmp_path / "ablation.csv", ablation_table())
    write_table(tmp_path / "math.csv", accurate)
    write_npz(tmp_path / "pairwise.npz", {}, **atoms(0.3))
    write_json(tmp_path / "metrics.json", graph_metrics(spread_out(), clustered()))
    write_json(
        tmp_path / "statistics.json",
        {"ratios": {f"synergistic/{o}": ratio(1.5, 0.001) for o in ("random", "random_layer_matched")}},
    )
    write_json(tmp_path / "math.json", compared(accurate))
    return {
        "ranking": str(tmp_path / "ranking.csv"),
        "control_ranking": [str(tmp_path / "control.csv")],
        "pairwise": tmp_path / "pairwise.npz",
        "metrics": tmp_path / "metrics.json",
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
    assert set(rows["verdict"]) == set(rows["verdict_after_control"]) == {SUPPORTED}
    assert (rows[["rule", "note", "statistic"]] != "").all(axis=None)
    assert (rows["p_value"] < 0.05).all()
    np.testing.assert_allclose(rows["p_value_holm"], holm(rows["p_value"]))
    assert capsys.readouterr().out.count(SUPPORTED) == 16


def test_script_without_an_untrained_model(artifacts, tmp_path):
    script.decide_claims(**(artifacts | {"control_ranking": []}), model="m", claims=str(tmp_path / "claims.csv"))
    verdicts = read_table(tmp_path / "claims.csv").set_index("claim")["verdict"]
    assert verdicts.pop(2) == NOT_TESTABLE
    assert set(verdicts) == {SUPPORTED}


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
