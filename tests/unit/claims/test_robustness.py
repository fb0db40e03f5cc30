"""Agreement between variants, and their claims."""

import numpy as np
import pandas as pd
import pytest
from artifacts import (
    DRAWN,
    FLAT,
    GEOMETRY,
    HEADS,
    LAYERS,
    U,
    atoms,
    clustered,
    graph_metrics,
    ranking,
    spread_out,
)
from compare_variants import compare_variants

from synergy.claims.layer_profile import claim_inverted_u
from synergy.claims.robustness import QUANTITIES, ROBUSTNESS_AGREEMENT, ROBUSTNESS_CLAIMS, agreement
from synergy.claims.verdicts import NOT_SUPPORTED, NOT_TESTABLE, OPPOSITE, SUPPORTED
from synergy.files.artifacts import write_json, write_npz
from synergy.files.tables import read_table, write_table
from synergy.heads.layer_profiles import layer_means

N_HEADS = LAYERS * HEADS


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


@pytest.fixture
def variants(tmp_path):
    """Artifacts of the default, in which claims 1 to 5 hold, and of a variant in which none does."""
    made = {"rankings": [], "pairwise": [], "metrics": [], "control_rankings": []}
    for name, profile, within, graphs in (
        ("default", U, 0.4, (spread_out(), clustered())),
        ("flat", FLAT, 0.0, (clustered(), spread_out())),
    ):
        for kind, scores in (("rankings", ranking(profile)), ("control_rankings", ranking(FLAT, seed=3))):
            made[kind].append(str(tmp_path / f"{name}_{kind}.csv"))
            write_table(made[kind][-1], table(scores["syn_red_score"]).assign(**scores))
        made["pairwise"].append(str(tmp_path / f"{name}.npz"))
        write_npz(made["pairwise"][-1], {}, **atoms(within))
        made["metrics"].append(str(tmp_path / f"{name}.json"))
        write_json(made["metrics"][-1], graph_metrics(*graphs))
    return made


def compared(artifacts, tmp_path, **changes):
    paths = str(tmp_path / "agreement.csv"), str(tmp_path / "claims.csv")
    names = {"variants": ["default", "flat"], "model": "m", "agreement_table": paths[0], "claims_table": paths[1]}
    compare_variants(**(artifacts | GEOMETRY | names | changes))
    correlated, claims = (read_table(path) for path in paths)
    assert (tuple(correlated), tuple(claims)) == (ROBUSTNESS_AGREEMENT, ROBUSTNESS_CLAIMS)
    return correlated, claims


def test_each_variant_has_its_own_verdicts_beside_the_defaults(variants, tmp_path):
    correlated, claims = compared(variants, tmp_path)
    assert claims["claim"].tolist() == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert claims["variant"].tolist() == ["default", "flat"] * 5
    assert set(claims["verdict_default"]) == {SUPPORTED}
    assert claims[claims["variant"] == "flat"].set_index("claim")["verdict"].to_dict() == {
        1: NOT_SUPPORTED,
        2: NOT_TESTABLE,  # no inverted U that could be absent
        3: NOT_SUPPORTED,
        4: OPPOSITE,
        5: OPPOSITE,
    }
    assert set(claims[claims["variant"] == "default"]["verdict"]) == {SUPPORTED}
    alone = claim_inverted_u(ranking(U), LAYERS, HEADS, **DRAWN)
    assert claims["estimate"][0] == pytest.approx(alone.test.estimate)
    assert claims["verdict_after_control"][0] == alone.verdict_after_control
    assert correlated["spearman"].abs().max() < 1


def test_without_a_control_claim_2_is_not_testable_under_any_variant(variants, tmp_path):
    _, claims = compared(variants, tmp_path, control_rankings=[])
    verdicts = claims.groupby("claim")["verdict"].agg(set)
    assert verdicts[2] == {NOT_TESTABLE}
    assert verdicts[1] == {SUPPORTED, NOT_SUPPORTED}


def test_the_default_alone_is_compared_with_nothing(variants, tmp_path):
    alone = {name: paths[:1] for name, paths in variants.items()}
    correlated, claims = compared(alone, tmp_path, variants=["default"])
    assert correlated.empty
    assert len(claims) == 5
