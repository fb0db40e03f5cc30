"""Claims 1 and 2: the inverted U over depth, and its absence without training."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from synergy.claims.measured import (
    NO_NULL,
    Measured,
    against_surrogates,
    correlation_interval,
    of_all_prompts,
    of_surrogates,
    over_prompts,
    without_each_prompt,
)
from synergy.claims.verdicts import Claim, Effect, p_in_words
from synergy.heads.layer_profiles import (
    FEWEST_LAYERS,
    depth_p,
    depth_p_of_difference,
    layer_means,
    permuted_p,
    quadratic_contrast,
    template_correlation,
)
from synergy.heads.scores import SCORES

FEW_LAYERS = f"fewer than {FEWEST_LAYERS} layers, or a flat profile"
DEPTH_NULL = "autoregressive profiles over depth"


def claim_inverted_u(measured: Measured, layers: int, heads: int, permutations: int, seed: int) -> Claim:
    """Claim 1: correlation of the layer means of the score with 4 d (1 - d).

    Raw: against profiles that are smooth over depth by chance. Control: the same correlation of every surrogate.

    Parameters
    ----------
    permutations : int
        Profiles drawn.
    """
    geometry = layers, heads
    test = profile_effect(measured, measured.named, *geometry, permutations, seed)
    control = coupling_effect(measured, measured.named, *geometry)
    profile = layer_means(measured.scores, *geometry)
    notes = []
    if not test.obstacle:
        notes = [
            f"Score: {measured.named.replace('_', ' ')}. Quadratic contrast (rise from the ends to the middle) "
            f"{quadratic_contrast(profile):.3g} in score units; permuting layers, which ignores that neighbours are "
            f"alike, p = {permuted_p(profile, permutations, seed):.2g}.",
        ]
        if not measured.score:
            told = [_described(measured, name, *geometry, permutations, seed) for name in SCORES]
            notes.append(f"Every definition, not corrected: {'; '.join(told)}.")
    statistic = "Pearson correlation of the layer profile with an inverted U"
    return Claim(1, statistic, test, "surrogates without coupling between heads", control, notes=tuple(notes))


def profile_effect(measured: Measured, named: str, layers: int, heads: int, permutations: int, seed: int) -> Effect:
    """Correlation of a score's layer profile with the inverted U: interval over prompts, p by the depth null."""
    scores = measured.scores if named == measured.named else measured.ranking[named].to_numpy()
    profile = layer_means(scores, layers, heads)
    p_value = depth_p(profile, permutations, seed)
    if np.isnan(p_value):
        return Effect(obstacle=FEW_LAYERS)
    correlation = float(template_correlation(profile))
    partial = template_correlation(layer_means(without_each_prompt(measured, named), layers, heads))
    low, high = correlation_interval(correlation, partial)
    return replace(depth_effect(correlation, p_value, permutations), ci_low=low, ci_high=high)


def depth_effect(correlation: float, p_value: float, draws: int, models: str = "") -> Effect:
    """A correlation, or a difference of correlations, that was tested against drawn profiles."""
    floor = 1 / (1 + draws)
    decided_by = f"{draws:,} {models}{DEPTH_NULL}"
    return Effect(correlation, p_value, floor=floor, n_draws=draws, draws="profiles", decided_by=decided_by)


def coupling_effect(measured: Measured, named: str, layers: int, heads: int) -> Effect:
    """The same correlation against that of every surrogate's profile."""
    observed = float(template_correlation(layer_means(of_all_prompts(measured, named), layers, heads)))
    if layers < FEWEST_LAYERS or np.isnan(observed):
        return Effect(obstacle=FEW_LAYERS)
    draws = template_correlation(layer_means(of_surrogates(measured, named), layers, heads))
    return against_surrogates(observed, draws, measured.obstacle)


