"""Claim 3: pairs of heads within a layer have higher synergy than pairs between layers."""

from math import nan

import numpy as np

from synergy.claims.measured import INTEGRATION, Measured, against_surrogates, without_each
from synergy.claims.verdicts import Claim, Effect, of_estimate
from synergy.statistics.inference import jackknife

NO_SPREAD = "fewer than three prompts, or no spread over them"


def claim_within_layers(measured: Measured, layers: int, heads: int) -> Claim:
    """Claim 3: mean synergy of pairs within a layer minus that of pairs between layers.

    Raw: over prompts. Control: the same difference in every surrogate. Where integration stands for synergy, it is
    that of Phi_R.
    """
    atom, name = ("phi_r", "integration") if measured.score == INTEGRATION else ("sts", "synergy")
    statistic = f"mean {name} of pairs within layers minus that of pairs between layers (nats)"
    control_name = "surrogates without coupling between heads"
    if layers < 2 or heads < 2:
        missing = Effect(obstacle="fewer than two layers, or one head a layer")
        return Claim(3, statistic, missing, control_name, missing)
    by_prompt = differences(measured.atoms, "prompt", atom)
    defined = by_prompt[np.isfinite(by_prompt)]
    if not defined.size:
        missing = Effect(obstacle="no defined pairs within or between layers")
        return Claim(3, statistic, missing, control_name, missing)
    observed = float(defined.mean())
    decided_by = f"Student's t over {len(defined)} prompts"
    test = of_estimate(jackknife(observed, without_each(defined)), decided_by, NO_SPREAD)
    control = against_surrogates(observed, differences(measured.atoms, "null", atom), measured.obstacle)
    between = float(np.nanmean(measured.atoms[f"between_prompt_{atom}"]))
    share = observed / between if between else nan
    note = f"Between layers the mean is {between:.4g} nats; the difference is {share:+.0%} of it."
    return Claim(3, statistic, test, control_name, control, notes=(note,))


def differences(atoms: dict[str, np.ndarray], kind: str, atom: str) -> np.ndarray:
    """Within minus between layers, (n,) for each prompt or surrogate; `kind` is ``prompt`` or ``null``.

    Pairs of all layers count alike, so that a layer with fewer defined pairs counts for less.
    """
    pairs = atoms[f"within_{kind}_pairs"]
    with np.errstate(invalid="ignore", divide="ignore"):
        within = np.nansum(atoms[f"within_{kind}_{atom}"] * pairs, axis=1) / pairs.sum(axis=1)
    return within - atoms[f"between_{kind}_{atom}"]
