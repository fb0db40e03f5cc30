"""Published values are found by the names of their models."""

import pytest
from places import PUBLISHED

from synergy.claims.published import read_published


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