def claim_absent_untrained(
    measured: Measured, twins: Sequence[Measured], layers: int, heads: int, permutations: int, seed: int, level: float
) -> Claim:
    """Claim 2: correlation with the inverted U, of the trained model minus the mean of its untrained twins.

    Raw: against differences of profiles that are smooth over depth by chance. Control: the same on the null-subtracted
    scores of all.

    Parameters
    ----------
    level : float
        At which the trained model's own inverted U, and the twins', are called one.
    """
    statistic = "correlation of the layer profile with an inverted U, trained minus mean of the untrained twins"
    control_name = "null-subtracted scores of all models"
    rule = (
        f"not testable where the trained profile is no inverted U (p > {level:g}, not corrected); "
        f"undecided where the twins' mean profile is one too"
    )
    obstacle = _not_comparable(measured, twins, layers * heads)
    if obstacle:
        missing = Effect(obstacle=obstacle)
        return Claim(2, statistic, missing, control_name, missing, rule)
    drawn, geometry = (permutations, seed), (layers, heads)
    test = _difference(measured.scores, [twin.scores for twin in twins], geometry, drawn, level)
    if not test.obstacle:
        test = _with_interval(test, measured, twins, geometry)
    outside = next((own.obstacle for own in (measured, *twins) if own.obstacle), "")
    excess = [own.ranking["excess_score"].to_numpy() for own in (measured, *twins)]
    control = _difference(excess[0], excess[1:], geometry, drawn, level, NO_NULL)
    if outside:
        control = Effect(obstacle=outside)
    return Claim(2, statistic, test, control_name, control, rule, _pairs_in_words(measured, twins, geometry, drawn))


def _not_comparable(measured: Measured, twins: Sequence[Measured], n_heads: int) -> str:
    if not twins:
        return "no untrained model was measured"
    if any(len(twin.ranking) != n_heads for twin in twins):
        return "an untrained model has another number of heads"
    n_prompts = {len(own.atoms["head_prompt_sts"]) for own in (measured, *twins)}
    return "an untrained model answered other prompts" if len(n_prompts) > 1 else ""


def _difference(
    scores: np.ndarray,
    others: Sequence[np.ndarray],
    geometry: tuple[int, int],
    drawn: tuple[int, int],
    level: float,
    absent: str = FEW_LAYERS,
) -> Effect:
    """The difference of correlations, without an interval."""
    profiles = np.stack([layer_means(own, *geometry) for own in (scores, *others)])
    p_value = depth_p_of_difference(profiles[0], profiles[1:], *drawn)
    if np.isnan(p_value):
        return Effect(obstacle=FEW_LAYERS if np.isfinite(profiles).any(axis=1).all() else absent)
    correlations = template_correlation(profiles)
    if correlations[0] <= 0 or depth_p(profiles[0], *drawn) > level:
        return Effect(obstacle="the trained model has no inverted U that could be absent")
    untrained = profiles[1:].mean(axis=0)
    too = template_correlation(untrained) > 0 and depth_p(untrained, *drawn) <= level
    withheld = "the untrained twins' mean profile is an inverted U too" if too else ""
    difference = float(correlations[0] - correlations[1:].mean())
    return replace(depth_effect(difference, p_value, drawn[0], "sets of "), withheld=withheld)


def _with_interval(test: Effect, measured: Measured, twins: Sequence[Measured], geometry: tuple[int, int]) -> Effect:
    """The effect with its interval over the prompts, which all models answered."""
    raw = [
        template_correlation(layer_means(without_each_prompt(own, own.named), *geometry)) for own in (measured, *twins)
    ]
    low, high = over_prompts(test.estimate, raw[0] - np.mean(raw[1:], axis=0))
    return replace(test, ci_low=low, ci_high=high)


def _pairs_in_words(
    measured: Measured, twins: Sequence[Measured], geometry: tuple[int, int], drawn: tuple[int, int]
) -> tuple[str, ...]:
    """Each model's correlation and p, and the amplitudes that ranks hide."""
    fits, amplitudes = [], []
    for number, own in enumerate((measured, *twins)):
        name = f"twin {number}" if number else "trained"
        profile = layer_means(own.scores, *geometry)
        fits.append(f"{name} r = {template_correlation(profile):+.2f}, p = {depth_p(profile, *drawn):.2g}")
        synergy, memory = (np.nanmean(own.ranking[column]) for column in ("avg_synergy", "autocorrelation"))
        amplitudes.append(f"{name} {synergy:.3g} nats at lag-1 autocorrelation {memory:.2f}")
    return (f"Inverted U, not corrected: {'; '.join(fits)}.", f"Mean synergy: {'; '.join(amplitudes)}.")


def _described(measured: Measured, named: str, layers: int, heads: int, permutations: int, seed: int) -> str:
    test = profile_effect(measured, named, layers, heads, permutations, seed)
    if test.obstacle:
        return f"{named.replace('_', ' ')} not testable"
    return f"{named.replace('_', ' ')} r = {test.estimate:+.2f}, {p_in_words(test.p_value, test.floor)}"
