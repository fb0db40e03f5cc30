"""Other series from recorded ones: without drift, cut at the natural end, of half of the prompts, or another norm."""

from synergy.files.artifacts import write_npz
from synergy.files.console import logged_to
from synergy.files.provenance import provenance
from synergy.recording.activations import read_activations
from synergy.recording.series_variants import VARIANTS


def vary_series(activations: str, variant: str, seed: int, varied: str) -> None:
    """Write the series of one of `VARIANTS` to the npz `varied`.

    Raises
    ------
    InputError
        If the activations file lacks an array that the variant needs.
    """
    arrays, note = read_activations(activations)
    series = VARIANTS[variant](arrays, seed)
    write_npz(varied, provenance("vary_series", {"variant": variant, "seed": seed}, note), **series)
    n_tokens = series["n_tokens"]
    print(
        f"{variant}: {len(n_tokens)} of {len(arrays['n_tokens'])} prompts, "
        f"{n_tokens.min()} to {n_tokens.max()} tokens, {n_tokens.sum()} of {arrays['n_tokens'].sum()} in all"
    )


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        vary_series(
            activations=snakemake.input.activations,
            variant=snakemake.wildcards.variant,
            varied=snakemake.output.varied,
            **snakemake.params.settings,
        )
