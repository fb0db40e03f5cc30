"""What was measured of one model's activations, and statistics of it: of all prompts, without each, of surrogates."""

from collections.abc import Callable
from dataclasses import dataclass
from math import nan

import numpy as np
import pandas as pd

from synergy.claims.verdicts import Effect
from synergy.heads.scores import SCORES, configured_score, prompt_score
from synergy.statistics.descriptive import mean_defined, rank_quantiles
from synergy.statistics.inference import exceedance_floor, exceedance_p, jackknife

INTEGRATION = "integration"
# Columns of the head ranking that claims rest on; those of integration take the places of the others for a variant.
RANKING = ("syn_red_score", "excess_score", "avg_synergy", "excess_synergy", "autocorrelation", *SCORES)
AS_INTEGRATION = {"integration": "syn_red_score", "avg_phi_r": "avg_synergy", "excess_phi_r": "excess_synergy"}
PROMPTS = ("head_prompt_sts", "head_prompt_rtr", "head_prompt_phi_r")
ATOMS = (
    *PROMPTS,
    "head_null_sts",
    "head_null_rtr",
    "head_null_phi_r",
    *(
        f"{place}_{kind}_{value}"
        for place in ("within", "between")
        for kind in ("prompt", "null")
        for value in ("sts", "phi_r", "pairs")
    ),
)
LARGEST_SHARE = 0.05  # of head-prompts outside the null's calibration, up to which claims may rest on it
NO_NULL = "no null was computed"


@dataclass(frozen=True)
class Measured:
    """One model's head ranking, its arrays `ATOMS`, and the share of head-prompts outside the null's calibration.

    score : str
        ``integration``, if that takes the place of synergy and of the configured score.
    """

    ranking: pd.DataFrame
    atoms: dict[str, np.ndarray]
    outside: float = 0.0
    score: str = ""

    @property
    def named(self) -> str:
        """The score, the configured one if none was given."""
        return self.score or configured_score(self.ranking).replace(" ", "_")

    @property
    def scores(self) -> np.ndarray:
        """The score of each head, (n_heads,)."""
        return self.ranking["syn_red_score"].to_numpy()

    @property
    def obstacle(self) -> str:
        """Why its null cannot be trusted, if so."""
        if self.outside > LARGEST_SHARE:
            return f"{self.outside:.0%} of the series are outside what the null is calibrated for (more than 5 %)"
        return ""


def measured_of(ranking: pd.DataFrame, atoms: dict[str, np.ndarray], summary: dict, score: str = "") -> Measured:
    """What was measured of one model, from its head ranking, its pairwise atoms and the summary of the ranking."""
    if score == INTEGRATION:
        ranking = as_integration(ranking)
    return Measured(ranking, {name: atoms[name] for name in ATOMS}, summary["outside_calibration"]["share"], score)


def as_integration(ranking: pd.DataFrame) -> pd.DataFrame:
    """The head ranking with integration, Phi_R, in the place of the score and of synergy."""
    columns = {there: ranking[here] for here, there in AS_INTEGRATION.items()}
    return ranking.assign(**columns, excess_score=rank_quantiles(ranking["excess_phi_r"].to_numpy()))


def score_of(named: str) -> Callable[..., np.ndarray]:
    """The score as a function of head means (..., n_heads) of sts, rtr and phi_r."""
    if named == INTEGRATION:
        return lambda sts, rtr, phi_r: rank_quantiles(phi_r)
    return lambda sts, rtr, phi_r: prompt_score(named)(sts, rtr)


def without_each(values: np.ndarray) -> np.ndarray:
    """Means over all prompts but one, for each, of values (n_prompts, ...) of which some are undefined (NaN)."""
    defined = np.isfinite(values)
    kept = np.where(defined, values, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return (kept.sum(axis=0) - kept) / (defined.sum(axis=0) - defined)


def of_all_prompts(measured: Measured, named: str) -> np.ndarray:
    """The score from means over all prompts, as that of surrogates is, (n_heads,)."""
    return score_of(named)(*(mean_defined(measured.atoms[name], axis=0) for name in PROMPTS))


def without_each_prompt(measured: Measured, named: str) -> np.ndarray:
    """The score without each prompt, (n_prompts, n_heads)."""
    return score_of(named)(*(without_each(measured.atoms[name]) for name in PROMPTS))


def of_surrogates(measured: Measured, named: str) -> np.ndarray:
    """The score of each surrogate, (S, n_heads)."""
    return score_of(named)(*(measured.atoms[name.replace("prompt", "null")] for name in PROMPTS))


def over_prompts(whole: float, partial: np.ndarray) -> tuple[float, float]:
    """95 % interval of a statistic from its values without each prompt; NaN if it has none."""
    found = jackknife(whole, partial)
    return found.ci_low, found.ci_high


def correlation_interval(correlation: float, partial: np.ndarray) -> tuple[float, float]:
    """The same of a correlation, where it has no bounds: of its inverse hyperbolic tangent."""
    with np.errstate(divide="ignore"):
        return tuple(np.tanh(over_prompts(np.arctanh(correlation), np.arctanh(partial))).tolist())


def against_surrogates(observed: float, draws: np.ndarray, obstacle: str = "") -> Effect:
    """Whether a statistic is more than heads with the same own dynamics and no coupling give: one-sided.

    The estimate is the statistic minus its mean over the surrogates (S,). A value below is not the opposite of a claim.
    """
    n_draws = int(np.isfinite(draws).sum())
    p_value = exceedance_p(draws, observed)
    obstacle = obstacle or ("" if n_draws else NO_NULL)
    estimate = observed - float(np.nanmean(draws)) if n_draws else nan
    return Effect(
        estimate,
        p_value,
        obstacle=obstacle,
        floor=exceedance_floor(n_draws),
        n_draws=n_draws,
        draws="surrogates",
        decided_by=f"share of {n_draws} surrogates at least as high",
        one_sided=True,
    )
