"""Fetch one model from its source into a local folder, check its geometry, and record what was fetched."""

from pathlib import Path

from synergy.files.artifacts import write_json
from synergy.files.console import logged_to
from synergy.files.folders import atomic_folder
from synergy.files.provenance import provenance
from synergy.prefetch.sources import check_geometry, fetch_model


def prefetch_model(key: str, stanza: dict, path: str, hub_cache: str, folder: str, record: str) -> None:
    """Fill `folder` with config, tokenizer and weights; write source, revision, hashes and geometry to `record`.

    `path` is where a source of kind ``path`` was found.
    """
    weights = {"kind": "random", "seed": stanza["seed"]} if stanza["weights"] == "random" else {"kind": "trained"}
    source = {**stanza["source"], "path": path} if "path" in stanza["source"] else stanza["source"]
    with atomic_folder(folder) as partial:
        fetched = fetch_model(partial, source, weights["kind"] == "random", Path(hub_cache))
        geometry = check_geometry(partial, key, stanza["layers"], stanza["heads"])
    model = {"key": key, "source": stanza["source"], "revision": fetched["revision"], "weights": weights}
    made_by = provenance("prefetch_model", {}, {"model": model})
    write_json(record, {**model, "sha256": fetched["sha256"], "geometry": geometry, "provenance": made_by})


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        prefetch_model(
            key=snakemake.wildcards.model,
            stanza=snakemake.params.stanza,
            path=snakemake.params.path,
            hub_cache=snakemake.params.hub_cache,
            folder=snakemake.output.model,
            record=snakemake.output.record,
        )
