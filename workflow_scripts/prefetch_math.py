"""Fetch the problem set, draw the stratified sample that is asked, and record where it came from."""

import tempfile
from collections import Counter
from dataclasses import asdict
from pathlib import Path

from synergy.artifacts import write_json, write_jsonl
from synergy.console import logged_to
from synergy.errors import InputError
from synergy.problems import load_problems, sample_problems
from synergy.provenance import provenance
from synergy.sources import sha256


def prefetch_math(
    source: dict | str, path: str | None, n_problems: int, seed: int, hub_cache: str, problems: str, record: str
) -> None:
    """Write `n_problems` of the set as JSONL in our fields, and source, hash and counts to `record`.

    `source` is a hub data set, or the name of a local JSONL file that was found at `path`.
    """
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(path) if path else _download(source, Path(hub_cache), Path(scratch))
        complete = load_problems(file)
        digest = sha256(file)
    sample = sample_problems(complete, n_problems, seed)
    write_jsonl(problems, [asdict(problem) for problem in sample])
    write_json(
        record,
        {
            "source": source,
            "sha256": digest,
            "n_problems_available": len(complete),
            "n_problems": len(sample),
            "by_type": Counter(problem.type for problem in sample),
            "by_level": Counter(problem.level for problem in sample),
            "provenance": provenance("prefetch_math", {"n_problems": n_problems, "seed": seed}),
        },
    )


def _download(source: dict, cache: Path, scratch: Path) -> Path:
    """Fetch a hub data set, all configurations one after the other, as one JSONL file."""
    from datasets import load_dataset

    records = []
    for name in source.get("configs", [None]):
        try:
            table = load_dataset(
                source["hub"], name, split=source["split"], revision=source["revision"], cache_dir=str(cache)
            )
        except (OSError, ValueError, RuntimeError) as error:  # the hub's and the library's own errors are of these
            raise InputError(
                f"data set {source['hub']} ({name or 'only configuration'}, split {source['split']}) from the hub",
                f"{type(error).__name__}: {error}",
                "run prefetch_math where there is network, and check math.problems in the config",
            ) from None
        records += [{**row, "id": f"{name or source['split']}-{number:05d}"} for number, row in enumerate(table)]
    write_jsonl(scratch / "problems.jsonl", records)
    return scratch / "problems.jsonl"


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        prefetch_math(
            source=snakemake.params.source,
            path=snakemake.params.path,
            n_problems=snakemake.params.n_problems,
            seed=snakemake.params.seed,
            hub_cache=snakemake.params.hub_cache,
            problems=snakemake.output.problems,
            record=snakemake.output.record,
        )
