"""Published values and the configured score are found by their names."""

import pandas as pd
import pytest
from figure_artifacts import PUBLISHED

from synergy.claims.published import read_published
from synergy.heads.ranking_table import configured_score


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("gemma3-4b-it", "gemma3-4b-it"),
        ("gemma3-4b", "gemma3-4b-it"),
        ("qwen3-8b", "qwen3-8b-base"),
        ("gemma3-4b-random", None),
        ("gemma3", None),
        ("smollm2-135m", None),
    ],
)
def test_published_models_are_found_by_key_or_variant(model, name):
    found, rows = read_published(PUBLISHED / "fig2c_layer_profile.csv", model, ("layer",))
    assert found == name
    assert set(rows["model"]) == ({name} if name else set())


def test_configured_score_is_recognised():
    table = pd.DataFrame({"rank_difference": [0.1, 0.9], "value_difference": [0.0, 1.0], "balance": [0.0, 0.0]})
    assert configured_score(table.assign(syn_red_score=table["value_difference"])) == "value difference"
    assert configured_score(table.assign(syn_red_score=9.0)) == "score"
