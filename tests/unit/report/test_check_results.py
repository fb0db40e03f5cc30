"""The last rule of a run: passes on sound artifacts, and fails with a clear message on anything else."""

import json
import runpy

import numpy as np
import pandas as pd
import pytest
from check_results import check_results
from places import REPOSITORY

from synergy.files.errors import InputError

TESTS = """
import os
from pathlib import Path
import pytest

RESULTS = Path(os.environ["RESULTS"])

@pytest.mark.parametrize("model", os.environ["CHECKED_MODELS"].split())
def test_number_is_positive(model):
    assert float((RESULTS / model).read_text()) > 0

@pytest.mark.parametrize("model", os.environ["CHECKED_STUDY"].split())
def test_study(model):
    if not (RESULTS / model).exists():
        pytest.skip("was not made")
"""


@pytest.fixture
def check(tmp_path, monkeypatch):
    """Run the checks above, in the same process as the rule does, on files that hold the given numbers."""
    for name in ("RESULTS", "CHECKED_MODELS", "CHECKED_STUDY"):
        monkeypatch.setenv(name, "restored afterwards")

    def run(tests=TESTS, study=("a",), **numbers):
        # A module of its own for each call, since pytest imports by name.
        path = tmp_path / f"test_{abs(hash((tests, study, tuple(numbers.items()))))}.py"
        path.write_text(tests)
        for model, number in numbers.items():
            (tmp_path / model).write_text(number)
        record = {"code": {"rank_heads": "now"}, "config": {"models": {}}, "models": [], "problems": {}, "cost": []}
        record["provenance"] = {"code_version": "1", "python": "3", "packages": {}}
        (tmp_path / "run_record.json").write_text(json.dumps(record))
        places = {"tests": str(path), "results": str(tmp_path), "record": str(tmp_path / "run_record.json")}
        check_results(**places, models=list(numbers), study=list(study), checks=str(tmp_path / "checks.json"))
        return json.loads((tmp_path / "checks.json").read_text())

    return run


def test_artifacts_that_other_code_made_are_said(check, tmp_path, capsys):
    for name, code in {"old": "then", "new": "now"}.items():
        note = {"made_by": "rank_heads", "code": code}
        (tmp_path / f"{name}.json").write_text(json.dumps({"provenance": note}))
        np.savez(tmp_path / f"{name}.npz", provenance=np.array(json.dumps(note)))
    assert check(a="1")["made_by_other_code"] == ["old.npz", "old.json"]
    assert "WARNING: old.npz was made by other code" in capsys.readouterr().out


def test_sound_artifacts_are_listed(check):
    record = check(a="1", b="2")
    assert record["passed"] == 3
    assert record["checks"] == ["test_number_is_positive[a]", "test_number_is_positive[b]", "test_study[a]"]
    assert record["models"] == ["a", "b"]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"a": "1", "b": "-2"}, r"test_number_is_positive\[b\] failed \(AssertionError: assert -2\.0 > 0"),
        ({"a": "1", "b": "cut sho"}, r"test_number_is_positive\[b\] failed \(ValueError"),
        ({"a": "1", "study": ("absent",)}, r"test_study\[absent\] skipped"),
        ({"a": "1", "tests": "import nothing_of_that_name"}, "nothing_of_that_name"),
        ({"a": "1", "tests": "def helper(): pass"}, "pytest ended with"),
    ],
)
def test_anything_else_fails_by_name_and_leaves_no_file(check, tmp_path, arguments, why):
    with pytest.raises(InputError, match=why):
        check(**arguments)
    assert not (tmp_path / "checks.json").exists()


def test_checks_of_a_curve_hold_for_sound_rounding_and_for_nothing_else(tmp_path, monkeypatch):
    """In bfloat16 a step may lie below the noise floor; without any head all orders leave the same model."""
    monkeypatch.setenv("RESULTS", str(tmp_path))
    for name in ("CHECKED_MODELS", "CHECKED_STUDY"):
        monkeypatch.setenv(name, "")
    checks = runpy.run_path(str(REPOSITORY / "tests/results/test_results.py"))
    check = checks["test_ablation_starts_at_the_noise_floor_and_removes_ever_more_heads"]
    (tmp_path / "ablation").mkdir()

    def curves(floor, *values):
        rows = [
            (n, kl, order, n / 4, 0, kl, kl, "zero")
            for order, curve in zip(("synergistic", "random"), values, strict=True)
            for n, kl in enumerate([floor, *curve])
        ]
        names = (
            "num_heads_removed",
            "mean_kl_div",
            "order_type",
            "fraction_removed",
            "seed",
            "kl_ci_low",
            "kl_ci_high",
        )
        pd.DataFrame(rows, columns=[*names, "method"]).to_csv(tmp_path / "ablation/x_ablation.csv", index=False)
        check("x")

    curves(5e-4, [0.0, 2e-4, 0.9, 1.2], [0.5, 0.4, 0.9, 1.21])
    for wrong in (
        (5e-4, [-1e-9, 2e-4, 0.9, 1.2], [0.5, 0.4, 0.9, 1.2]),
        (5e-2, [0.0, 2e-4, 0.9, 1.2], [0.5, 0.4, 0.9, 1.2]),
        (1e-11, [0.0, 2e-4, 0.9, 1.2], [0.5, 0.4, 0.9, 1.21]),
    ):
        with pytest.raises(AssertionError):
            curves(*wrong)
