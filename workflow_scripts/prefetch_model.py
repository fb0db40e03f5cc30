"""Fetch one model from its source into a local folder, check its geometry, and record what was fetched."""

from pathlib import Path

from synergy.files.artifacts import write_json
from synergy.files.console import logged_to
from synergy.files.folders import atomic_folder, provided
from synergy.files.provenance import provenance
from synergy.prefetch.sources import check_geometry, content_digest, fetch_model, sizes_and_times


def prefetch_model(
    key: str,
    source: dict,
    weights: str,
    seed: int,
    layers: int,
    heads: int,
    taken_again: str | None,
    hub_cache: str,
    folder: str,
    record: str,
) -> None:
    """Fill `folder` with config, tokenizer and weights; write source, revision, hashes and geometry to `record`.

    `weights` are ``trained``, or ``random`` with the `seed`. A folder that `source` names is looked for in the working
    directory, then beside the Snakefile. `taken_again` is the digest of its content, if that changed since the model
    was taken from it.
    """
    made_of = {"kind": "random", "seed": seed} if weights == "random" else {"kind": "trained"}
    found = {**source, "path": provided(source["path"])} if "path" in source else source
    geometry: dict = {}

    def check(partial: Path) -> None:
        from synergy.models.loading import check_loadable

        geometry.update(check_geometry(partial, key, layers, heads))
        check_loadable(partial)

    files = sizes_and_times(Path(found["path"]), weights == "random") if "path" in found else {}
    with atomic_folder(folder) as partial:
        fetched = fetch_model(partial, found, weights == "random", Path(hub_cache), check)
    model = {"key": key, "source": source, "revision": fetched["revision"], "weights": made_of}
    made_by = provenance("prefetch_model", {}, {"model": model})
    state = {"files": files, "digest": content_digest(Path(folder), files)} if files else None
    told = {"sha256": fetched["sha256"], "geometry": geometry, "state": state, "taken_again": taken_again}
    write_json(record, {**model, **told, "provenance": made_by})


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        prefetch_model(
            key=snakemake.wildcards.model,
            hub_cache=snakemake.params.hub_cache,
            folder=snakemake.output.model,
            record=snakemake.output.record,
            **snakemake.params.settings,
        )
