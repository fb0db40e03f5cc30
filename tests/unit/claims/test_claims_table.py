"""The table of claims of one model and of all, and what the reading of tables refuses."""

import csv

import decide_claims as script
import numpy as np
import pytest
from claim_artifacts import (
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
from synergy.files.artifacts import write_csv, write_json, write_npz
from synergy.files.errors import InputError
from synergy.files.tables import read_table
from synergy.statistics.inference import holm


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
    script.decide_claims(**artifacts, model="some-model", claims=str(tmp_path / "claims.csv"))
    rows = read_rows(tmp_path / "claims.csv")
    assert [row["claim"] for row in rows] == list("12345678")
    assert {row["model"] for row in rows} == {"some-model"}
    assert tuple(rows[0]) == CLAIM_COLUMNS
    assert {row["verdict"] for row in rows} == {SUPPORTED}
    assert {row["verdict_after_control"] for row in rows} == {SUPPORTED}
    assert all(row["rule"] and row["note"] and row["statistic"] for row in rows)
    assert all(float(row["p_value"]) < 0.05 for row in rows)
    corrected = holm([float(row["p_value"]) for row in rows])
    np.testing.assert_allclose([float(row["p_value_holm"]) for row in rows], corrected)
    assert capsys.readouterr().out.count(SUPPORTED) == 16


def test_script_without_an_untrained_model(artifacts, tmp_path):
    script.decide_claims(**(artifacts | {"control_ranking": []}), model="m", claims=str(tmp_path / "claims.csv"))
    verdicts = {row["claim"]: row["verdict"] for row in read_rows(tmp_path / "claims.csv")}
    assert verdicts.pop("2") == NOT_TESTABLE
    assert set(verdicts.values()) == {SUPPORTED}


def test_merging_orders_by_claim_and_keeps_the_models_order(artifacts, tmp_path):
    paths = [str(tmp_path / f"{model}.csv") for model in ("zebra", "ant")]
    for path, model in zip(paths, ("zebra", "ant"), strict=True):
        script.decide_claims(**artifacts, model=model, claims=path)
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
