"""The table of registered models in the documentation says what the config says."""

import re

import pytest
import yaml
from places import REPOSITORY
from true_shapes import SHAPES, n_parameters

MODELS = yaml.safe_load((REPOSITORY / "config/config.yaml").read_text())["models"]
ROW = re.compile(
    r"^\| `([\w.-]+)` \| (.+?) \| (\d+) x (\d+) \| ([\d,]+) \| (\w+) \| ([\d.]+) \| (yes|no) \| [^|]+ \|$", re.MULTILINE
)
ROWS = {row[0]: row[1:] for row in ROW.findall((REPOSITORY / "docs/models.md").read_text())}


def test_every_registered_model_has_a_row():
    assert ROWS.keys() == MODELS.keys()


@pytest.mark.parametrize("key", MODELS)
def test_row_says_what_the_stanza_says(key):
    stanza = MODELS[key]
    source, layers, heads, pairs, dtype, _, _ = ROWS[key]
    assert next(stanza["source"][kind] for kind in ("hub", "pypi", "file") if kind in stanza["source"]) in source
    assert (int(layers), int(heads)) == (stanza["layers"], stanza["heads"])
    n = stanza["layers"] * stanza["heads"]
    assert int(pairs.replace(",", "")) == n * (n - 1) // 2
    assert dtype == stanza.get("dtype", "float32")


@pytest.mark.parametrize("key", SHAPES)
def test_true_shapes_have_the_declared_geometry_and_the_documented_size(key, tmp_path):
    shape = SHAPES[key].get("text_config", SHAPES[key])
    assert (shape["num_hidden_layers"], shape["num_attention_heads"]) == (MODELS[key]["layers"], MODELS[key]["heads"])
    bytes_each = 2 if MODELS[key].get("dtype") == "bfloat16" else 4
    assert float(ROWS[key][5]) == pytest.approx(n_parameters(key, tmp_path) * bytes_each / 1e9, abs=0.05)
