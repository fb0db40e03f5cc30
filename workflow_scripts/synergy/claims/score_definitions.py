"""Every definition of the score side by side: whether the layer profile is an inverted U under each."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from synergy.claims.layer_profile import FEW_LAYERS, coupling_effect, depth_effect, profile_effect
from synergy.claims.measured import INTEGRATION, Measured, as_integration
from synergy.claims.verdicts import Effect, corrected
from synergy.heads.layer_profiles import depth_p, layer_means, quadratic_contrast, template_correlation
from synergy.heads.scores import SCORES
from synergy.statistics.descriptive import spearman

DEFINITION_COLUMNS = (
    "model",
    "definition",
    "configured",
    "information",
    "correlation",
    "ci_low",
    "ci_high",
    "quadratic_contrast",
    "null_correlation",
    "p_value",
    "p_value_holm",
    "decided_by",
    "rank_correlation_with_configured",
    "verdict",
)
OBSERVED, BEYOND = "observed", "beyond the null"
NUMIT = "numit"


def definition_rows(
    model: str, measured: Measured, layers: int, heads: int, significance: float, permutations: int, seed: int
) -> pd.DataFrame:
    """Test the layer profile of each definition, and of integration and NuMIT, as claim 1 does the configured one.

    Parameters
    ----------
    measured : Measured
        With the columns ``integration``, ``numit`` and ``null_numit`` in its ranking.

    Returns
    -------
    DataFrame
        Columns `DEFINITION_COLUMNS`; two rows a definition. Observed: ``correlation`` is Pearson's with 4 d (1 - d)
        over relative depth d, its interval over prompts (95 %), p by the depth null. Beyond the null: the same minus
        its mean over surrogates, p by their share. ``quadratic_contrast`` is the fitted rise from the ends to the
        middle, in score units; ``null_correlation`` that mean over surrogates (of NuMIT: the correlation of its null);
        ``rank_correlation_with_configured`` is Spearman's over heads. p is corrected over the definitions (Holm).
    """
    definitions = {name: (measured, measured.ranking[name].to_numpy()) for name in SCORES}
    integrated = Measured(as_integration(measured.ranking), measured.atoms, measured.outside, INTEGRATION)
    definitions[INTEGRATION] = integrated, integrated.scores
    effects = {
        name: (profile_effect(own, name, layers, heads, permutations, seed), coupling_effect(own, name, layers, heads))
        for name, (own, _) in definitions.items()
    }
    numit, null = (measured.ranking[column].to_numpy() for column in (NUMIT, "null_numit"))
    definitions[NUMIT] = measured, numit
    effects[NUMIT] = _numit_effects(numit, null, (layers, heads), (permutations, seed))
    rows = []
    for number, information in enumerate((OBSERVED, BEYOND)):
        decisions = corrected([pair[number] for pair in effects.values()], significance)
        for (name, (_, scores)), pair, decision in zip(definitions.items(), effects.values(), decisions, strict=True):
            effect = pair[number]
            beyond = pair[1].estimate
            rows.append(
                {
                    "model": model,
                    "definition": name,
                    "configured": name == measured.named,
                    "information": information,
                    "correlation": effect.estimate,
                    "ci_low": effect.ci_low,
                    "ci_high": effect.ci_high,
                    "quadratic_contrast": quadratic_contrast(layer_means(scores, layers, heads)),
                    "null_correlation": pair[0].estimate - beyond,
                    "p_value": effect.p_value,
                    "p_value_holm": decision.p_value,
                    "decided_by": decision.decided_by,
                    "rank_correlation_with_configured": spearman(scores, measured.scores),
                    "verdict": decision.verdict,
                }
            )
    return pd.DataFrame(rows, columns=DEFINITION_COLUMNS)


def _numit_effects(
    numit: np.ndarray, null: np.ndarray, geometry: Sequence[int], drawn: tuple[int, int]
) -> tuple[Effect, Effect]:
    """NuMIT's profile, and by how much it is more of an inverted U than that of its null, which has no p of its own."""
    profile, null_profile = (layer_means(values, *geometry) for values in (numit, null))
    p_value = depth_p(profile, *drawn)
    if np.isnan(p_value):
        return Effect(obstacle=FEW_LAYERS), Effect(obstacle=FEW_LAYERS)
    correlation = float(template_correlation(profile))
    observed = depth_effect(correlation, p_value, drawn[0])
    beyond = correlation - float(template_correlation(null_profile))
    return observed, Effect(beyond, obstacle="its null is a mean of few surrogates")
