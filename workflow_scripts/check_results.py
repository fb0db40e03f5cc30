"""Run the checks of finished artifacts on this run's models, and fail loudly where one does not hold."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from synergy.artifacts import write_json
from synergy.checks import Outcomes
from synergy.console import logged_to
from synergy.errors import InputError
from synergy.provenance import provenance


def check_results(tests: str, results: str, models: Sequence[str], study: Sequence[str], checks: str) -> None:
    """Run pytest on `tests` over the artifacts in `results` and write what was checked.

    Parameters
    ----------
    tests : str
        The checks, a file of pytest.
    results : str
        Folder of the artifacts.
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
    record = {"passed": len(outcomes.passed()), "models": list(models), "checks": outcomes.passed()}
    write_json(checks, {**record, "provenance": provenance("check_results", {"study": list(study)})})


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        check_results(
            tests=snakemake.input.checks,
            results=str(Path(snakemake.output.checks).parent),
            models=snakemake.params.models,
            study=snakemake.params.study,
            checks=snakemake.output.checks,
        )
