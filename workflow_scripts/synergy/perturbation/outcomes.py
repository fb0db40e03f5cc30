"""The outcomes of one condition, problem by problem, and the tables that count them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

from synergy.files.artifacts import read_json, read_jsonl
from synergy.files.errors import InputError
from synergy.heads.orders import parse_condition
from synergy.statistics.inference import (
    Difference,
    mcnemar,
    paired_differences,
    paired_score_interval,
    rank_floor,
    rank_p,
    wilson_interval,
)

COUNTS = ("n_problems", "n_correct", "accuracy")
SHARES = ("accuracy_ci_low", "accuracy_ci_high", "truncated_fraction", "solution_nll")
GROUP_COLUMNS = ("condition", "sigma", "seed", "grouping", "group", *COUNTS, *SHARES)
OUTCOMES = {  # of a problem; texts are objects, since they may hold what is no UTF-8
    "id": object,
    "type": object,
    "level": object,
    "correct": bool,
    "correct_strict": bool,
    "truncated": bool,
    "grading": object,
    "extraction": object,
    "solution_nll": float,  # NaN for a problem without a reference solution
}


@dataclass(frozen=True, eq=False)
class Scores:
    """Outcomes under one condition.

    Attributes
    ----------
    condition : str
        ``baseline``, ``synergistic``, ``redundant`` or ``random``.
    sigma : float
        Strength of the noise; 0 for the baseline.
    seed : int
    outcomes : DataFrame
        A row a problem, with the columns `OUTCOMES`; ``solution_nll`` is of the reference solution, nats per token.
    parameters : dict
        How the problems were asked.
    """

    condition: str
    sigma: float
    seed: int
    outcomes: pd.DataFrame
    parameters: dict

    @property
    def named(self) -> dict:
        """Condition, σ and seed, as the tables have them."""
        return {"condition": self.condition, "sigma": self.sigma, "seed": self.seed}


def read_scores(records: Sequence[str], conditions: Sequence[str]) -> list[Scores]:
    """Read the conditions of a model.

    Parameters
    ----------
    records, conditions : sequence of str
        Graded answers (JSONL) and what was done to the weights (JSON), one of each a condition.

    Raises
    ------
    InputError
        If a file is of another condition than its name says, or two conditions were asked other problems, of another
        model, or asked them otherwise.
    """
    scores: list[Scores] = []
    prints: list[str] = []
    for path, condition_path in zip(records, conditions, strict=True):
        graded, made = read_jsonl(path, "graded_answer"), read_json(condition_path, "condition")
        outcomes = pd.DataFrame(graded, columns=list(OUTCOMES), dtype=object).astype(OUTCOMES)
        own = Scores(made["condition"], made["sigma"], made["seed"], outcomes, made["provenance"]["parameters"])
        first, remake = scores[0] if scores else own, f"delete {path} and run the workflow again"
        name = Path(path).stem
        if (own.condition, own.sigma, own.seed) != parse_condition(name):
            raise InputError(
                f"the condition {name} in {condition_path}", " ".join(map(str, own.named.values())), remake
            )
        prints.append(made["fingerprint"])
        if prints[-1] != prints[0]:
            expected = f"answers to the same problems by the same model, fingerprint {prints[0][:12]}"
            raise InputError(expected, f"fingerprint {prints[-1][:12]} in {condition_path}", remake)
        if not own.outcomes["id"].equals(first.outcomes["id"]):
            raise InputError("the same problems in every condition", f"others in {path}", remake)
        if not own.outcomes["solution_nll"].isna().equals(first.outcomes["solution_nll"].isna()):
            raise InputError("a solution_nll of the same problems in every condition", f"others in {path}", remake)
        if own.parameters != first.parameters:
            found = f"{own.parameters} in {path}, {first.parameters} in {records[0]}"
            raise InputError("every condition asked in the same way", found, remake)
        scores.append(own)
    return scores


def counted(outcomes: pd.DataFrame) -> dict:
    """Counts of some problems: `COUNTS` and `SHARES`, accuracy with its 95 % Wilson interval.

    The NLL is the mean over the problems that have a reference solution; NaN where none has.
    """
    n, n_correct = len(outcomes), int(outcomes["correct"].sum())
    low, high = wilson_interval(n_correct, n)
    return {
        "n_problems": n,
        "n_correct": n_correct,
        "accuracy": n_correct / n,
        "accuracy_ci_low": low,
        "accuracy_ci_high": high,
        "truncated_fraction": outcomes["truncated"].mean(),
        "solution_nll": outcomes["solution_nll"].mean(),
    }


def group_rows(scores: Sequence[Scores]) -> pd.DataFrame:
    """A row a condition and subject, then a row a condition and level; columns `GROUP_COLUMNS`."""
    rows = [
        own.named | {"grouping": grouping, "group": group} | counted(outcomes)
        for own in scores
        for grouping, column in (("subject", "type"), ("level", "level"))
        for group, outcomes in own.outcomes.groupby(column)
    ]
    return pd.DataFrame(rows, columns=GROUP_COLUMNS)


CHANGES = ("accuracy_change", "accuracy_change_ci_low", "accuracy_change_ci_high", "mcnemar_p")
NLL_CHANGES = ("nll_change", "nll_change_ci_low", "nll_change_ci_high")
UNGRADED = ("no_answer", "grader_timeout", "ungradable")
EXTRACTIONS = ("boxed", "stated", "fallback", "none")
GIVEN = ("boxed", "stated")  # what a reader would call the answer; what is left was picked from the text
BOXED_OR_STATED = (
    "n_correct_boxed_or_stated",
    "accuracy_boxed_or_stated",
    "accuracy_boxed_or_stated_ci_low",
    "accuracy_boxed_or_stated_ci_high",
)
CONDITION_COLUMNS = (
    "condition",
    "sigma",
    "seed",
    *COUNTS,
    *SHARES,
    "accuracy_strict",
    *(f"n_{status}" for status in UNGRADED),
    *CHANGES,
    *NLL_CHANGES,
    *(f"n_{extraction}" for extraction in EXTRACTIONS),
    *BOXED_OR_STATED,
)
MEASURES = ("accuracy", "solution_nll")
# Averaged over seeds an accuracy is no proportion, and its interval a bootstrap. Where fewer problems than these tell
# two conditions apart, that is too narrow (at 2 % of 100 it holds the truth in 86 % of samples), or has no width.
FEWEST_TO_RESAMPLE = 10


def condition_rows(scores: Sequence[Scores], draws: int, seed: int) -> pd.DataFrame:
    """A row a condition; columns `CONDITION_COLUMNS`.

    Accuracy over the answers that were boxed or stated stands beside that over all, with its Wilson interval; NaN where
    there are none. Changes are those from the baseline, each problem compared with itself. Of accuracy: Tango's score
    interval and p from McNemar's exact test. Of the NLL: the bootstrap over the problems with a reference solution. NaN
    for the baseline and where there is none.
    """
    baseline = next((own for own in scores if own.condition == "baseline"), None)
    noisy = [own for own in scores if baseline is not None and own is not baseline]
    solved = _measured(scores, "solution_nll")
    rises = [(_outcome(own, "solution_nll") - _outcome(baseline, "solution_nll"))[solved] for own in noisy]
    nll_changes = iter(paired_differences(np.array(rises), draws, seed) if rises and solved.any() else ())
    rows = []
    for own in scores:
        outcomes = own.outcomes
        row = own.named | counted(outcomes) | {"accuracy_strict": outcomes["correct_strict"].mean()}
        row |= {f"n_{status}": int((outcomes["grading"] == status).sum()) for status in UNGRADED}
        row |= {f"n_{extraction}": int((outcomes["extraction"] == extraction).sum()) for extraction in EXTRACTIONS}
        given = outcomes["correct"][outcomes["extraction"].isin(GIVEN)]
        n_correct, interval = int(given.sum()), wilson_interval(int(given.sum()), len(given))
        row |= dict(zip(BOXED_OR_STATED, (n_correct, given.mean(), *interval), strict=True))
        if own in noisy:
            right, before = outcomes["correct"].to_numpy(), baseline.outcomes["correct"].to_numpy()
            gained, lost, p_value = mcnemar(right, before)
            bounds = paired_score_interval(gained, lost, len(right))
            row |= dict(zip(CHANGES, (np.mean(right.astype(float) - before), *bounds, p_value), strict=True))
            row |= dict(zip(NLL_CHANGES, next(nll_changes, (np.nan,) * 4)[:3], strict=True))
        rows.append(row)
    return pd.DataFrame(rows, columns=CONDITION_COLUMNS)


def compare_conditions(scores: Sequence[Scores], draws: int, seed: int) -> dict:
    """Compare every two conditions at every σ.

    Parameters
    ----------
    scores : sequence of Scores
        All conditions of a model; the baseline stands beside every σ.
    draws, seed : int
        Of `synergy.statistics.inference.paired_differences`.

    Returns
    -------
    dict
        ``pooled``: of each pair of conditions, σ and measure (``accuracy``, ``solution_nll`` in nats per token) the
        mean ``difference``, first minus second, with interval and p, outcomes averaged over the seeds that both have,
        and the differences ``by_seed``. ``n_problems`` have that measure: all an accuracy, those with a reference
        solution an NLL; where none has, there is no record of it. ``interval`` says which it is: ``score`` is Tango's,
        of an accuracy of one seed, or of several that fewer than `FEWEST_TO_RESAMPLE` problems tell apart;
        ``bootstrap`` of all else. ``mcnemar``: of each pair, σ and seed the problems that one alone solved and the
        exact p. No p is corrected for their number.
    """
    measured = {measure: _measured(scores, measure) for measure in MEASURES}
    pooled, tests = [], []
    contrasts = {measure: [] for measure in MEASURES if measured[measure].any()}
    for sigma in sorted({own.sigma for own in scores if own.sigma}):
        at = [own for own in scores if own.sigma in (0, sigma)]
        names = sorted(dict.fromkeys(own.condition for own in at), key=lambda name: name != "baseline")
        for second, first in combinations(names, 2):
            pairs = _by_seed(at, first, second)
            named = {"first": first, "second": second, "sigma": sigma}
            for noise_seed, (one, other) in pairs.items():
                solved = (own.outcomes["correct"].to_numpy() for own in (one, other))
                only_first, only_second, p_value = mcnemar(*solved)
                counts = {"only_first": only_first, "only_second": only_second, "p_value": p_value}
                tests.append({**named, "seed": noise_seed, **counts})
            for measure, of_measure in contrasts.items() if pairs else ():
                by_problem = np.array(
                    [_outcome(one, measure) - _outcome(other, measure) for one, other in pairs.values()]
                )[:, measured[measure]]  # (n_seeds, n_problems)
                of_measure.append(by_problem)
                pooled.append({**named, "measure": measure, "by_seed": by_problem.mean(axis=1)})
    for measure, of_measure in contrasts.items():
        averaged = np.array([by_problem.mean(axis=0) for by_problem in of_measure])
        results = paired_differences(averaged, draws, seed) if of_measure else []
        records = [record for record in pooled if record["measure"] == measure]
        for record, by_problem, result in zip(records, of_measure, results, strict=True):
            kind, low, high = _interval(measure, by_problem, result)
            record |= {"n_problems": by_problem.shape[1], "difference": result.estimate}
            record |= {"ci_low": low, "ci_high": high, "interval": kind, "p_value": result.p_value}
    return {"pooled": pooled, "mcnemar": tests}


def _interval(measure: str, by_problem: np.ndarray, resampled: Difference) -> tuple[str, float, float]:
    """Kind and bounds of the interval of a difference, (n_seeds, n_problems), that was also `resampled`."""
    n_seeds, n_problems = by_problem.shape
    n_differing = np.count_nonzero(by_problem.any(axis=0))
    if measure == "accuracy" and (n_seeds == 1 or n_differing < FEWEST_TO_RESAMPLE):
        # Several seeds count as one run that tells as many problems apart as each of them does on average: the variance
        # of a mean over seeds is at most that.
        only_first, only_second = (np.count_nonzero(sign * by_problem > 0) / n_seeds for sign in (1, -1))
        return "score", *paired_score_interval(only_first, only_second, n_problems)
    return "bootstrap", resampled.ci_low, resampled.ci_high


CORES = ("synergistic", "redundant")


def compare_with_sets(
    scores: Sequence[Scores], solutions: dict[str, np.ndarray], sigma: float, draws: int, seed: int
) -> list[dict]:
    """How each core stands among random sets of heads at one σ, by accuracy and by the likelihood of the solutions.

    Parameters
    ----------
    scores : all conditions of a model.
    solutions : ``solution_nll`` (n_sets, n_problems) and ``condition`` (n_sets,), as
        `synergy.perturbation.condition_files.merge_solutions` gives them.
    sigma : float
    draws, seed : of `synergy.statistics.inference.paired_differences`.

    Returns
    -------
    list of dict
        A record a ``measure`` and ``core``: the core's ``value``, averaged over its draws of the noise and over
        problems, ``by_set`` that of each random set, the p of its rank among them (``p_value``, at least ``floor``),
        and ``difference`` from their mean with its interval over problems. ``from_other_core`` is the difference from
        the other core, with interval and p of the sign-flip test over problems.
    """
    answered = {measure: {} for measure in MEASURES}
    for own in scores:
        if np.isclose(own.sigma, sigma):
            answered["accuracy"].setdefault(own.condition, []).append(_outcome(own, "accuracy"))
    for name, nll in zip(solutions["condition"].tolist(), solutions["solution_nll"], strict=True):
        kind, own_sigma, _ = parse_condition(name)
        if np.isclose(own_sigma, sigma) and nll.size:
            answered["solution_nll"].setdefault(kind, []).append(nll)
    records = []
    for measure, of_kind in answered.items():
        by_problem = {kind: np.array(rows) for kind, rows in of_kind.items()}  # (n_draws, n_problems)
        if by_problem.keys() >= {*CORES, "random"}:
            records += [
                {"measure": measure, "core": core, "sigma": sigma, **_among_sets(core, by_problem, draws, seed)}
                for core in CORES
            ]
    return records


def _among_sets(core: str, by_problem: dict[str, np.ndarray], draws: int, seed: int) -> dict:
    other = CORES[1 - CORES.index(core)]
    own, others, sets = (by_problem[kind].mean(axis=0) for kind in (core, other, "random"))
    from_sets, from_other = paired_differences(np.array([own - sets, own - others]), draws, seed)
    by_set = by_problem["random"].mean(axis=1)
    return {
        "n_problems": len(own),
        "value": float(own.mean()),
        "by_set": by_set.tolist(),
        "p_value": rank_p(by_set, own.mean()),
        "floor": rank_floor(len(by_set)),
        "difference": from_sets.estimate,
        "ci_low": from_sets.ci_low,
        "ci_high": from_sets.ci_high,
        "from_other_core": {
            "difference": from_other.estimate,
            "ci_low": from_other.ci_low,
            "ci_high": from_other.ci_high,
            "p_value": from_other.p_value,
        },
    }


def seed_differences(statistics: dict, first: str, second: str, sigma: float, measure: str) -> list[float]:
    """The difference of two conditions that `compare_conditions` found, seed by seed; none if it is not there."""
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


def _measured(scores: Sequence[Scores], measure: str) -> np.ndarray:
    """Which problems have a measure under every condition, (n_problems,): an NLL needs a reference solution."""
    return np.isfinite([_outcome(own, measure) for own in scores]).all(axis=0)


def _outcome(scores: Scores, measure: str) -> np.ndarray:
    column = "correct" if measure == "accuracy" else measure
    return scores.outcomes[column].to_numpy(dtype=float)


# Of the table of accuracies, that conditions are pooled from.
POOLED_COLUMNS = (
    "condition",
    "sigma",
    "n_problems",
    "n_correct",
    "truncated_fraction",
    "solution_nll",
    *(f"n_{extraction}" for extraction in EXTRACTIONS),
)


@dataclass(frozen=True)
class Accuracy:
    """Correct answers of one condition at one sigma over all its seeds.

    `n_correct` and `n_problems` count every seed's answers; `by_seed` are the shares correct. `solution_nll` is in nats
    per token and, like `truncated`, the mean over seeds; NaN where the table has none. `found` counts the answers of
    all seeds by where they were found: boxed, stated, fallback or none.
    """

    n_correct: int
    n_problems: int
    truncated: float
    solution_nll: float
    by_seed: tuple[float, ...]
    found: dict[str, int]

    @property
    def value(self) -> float:
        """Share correct."""
        return self.n_correct / self.n_problems

    @property
    def interval(self) -> tuple[float, float]:
        """95 % Wilson interval of the mean over seeds.

        All seeds answer the same problems, so they count as one run of as many problems as a single seed has: pooled as
        if their answers were independent, three seeds of one seed's outcomes would look three times as certain.
        """
        n_seeds = len(self.by_seed)
        return wilson_interval(self.n_correct / n_seeds, self.n_problems / n_seeds)


def pooled_accuracy(table: pd.DataFrame, condition: str, sigma: float) -> Accuracy | None:
    """Pool the seeds of a condition at one sigma; None where it was not run."""
    rows = table[(table["condition"] == condition) & np.isclose(table["sigma"], sigma)]
    if rows.empty:
        return None
    return Accuracy(
        n_correct=int(rows["n_correct"].sum()),
        n_problems=int(rows["n_problems"].sum()),
        truncated=float(rows["truncated_fraction"].mean()),
        solution_nll=float(rows["solution_nll"].mean()),
        by_seed=tuple(rows["n_correct"] / rows["n_problems"]),
        found={extraction: int(rows[f"n_{extraction}"].sum()) for extraction in EXTRACTIONS},
    )


def sigmas(table: pd.DataFrame, condition: str) -> np.ndarray:
    """The sigmas at which a condition was run, ascending."""
    return np.unique(table.loc[table["condition"] == condition, "sigma"])
