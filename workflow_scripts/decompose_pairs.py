"""One shard of the pairs of heads, decomposed beside its null, from activations."""

from synergy.files.console import logged_to
from synergy.phiid.decomposition import Decomposition, Settings, compile_kernels
from synergy.phiid.pairs import pair_range
from synergy.phiid.pairwise import write_shard
from synergy.recording.activations import fingerprint, read_activations


def decompose_pairs(
    activations: str,
    scatteritem: str,
    lag: int,
    redundancy: str,
    estimator: str,
    null_model: dict,
    seed: int,
    heads: int,
    threads: int,
    shard: str,
) -> None:
    """Decompose the pairs of one scatter item, ``k-of-n``, and write them to the npz `shard`.

    Raises
    ------
    InputError
        If the activations cannot be read or decomposed, or their heads do not make layers of `heads`.
    """
    arrays, note = read_activations(activations)
    series, n_tokens = arrays["activations"], arrays["n_tokens"]
    settings = Settings(lag, redundancy, estimator, null_model["kind"], null_model["surrogates"], seed, heads)
    compile_kernels(settings)
    pairs = pair_range(scatteritem, series.shape[1])
    results = Decomposition(series, n_tokens, settings, threads, checked=True).run(pairs)
    write_shard(shard, results, pairs, fingerprint(series, n_tokens), settings.parameters(), note)
    lost, total = int(results["n_undefined"].sum()), len(pairs) * len(n_tokens)
    print(f"{len(pairs)} pairs in {len(n_tokens)} prompts; {lost} of {total} undefined and left out of the means")


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        decompose_pairs(
            activations=snakemake.input.activations,
            scatteritem=snakemake.wildcards.scatteritem,
            threads=snakemake.threads,
            shard=snakemake.output.shard,
            **snakemake.params.settings,
        )
