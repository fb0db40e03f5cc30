"""A ranking is read where it has a row for each head, in order; the score that orders it is recognised."""

import pandas as pd
import pytest

from synergy.files.errors import InputError
from synergy.files.tables import write_table
from synergy.heads.scores import configured_score, read_ranking

HEADS = pd.DataFrame({"head_idx": range(6), "layer": [0, 0, 1, 1, 2, 2], "syn_red_score": 0.5})


@pytest.mark.parametrize("n_heads_total", [6, None])
def test_rows_in_order_are_read(tmp_path, n_heads_total):
    write_table(tmp_path / "a.csv", HEADS)
    pd.testing.assert_frame_equal(read_ranking(tmp_path / "a.csv", n_heads_total, ("layer",)), HEADS)


@pytest.mark.parametrize(
    ("table", "n_heads_total", "found"),
    [
        (HEADS, 8, r"found 6 rows\."),
        (HEADS[::-1], 6, "found 6 rows, in another order"),
        (HEADS.assign(layer=[0, 1, 0, 1, 0, 1]), None, "found 6 rows, in another order"),
        (HEADS[:5], None, "found 5 rows, in another order"),  # a layer has fewer heads than the others
    ],
)
def test_rows_missing_or_in_another_order_are_refused(tmp_path, table, n_heads_total, found):
    write_table(tmp_path / "a.csv", table)
    with pytest.raises(InputError, match=rf"layer by layer, in order, in .*a\.csv; {found}"):
        read_ranking(tmp_path / "a.csv", n_heads_total, ("layer",))


def test_configured_score_is_recognised():
    table = pd.DataFrame({"rank_difference": [0.1, 0.9], "value_difference": [0.0, 1.0], "balance": [0.0, 0.0]})
    assert configured_score(table.assign(syn_red_score=table["value_difference"])) == "value difference"
    assert configured_score(table.assign(syn_red_score=9.0)) == "score"
