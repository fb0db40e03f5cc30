"""Claims 1 and 2: the inverted U over depth, and its absence without training."""

import numpy as np
import pandas as pd

from synergy.claims.verdicts import NOT_SUPPORTED, NOT_TESTABLE, OPPOSITE, SUPPORTED, Claim, Effect, decided
from synergy.heads.layer_profiles import (
    FEWEST_LAYERS,
    Arch,
    fit_arch,
    layer_means,
    resampled_profiles,
    template_correlation,
)
from synergy.heads.scores import SCORES, configured_score
from synergy.statistics.inference import percentile_interval, share_as_extreme

NO_NULL = "no null was computed"
FEW_LAYERS = f"fewer than {FEWEST_LAYERS} layers, or a flat profile"
BOOTSTRAPS = 1000


def claim_inverted_u(
    ranking: pd.DataFrame, layers: int, heads: int, significance: float, permutations: int, seed: int
) -> Claim:
    """Claim 1: correlation of the layer means of the configured score with 4 d (1 - d), permuting layers.

    The interval bootstraps the heads within each layer. Control: the same on the null-subtracted score.
    """
    geometry = layers, heads, permutations, seed
    _, arch, test = _profile_test(ranking["syn_red_score"].to_numpy(), *geometry)
    _, _, control = _profile_test(ranking["excess_score"].to_numpy(), *geometry, absent=NO_NULL)
    notes = [
        f"Configured score: {configured_score(ranking)}.",
        f"Quadratic contrast (rise from the ends to the middle) {arch.height:.3g} in score units, same permutation p; "
        f"under rotations of the layer order, which keep smoothness over depth, p = {arch.p_value_rotated:.2g}.",
        "Every definition: "
        + "; ".join(_described(name, ranking[name].to_numpy(), geometry, significance) for name in SCORES)
        + ".",
    ]
    statistic = "Pearson correlation of the layer profile with an inverted U; permutation of layers"
    return decided(1, statistic, test, "null-subtracted scores", control, significance, notes)


def claim_absent_untrained(
    ranking: pd.DataFrame,
    control_ranking: pd.DataFrame | None,
    layers: int,
    heads: int,
    significance: float,
    permutations: int,
    seed: int,
) -> Claim:
    """Claim 2: fit of the trained model's profile minus that of the untrained one, exchanging the two layer by layer.

    Control: the same difference on the null-subtracted scores of both.
    """
    rule = (
        f"supported if the trained profile is an inverted U (p < {significance:g}), the untrained is not, and trained "
        f"minus untrained is positive with p < {significance:g}; opposite if the untrained profile is an inverted U "
        f"(p < {significance:g}) and no worse a fit than the trained; not testable without an untrained model or where "
        "the trained model has no inverted U to lose; otherwise not supported"
    )
    statistic = "correlation with an inverted U, trained minus untrained; exchange of the two models layer by layer"
    control_name = "untrained model, null-subtracted scores of both"
    if control_ranking is None:
        missing = Effect(obstacle="no untrained model was measured")
        return Claim(2, statistic, missing, rule, NOT_TESTABLE, control_name, missing, NOT_TESTABLE)
    if len(control_ranking) != layers * heads:
        missing = Effect(obstacle="the untrained model has another number of heads")
        return Claim(2, statistic, missing, rule, NOT_TESTABLE, control_name, missing, NOT_TESTABLE)
    results = []
    for column, absent in (("syn_red_score", FEW_LAYERS), ("excess_score", NO_NULL)):
        geometry = layers, heads, permutations, seed
        scores, control_scores = ranking[column].to_numpy(), control_ranking[column].to_numpy()
        trained_means, trained, _ = _profile_test(scores, *geometry, absent)
        untrained_means, untrained, _ = _profile_test(control_scores, *geometry, absent)
        test, left_out = _exchange_test(trained_means, untrained_means, scores, control_scores, *geometry)
        verdict, words = _absence(trained, untrained, test, significance)
        if verdict == NOT_TESTABLE and not test.obstacle:
            test = Effect(test.estimate, test.p_value, test.ci_low, test.ci_high, obstacle=words)
        results.append((test, verdict, f"{words} ({_pair(trained, untrained)}){left_out}"))
    (test, verdict, words), (control, after, control_words) = results
    notes = (f"Raw scores: {words}.", f"Null-subtracted scores: {control_words}.")
    return Claim(2, statistic, test, rule, verdict, control_name, control, after, notes)


