"""The pairwise decomposition of a model, as matrices, from its shards."""

from collections.abc import Sequence

from synergy.files.artifacts import write_npz
from synergy.files.console import logged_to
from synergy.files.kept_results import require_ours
from synergy.files.provenance import provenance
from synergy.phiid.pairwise import merge_shards
from synergy.recording.activations import fingerprint, read_activations


def merge_pairs(shards: Sequence[str], activations: str, pairwise: str) -> None:
    """Check that the shards fit each other and the activations, and write the matrices to the npz `pairwise`.

    Raises
    ------
    InputError
        Naming the shard that is foreign, mixed, overlapping, missing or broken; or if there is a file at `pairwise`
        that this workflow did not make.
    """
    require_ours(pairwise)
    arrays, note = read_activations(activations)
    matrices, parameters = merge_shards(shards, fingerprint(arrays["activations"], arrays["n_tokens"]))
    write_npz(pairwise, provenance("merge_pairs", parameters, note), **matrices)
    lost = int(matrices["n_undefined"].sum()) // 2
    print(f"{len(shards)} shards, {matrices['sts_matrix'].shape[0]} heads; {lost} pair-prompts undefined")


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        merge_pairs(
            shards=snakemake.input.shards,
            activations=snakemake.input.activations,
            pairwise=snakemake.output.pairwise,
        )
