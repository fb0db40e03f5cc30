"""What became of the checks of a run: a plug-in of pytest that collects their outcomes."""


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
