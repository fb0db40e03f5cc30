"""Save what the results of this folder were made with: config, versions, models and problems."""

from collections.abc import Sequence

from synergy.artifacts import read_json, write_json
from synergy.console import logged_to
from synergy.provenance import provenance


def record_run(models: Sequence[str], problems: str, config: dict, record: str) -> None:
    """Write the merged config of the run, the versions of code and packages, and the prefetch records."""
    write_json(
        record,
        {
            "config": config,
            "models": [_without_provenance(path) for path in models],
            "problems": _without_provenance(problems),
            "provenance": provenance("record_run", {}),
        },
    )


def _without_provenance(path: str) -> dict:
    return {key: value for key, value in read_json(path).items() if key != "provenance"}


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        record_run(
            models=snakemake.input.models,
            problems=snakemake.input.problems,
            config=snakemake.params.config,
            record=snakemake.output.record,
        )
