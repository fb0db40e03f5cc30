"""Fetch the problem set, draw the stratified sample that is asked, and record where it came from."""

import tempfile
from collections import Counter
from dataclasses import asdict
from pathlib import Path

from synergy.artifacts import write_json, write_jsonl
from synergy.console import logged_to
from synergy.folders import room_on_disk
from synergy.hub import hub_errors, hub_token
from synergy.model_files import sha256
from synergy.problems import load_problems, sample_problems
from synergy.provenance import provenance


def prefetch_math(
    source: dict | str, path: str | None, n_problems: int, seed: int, hub_cache: str, problems: str, record: str
) -> None:
    """Write `n_problems` of the set as JSONL in our fields, and source, commit, hash and counts to `record`.

    `source` is a hub data set, or the name of a local JSONL file that was found at `path`.
    """
    with tempfile.TemporaryDirectory() as scratch:
        file, revision = (Path(path), None) if path else _download(source, Path(hub_cache), Path(scratch))
        complete = load_problems(file)
        digest = sha256(file)
    sample = sample_problems(complete, n_problems, seed)
    write_jsonl(problems, [asdict(problem) for problem in sample])
    write_json(
        record,
        {
            "source": source,
            "revision": revision,
            "sha256": digest,
            "n_problems_available": len(complete),
            "n_problems": len(sample),
            "by_type": Counter(problem.type for problem in sample),
            "by_level": Counter(problem.level for problem in sample),
            "provenance": provenance("prefetch_math", {"n_problems": n_problems, "seed": seed}),
        },
    )


def _download(source: dict, cache: Path, scratch: Path) -> tuple[Path, str]:
    """Fetch a hub data set, all configurations one after the other, as one JSONL file; return it and the commit."""
    from datasets import load_dataset
    from huggingface_hub import HfApi, constants

    records, token = [], hub_token()
    with room_on_disk(cache), hub_errors(f"data set {source['hub']} at revision {source['revision']}", token):
        # Asked first, because load_dataset hides why the hub refuses and waits for ever where nobody answers.
        api, limit_s = HfApi(token=token or False), constants.HF_HUB_DOWNLOAD_TIMEOUT
        commit = api.dataset_info(source["hub"], revision=source["revision"], timeout=limit_s).sha
        api.auth_check(source["hub"], repo_type="dataset")
        for name in source.get("configs", [None]):
            table = load_dataset(
                source["hub"],
                name,
                split=source["split"],
                revision=commit,
                cache_dir=str(cache),
                token=token or False,
            )
            records += [{**row, "id": f"{name or source['split']}-{number:05d}"} for number, row in enumerate(table)]
    write_jsonl(scratch / "problems.jsonl", records)
    return scratch / "problems.jsonl", commit


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
