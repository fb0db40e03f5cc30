"""Every definition of the score side by side: whether the layer profile is an inverted U under each."""

import numpy as np
import pandas as pd

from synergy.claims.verdicts import Effect
from synergy.heads.layer_profiles import (
    fit_arch,
    layer_means,
    quadratic_contrast,
    resampled_profiles,
    template_correlation,
)
from synergy.heads.scores import SCORES, configured_score, scores
from synergy.statistics.inference import percentile_interval
from synergy.statistics.ranks import spearman

DEFINITION_COLUMNS = (
    "model",
    "definition",
    "configured",
    "information",
    "correlation",
    "ci_low",
    "ci_high",
    "quadratic_contrast",
    "quadratic_ci_low",
    "quadratic_ci_high",
    "p_value",
    "p_value_rotated",
    "rank_correlation_with_configured",
    "verdict",
)
OBSERVED, EXCESS = "observed", "null-subtracted"
BOOTSTRAPS = 1000


def definition_rows(
    model: str,
    ranking: pd.DataFrame,
    atoms: dict[str, np.ndarray],
    layers: int,
    heads: int,
    significance: float,
    permutations: int,
    seed: int,
) -> pd.DataFrame:
    """Test the layer profile of each definition, observed and null-subtracted, as claim 1 does the configured one.

    Parameters
    ----------
    ranking : DataFrame
        A row a head: ``syn_red_score``, ``excess_synergy``, ``excess_redundancy`` and each of `SCORES`.
    atoms : dict of ndarray (n_heads_total, n_heads_total)
        ``sts_matrix``, ``rtr_matrix``, ``sts_null_mean``, ``rtr_null_mean``, in nats.

    Returns
    -------
    DataFrame
        Columns `DEFINITION_COLUMNS`. ``correlation`` is Pearson's with 4 d (1 - d) over relative depth d;
        ``quadratic_contrast`` is the fitted rise from the ends to the middle, in score units; both intervals resample
        the heads within a layer (95 %); ``p_value`` permutes layers and serves both; ``p_value_rotated`` rotates their
        order;
        ``rank_correlation_with_configured`` is Spearman's over heads.
    """
    of_excess = scores(
        atoms["sts_matrix"] - atoms["sts_null_mean"],
        atoms["rtr_matrix"] - atoms["rtr_null_mean"],
        ranking["excess_synergy"].to_numpy(),
        ranking["excess_redundancy"].to_numpy(),
    )
    configured, score = configured_score(ranking), ranking["syn_red_score"].to_numpy()
    of_values = {name: ranking[name].to_numpy() for name in SCORES}
    rows = []
    for information, defined in ((OBSERVED, of_values), (EXCESS, of_excess)):
        for name, values in defined.items():
            arch = fit_arch(layer_means(values, layers, heads), permutations, seed)
            draws = resampled_profiles(values, layers, heads, BOOTSTRAPS, seed)
            correlations = template_correlation(draws)
            contrasts = np.array([quadratic_contrast(draw) for draw in draws])
            effect = Effect(arch.correlation, arch.p_value)
            ci_low, ci_high = percentile_interval(correlations)
            quadratic_ci_low, quadratic_ci_high = percentile_interval(contrasts)
            rows.append(
                {
                    "model": model,
                    "definition": name,
                    "configured": name.replace("_", " ") == configured,
                    "information": information,
                    "correlation": arch.correlation,
                    "ci_low": ci_low,
                    "ci_high": ci_high,
                    "quadratic_contrast": arch.height,
                    "quadratic_ci_low": quadratic_ci_low,
                    "quadratic_ci_high": quadratic_ci_high,
                    "p_value": arch.p_value,
                    "p_value_rotated": arch.p_value_rotated,
                    "rank_correlation_with_configured": spearman(values, score),
                    "verdict": effect.verdict(significance),
                }
            )
    return pd.DataFrame(rows, columns=DEFINITION_COLUMNS)
