"""What noise does to answers: every condition beside the baseline and beside the others, paired by problem."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from synergy.paired import Difference, mcnemar, paired_differences
from synergy.problem_scores import COUNTS, SHARES, Scores, counted

CHANGES = ("accuracy_change", "accuracy_change_ci_low", "accuracy_change_ci_high", "mcnemar_p")
NLL_CHANGES = ("nll_change", "nll_change_ci_low", "nll_change_ci_high")
STATUSES = ("no_answer", "grader_timeout", "ungradable")
COLUMNS = (
    *("condition", "sigma", "seed", *COUNTS, *SHARES, "accuracy_strict"),
    *(f"n_{status}" for status in STATUSES),
    *(*CHANGES, *NLL_CHANGES),
)
MEASURES = ("accuracy", "solution_nll")


def condition_rows(scores: Sequence[Scores], draws: int, seed: int) -> list[dict]:
    """A row a condition with the keys `COLUMNS`.

    Changes are those from the baseline, each problem compared with itself: intervals from the bootstrap over problems,
    p of accuracy from McNemar's exact test. NaN for the baseline and where there is none.
    """
    baseline = next((own for own in scores if own.condition == "baseline"), None)
    noisy = [own for own in scores if baseline is not None and own is not baseline]
    contrasts = [_outcome(own, name) - _outcome(baseline, name) for own in noisy for name in MEASURES]
    changes = iter(paired_differences(np.array(contrasts), draws, seed) if contrasts else ())
    rows = []
    for own in scores:
        row = {"condition": own.condition, "sigma": own.sigma, "seed": own.seed, **counted(own)}
        row |= {"accuracy_strict": own.strict.mean()}
        row |= {f"n_{status}": int((own.grading == status).sum()) for status in STATUSES}
        row |= dict.fromkeys((*CHANGES, *NLL_CHANGES), np.nan)
        if own in noisy:
            row |= dict(zip(CHANGES, next(changes)[:3], strict=False))
            row |= dict(zip(NLL_CHANGES, next(changes)[:3], strict=True))
            row["mcnemar_p"] = mcnemar(own.correct, baseline.correct)[2]
        rows.append(row)
    return rows


def compare_conditions(scores: Sequence[Scores], draws: int, seed: int) -> dict:
    """Compare every two conditions at every σ.

    Parameters
    ----------
    scores : sequence of Scores
        All conditions of a model; the baseline stands beside every σ.
    draws, seed : int
        Of `synergy.paired.paired_differences`.

    Returns
    -------
    dict
        ``pooled``: of each pair of conditions, σ and measure (``accuracy``, ``solution_nll`` in nats per token) the
        mean ``difference``, first minus second, with interval and p, outcomes averaged over the seeds that both have,
        and the differences ``by_seed``. ``mcnemar``: of each pair, σ and seed the problems that one alone solved and
        the exact p. No p is corrected for their number.
    """
    pooled, tests, contrasts = [], [], []
    for sigma in sorted({own.sigma for own in scores if own.sigma}):
        at = [own for own in scores if own.sigma in (0, sigma)]
        names = sorted(dict.fromkeys(own.condition for own in at), key=lambda name: name != "baseline")
        for second, first in combinations(names, 2):
            pairs = _by_seed(at, first, second)
            named = {"first": first, "second": second, "sigma": sigma}
            for noise_seed, (one, other) in pairs.items():
                only_first, only_second, p_value = mcnemar(one.correct, other.correct)
                counts = {"only_first": only_first, "only_second": only_second, "p_value": p_value}
                tests.append({**named, "seed": noise_seed, **counts})
            for measure in MEASURES if pairs else ():
                by_problem = np.array(
                    [_outcome(one, measure) - _outcome(other, measure) for one, other in pairs.values()]
                )
                contrasts.append(by_problem.mean(axis=0))
                pooled.append({**named, "measure": measure, "by_seed": by_problem.mean(axis=1)})
    results = paired_differences(np.array(contrasts), draws, seed) if contrasts else []
    for record, result in zip(pooled, results, strict=True):
        record |= {"difference": result.estimate, "ci_low": result.ci_low, "ci_high": result.ci_high}
        record |= {"p_value": result.p_value}
    return {"pooled": pooled, "mcnemar": tests}


def pooled_difference(statistics: dict, first: str, second: str, sigma: float, measure: str) -> Difference | None:
    """The difference of two conditions that `compare_conditions` found, first minus second; None if it is not there."""
    record, sign = _find(statistics, first, second, sigma, measure)
    if record is None:
        return None
    ends = sorted((sign * record["ci_low"], sign * record["ci_high"]))
    return Difference(sign * record["difference"], *ends, record["p_value"])


def seed_differences(statistics: dict, first: str, second: str, sigma: float, measure: str) -> list[float]:
    """The same, seed by seed; none if it is not there."""
    record, sign = _find(statistics, first, second, sigma, measure)
    return [sign * value for value in record["by_seed"]] if record else []


def _find(statistics: dict, first: str, second: str, sigma: float, measure: str) -> tuple[dict | None, int]:
    for record in statistics.get("pooled", []):
        if record["measure"] == measure and np.isclose(record["sigma"], sigma):
            if (record["first"], record["second"]) == (first, second):
                return record, 1
            if (record["first"], record["second"]) == (second, first):
                return record, -1
    return None, 1


def _by_seed(scores: Sequence[Scores], first: str, second: str) -> dict[int, tuple[Scores, Scores]]:
    """The two conditions at each seed that both were run with; a baseline, which has no noise, goes with every seed."""
    one, other = ({own.seed: own for own in scores if own.condition == name} for name in (first, second))
    if second == "baseline":
        other = dict.fromkeys(one, next(iter(other.values())))
    return {seed: (one[seed], other[seed]) for seed in sorted(one.keys() & other.keys())}


def _outcome(scores: Scores, measure: str) -> np.ndarray:
    return scores.correct.astype(float) if measure == "accuracy" else scores.nll
