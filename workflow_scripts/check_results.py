"""Run the checks of finished artifacts on this run's models, and fail loudly where one does not hold."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from synergy.files.artifacts import read_json, write_json
from synergy.files.console import logged_to
from synergy.files.errors import InputError
from synergy.files.provenance import made_by_other_code, provenance


class Outcomes:
    """Outcome of each check by name, and the first line that says why for those that did not pass."""

    def __init__(self) -> None:
        self._outcomes: dict[str, str] = {}
        self._why: dict[str, str] = {}

    def pytest_runtest_logreport(self, report) -> None:
        """Called by pytest for the set-up, the call and the tear-down of each check: the worst of them counts."""
        name = report.nodeid.split("::", 1)[-1]
        if report.outcome != "passed" or name not in self._outcomes:
            self._outcomes[name] = report.outcome
        if report.outcome != "passed":
            crash = getattr(report.longrepr, "reprcrash", None)
            text = crash.message if crash else str(report.longrepr)
            self._why[name] = next((line.strip() for line in text.splitlines() if line.strip()), "")

    def pytest_collectreport(self, report) -> None:
        """Called by pytest for each file: one that cannot be imported has no checks."""
        if report.outcome == "failed":
            self._outcomes[report.nodeid or "collection"] = "failed"
            self._why[report.nodeid or "collection"] = str(report.longrepr).strip().splitlines()[-1]

    def passed(self) -> list[str]:
        """Names of the checks that passed."""
        return [name for name, outcome in self._outcomes.items() if outcome == "passed"]

    def not_passed(self) -> list[str]:
        """The others, each with its outcome and why."""
        return [
            f"{name} {outcome} ({self._why.get(name, '')})"
            for name, outcome in self._outcomes.items()
            if outcome != "passed"
        ]


def check_results(
    tests: str, results: str, record: str, models: Sequence[str], study: Sequence[str], checks: str
) -> None:
    """Run pytest on `tests` over the artifacts in `results` and write what was checked.

    Parameters
    ----------
    tests : str
        The checks, a file of pytest.
    results : str
        Folder of the artifacts.
    record : str
        The record of the run (JSON), which says what code each rule has.
    models, study : sequence of str
        Models that were recorded, and those of them whose behaviour was measured too.
    checks : str
        Where to write the JSON; written only if all is well.

    Raises
    ------
    InputError
        If a check fails, is skipped or cannot be run, naming the checks.
    """
    os.environ |= {
        "RESULTS": str(Path(results).resolve()),
        "CHECKED_MODELS": " ".join(models),
        "CHECKED_STUDY": " ".join(study),
    }
    outcomes = Outcomes()
    # No settings, caches or fixtures of whatever folder this runs in.
    isolated = ["-c", os.devnull, "--rootdir", str(Path(tests).parent), "--noconftest", "-p", "no:cacheprovider"]
    sys.dont_write_bytecode = True
    ended = pytest.main(["-q", "--tb=short", *isolated, tests], plugins=[outcomes])
    wrong = outcomes.not_passed()
    if ended != pytest.ExitCode.OK or wrong or not outcomes.passed():
        raise InputError(
            f"artifacts in {results} that pass the checks of {tests}",
            "; ".join(wrong) or f"pytest ended with {ended!s}",
            "read the assertion in this rule's log; a file that someone edited or cut short is remade when deleted",
        )
    others = made_by_other_code(results, read_json(record, "run_record")["code"])
    for path in others:
        print(f"WARNING: {path} was made by other code than its rule has now; delete it to have it made again.")
    found = {"passed": len(outcomes.passed()), "models": list(models), "checks": outcomes.passed()}
    write_json(
        checks,
        {**found, "made_by_other_code": others, "provenance": provenance("check_results", {"study": list(study)})},
    )


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        check_results(
            tests=snakemake.input.checks,
            results=str(Path(snakemake.output.checks).parent),
            record=snakemake.input.record,
            checks=snakemake.output.checks,
            **snakemake.params.settings,
        )
