"""Every definition of the score side by side: whether the layer profile is an inverted U under each."""

import numpy as np

from synergy.claims.verdicts import Effect
from synergy.files.tables import Table
from synergy.heads.layer_profiles import (
    fit_arch,
    layer_means,
    quadratic_contrast,
    resampled_profiles,
    template_correlation,
)
from synergy.heads.ranking_table import configured_score
from synergy.heads.scores import SCORES, scores
from synergy.statistics.ranks import spearman

DEFINITION_COLUMNS = (
    *("model", "definition", "configured", "information", "correlation", "ci_low", "ci_high"),
    *("quadratic_contrast", "quadratic_ci_low", "quadratic_ci_high", "p_value", "p_value_rotated"),
    *("rank_correlation_with_configured", "verdict"),
)
OBSERVED, EXCESS = "observed", "null-subtracted"
BOOTSTRAPS = 1000


def definition_rows(
    model: str,
    ranking: Table,
    atoms: dict[str, np.ndarray],
    layers: int,
    heads: int,
    significance: float,
    permutations: int,
    seed: int,
) -> list[dict]:
    """Test the layer profile of each definition, observed and null-subtracted, as claim 1 does the configured one.

    Parameters
    ----------
    ranking : dict of ndarray (n_heads_total,)
        ``syn_red_score``, ``excess_synergy``, ``excess_redundancy`` and each of `SCORES`.
    atoms : dict of ndarray (n_heads_total, n_heads_total)
        ``sts_matrix``, ``rtr_matrix``, ``sts_null_mean``, ``rtr_null_mean``, in nats.

    Returns
    -------
    list of dict
        Keys are `COLUMNS`. ``correlation`` is Pearson's with 4 d (1 - d) over relative depth d; ``quadratic_contrast``
        is the fitted rise from the ends to the middle, in score units; both intervals resample the heads within a
        layer (95 %); ``p_value`` permutes layers and serves both; ``p_value_rotated`` rotates their order;
        ``rank_correlation_with_configured`` is Spearman's over heads.
    """
    of_excess = scores(
        atoms["sts_matrix"] - atoms["sts_null_mean"],
        atoms["rtr_matrix"] - atoms["rtr_null_mean"],
        ranking["excess_synergy"],
        ranking["excess_redundancy"],
    )
    configured = configured_score(ranking)
    rows = []
    for information, defined in ((OBSERVED, {name: ranking[name] for name in SCORES}), (EXCESS, of_excess)):
        for name, values in defined.items():
            arch = fit_arch(layer_means(values, layers, heads), permutations, seed)
            draws = resampled_profiles(values, layers, heads, BOOTSTRAPS, seed)
            correlations = template_correlation(draws)
            contrasts = np.array([quadratic_contrast(draw) for draw in draws])
            effect = Effect(arch.correlation, arch.p_value)
            measured = (
                *(model, name, name.replace("_", " ") == configured, information),
                *(arch.correlation, *_interval(correlations), arch.height, *_interval(contrasts)),
                *(arch.p_value, arch.p_value_rotated),
                *(spearman(values, ranking["syn_red_score"]), effect.verdict(significance)),
            )
            rows.append(dict(zip(DEFINITION_COLUMNS, measured, strict=True)))
    return rows


def _interval(draws: np.ndarray) -> tuple[float, float]:
    defined = draws[np.isfinite(draws)]
    return tuple(np.percentile(defined, [2.5, 97.5]).tolist()) if defined.size else (np.nan, np.nan)