def _profile_test(
    scores: np.ndarray, layers: int, heads: int, permutations: int, seed: int, absent: str = FEW_LAYERS
) -> tuple[np.ndarray, Arch, Effect]:
    profile = layer_means(scores, layers, heads)
    arch = fit_arch(profile, permutations, seed)
    if np.isnan(arch.correlation):
        return profile, arch, Effect(obstacle=FEW_LAYERS if np.isfinite(scores).any() else absent)
    draws = template_correlation(resampled_profiles(scores, layers, heads, BOOTSTRAPS, seed))
    return profile, arch, Effect(arch.correlation, arch.p_value, *percentile_interval(draws))


def _described(name: str, scores: np.ndarray, geometry: tuple, significance: float) -> str:
    *_, test = _profile_test(scores, *geometry)
    words = f"r = {test.estimate:+.2f}, p = {test.p_value:.2g}, " if not test.obstacle else ""
    return f"{name.replace('_', ' ')} {words}{test.verdict(significance)}"


def _exchange_test(
    trained: np.ndarray,
    untrained: np.ndarray,
    trained_scores: np.ndarray,
    untrained_scores: np.ndarray,
    layers: int,
    heads: int,
    permutations: int,
    seed: int,
) -> tuple[Effect, str]:
    """Difference of two template correlations, exchanging the two profiles at random layers, and a note on the draws.

    An exchange that makes one of the profiles flat has no correlation: it is left out of the p and counted in the note.
    """
    observed = float(template_correlation(trained) - template_correlation(untrained))
    if np.isnan(observed) or layers < FEWEST_LAYERS:
        return Effect(obstacle=FEW_LAYERS if np.isfinite(trained_scores).any() else NO_NULL), ""
    exchanged = np.random.default_rng(seed).random((permutations, layers)) < 0.5
    first = template_correlation(np.where(exchanged, untrained, trained))
    second = template_correlation(np.where(exchanged, trained, untrained))
    draws = template_correlation(resampled_profiles(trained_scores, layers, heads, BOOTSTRAPS, seed))
    draws = draws - template_correlation(resampled_profiles(untrained_scores, layers, heads, BOOTSTRAPS, seed + 1))
    n_undefined = np.count_nonzero(np.isnan(first - second))
    left_out = (
        f"; {n_undefined} of {permutations} exchanges made a profile flat and are left out" if n_undefined else ""
    )
    return Effect(observed, share_as_extreme(first - second, observed), *percentile_interval(draws)), left_out


def _absence(trained: Arch, untrained: Arch, test: Effect, significance: float) -> tuple[str, str]:
    """Verdict on the absence of the profile without training, and why."""
    if test.obstacle:
        return NOT_TESTABLE, test.obstacle
    shows = [arch.correlation > 0 and arch.p_value < significance for arch in (trained, untrained)]
    if shows[1] and test.estimate <= 0:
        return OPPOSITE, "the untrained profile is an inverted U, no worse a fit than the trained"
    if not shows[0]:
        return NOT_TESTABLE, "the trained model has no inverted U that could be absent"
    if shows[1]:
        return NOT_SUPPORTED, "the untrained profile is an inverted U too"
    if test.verdict(significance) == SUPPORTED:
        return SUPPORTED, "the profile is there with training and not without"
    return NOT_SUPPORTED, "the two profiles do not differ enough to tell"


def _pair(trained: Arch, untrained: Arch) -> str:
    return "; ".join(
        f"{name} r = {arch.correlation:+.2f}, p = {arch.p_value:.2g}"
        for name, arch in (("trained", trained), ("untrained", untrained))
    )
