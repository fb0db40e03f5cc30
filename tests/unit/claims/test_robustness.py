"""Agreement between variants, and their claims."""

import numpy as np
import pandas as pd
import pytest
from artifacts import GEOMETRY, HEADS, LAYERS, analysed, heads_series
from compare_variants import compare_variants

from synergy.claims.robustness import QUANTITIES, ROBUSTNESS_AGREEMENT, ROBUSTNESS_CLAIMS, agreement
from synergy.claims.verdicts import NOT_TESTABLE
from synergy.files.tables import read_table
from synergy.heads.layer_profiles import layer_means

N_HEADS = LAYERS * HEADS
TWIN = {"rankings": "ranking", "summaries": "summary", "pairwise": "pairwise"}
WHAT = TWIN | {"metrics": "metrics"}
NAMES = ["default", "other", "integration"]


def table(score, **columns):
    return pd.DataFrame({name: columns.get(name, score) for name in QUANTITIES})


def value(rows, quantity, level, variant, other):
    return rows.set_index(["quantity", "level", "variant", "other"])["spearman"][quantity, level, variant, other]


def test_agreement_knows_the_same_the_reverse_and_the_undefined():
    scores = np.random.default_rng(0).random(N_HEADS)
    tables = {
        "default": table(scores),
        "stretched": table(np.exp(5 * scores)),  # another value, the same order of heads
        "reversed": table(-scores),
        "no_null": table(scores, excess_score=np.full(N_HEADS, np.nan)),
    }
    rows = agreement("m", tables, LAYERS, HEADS)
    assert len(rows) == 6 * len(QUANTITIES) * 2
    assert value(rows, "syn_red_score", "heads", "default", "stretched") == pytest.approx(1)
    assert value(rows, "syn_red_score", "heads", "stretched", "reversed") == pytest.approx(-1)
    assert value(rows, "avg_synergy", "layers", "default", "reversed") == pytest.approx(-1)
    assert np.isnan(value(rows, "excess_score", "heads", "default", "no_null"))


def test_layers_may_agree_where_heads_do_not():
    """Heads dealt anew within their layers: the profile stays, the order of heads is lost where layers are alike."""
    generator = np.random.default_rng(1)
    scores = np.repeat(np.arange(LAYERS) * 0.01, HEADS) + generator.random(N_HEADS)
    dealt = generator.permuted(scores.reshape(LAYERS, HEADS), axis=1).ravel()
    rows = agreement("m", {"default": table(scores), "dealt": table(dealt)}, LAYERS, HEADS)
    assert value(rows, "syn_red_score", "layers", "default", "dealt") == pytest.approx(1)
    assert value(rows, "syn_red_score", "heads", "default", "dealt") < 0.7
    np.testing.assert_allclose(layer_means(scores, LAYERS, HEADS), layer_means(dealt, LAYERS, HEADS))


@pytest.fixture(scope="module")
def variants(tmp_path_factory):
    """What the scripts make of one model and of an untrained twin, as recorded and of other series."""
    folder = tmp_path_factory.mktemp("variants")
    series = {"default": heads_series(within=0.7), "other": heads_series(phi=0.3), "integration": None}
    made = {}
    for role, seed in (("model", 0), ("twin", 9)):
        for name, own in series.items():
            source = "default" if own is None else name
            shifted = series[source] if not seed else heads_series(phi=0.3, seed=seed + len(source))
            made[role, name] = made.get((role, source)) or analysed(folder, shifted, name=f"{role}_{name}")
    arguments = {what: [made["model", name][key] for name in series] for what, key in WHAT.items()}
    return arguments | {f"control_{what}": [made["twin", name][key] for name in series] for what, key in TWIN.items()}


def compared(artifacts, tmp_path, **changes):
    paths = str(tmp_path / "agreement.csv"), str(tmp_path / "claims.csv")
    names = {"variants": NAMES, "model": "m", "agreement_table": paths[0], "claims_table": paths[1]}
    compare_variants(**(artifacts | GEOMETRY | names | changes))
    correlated, claims = (read_table(path) for path in paths)
    assert (tuple(correlated), tuple(claims)) == (ROBUSTNESS_AGREEMENT, ROBUSTNESS_CLAIMS)
    return correlated, claims


def test_each_variant_has_its_own_verdicts_beside_the_defaults(variants, tmp_path):
    correlated, claims = compared(variants, tmp_path)
    assert claims["claim"].tolist() == [number for number in range(1, 6) for _ in NAMES]
    assert claims["variant"].tolist() == NAMES * 5
    own = claims[claims["variant"] == "default"].set_index("claim")["verdict"]
    assert (claims["verdict_default"] == claims["claim"].map(own)).all()
    estimates = claims.pivot(index="claim", columns="variant", values="estimate")
    assert estimates.loc[3, "default"] != estimates.loc[3, "other"]
    assert estimates.loc[3, "default"] != estimates.loc[3, "integration"]
    other = correlated.query("variant == 'default' and other == 'other'")
    assert len(other) == 2 * len(QUANTITIES)
    assert other["spearman"].abs().max() < 1


def test_without_a_control_claim_2_is_not_testable_under_any_variant(variants, tmp_path):
    none = {f"control_{what}": [] for what in TWIN}
    _, claims = compared(variants, tmp_path, **none)
    assert set(claims[claims["claim"] == 2]["verdict"]) == {NOT_TESTABLE}


def test_the_default_alone_is_compared_with_nothing(variants, tmp_path):
    alone = {name: paths[:1] for name, paths in variants.items()}
    correlated, claims = compared(alone, tmp_path, variants=["default"])
    assert correlated.empty
    assert len(claims) == 5
