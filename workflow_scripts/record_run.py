"""Save what the results of this folder were made with: config, versions, models, problems, and what it cost."""

from collections.abc import Sequence

from synergy.files.artifacts import read_json, write_json
from synergy.files.console import logged_to
from synergy.files.provenance import provenance, rule_codes
from synergy.report.costs import rule_costs


def record_run(models: Sequence[str], problems: str, config: dict, benchmarks: str, record: str) -> None:
    """Write the merged config of the run, the versions of code and packages, the prefetch records and the cost.

    Parameters
    ----------
    models : sequence of str
        Prefetch records (JSON) of the models.
    problems : str
        That of the problem set.
    config : dict
        The merged config.
    benchmarks : str
        Folder of the benchmark files; jobs that run after this one are not in the table of costs.
    record : str
        Where to write the JSON.
    """
    write_json(
        record,
        {
            "config": config,
            "models": [_without_provenance(path, "model_record") for path in models],
            "problems": _without_provenance(problems, "problems_record"),
            "cost": rule_costs(benchmarks).to_dict("records"),
            "code": rule_codes(),
            "provenance": provenance("record_run", {}),
        },
    )


def _without_provenance(path: str, schema: str) -> dict:
    return {key: value for key, value in read_json(path, schema).items() if key != "provenance"}


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        record_run(
            models=snakemake.input.models,
            problems=snakemake.input.problems,
            benchmarks=snakemake.params.benchmarks,
            record=snakemake.output.record,
            **snakemake.params.settings,
        )
