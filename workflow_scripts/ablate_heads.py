"""Remove heads in one order and measure the KL divergence after each step."""

import numpy as np

from synergy.artifacts import read_json, write_npz
from synergy.console import logged_to, progress
from synergy.offline import offline
from synergy.orders import removal_order
from synergy.provenance import provenance
from synergy.sampling import stratified
from synergy.tables import read_table


def ablate_heads(
    model: str,
    record: str,
    tokens: str,
    ranking: str,
    order: str,
    dtype: str,
    n_prompts: int,
    step_fraction: float,
    max_fraction: float,
    batch_size: int,
    threads: int,
    output: str,
) -> None:
    """Measure KL(original ‖ ablated) per number of heads removed and prompt.

    `order` is kind and seed (``random-3``). The first `n_prompts` are taken in turns from the categories.
    """
    import torch

    from synergy.ablation import ablation_curve
    from synergy.models import load_model

    kind, seed = order.rsplit("-", 1)
    heads = removal_order(kind, int(seed), read_table(ranking))
    counts = step_counts(len(heads), step_fraction, max_fraction)
    answered = read_json(tokens)
    chosen = stratified([prompt["category"] for prompt in answered["prompts"]], n_prompts)
    prompts = [answered["prompts"][row]["prompt_ids"] for row in chosen]
    answers = [answered["prompts"][row]["generated_ids"] for row in chosen]

    torch.set_num_threads(threads)
    language_model = load_model(model, read_json(record)["weights"], dtype)
    with progress(None, f"ablating {order}", "step", total=len(counts) * -(-len(prompts) // batch_size)) as bar:
        kl_nats = ablation_curve(language_model, prompts, answers, heads, counts, batch_size, bar.update)
    parameters = {"order": order, "step_fraction": step_fraction, "max_fraction": max_fraction, "dtype": dtype}
    write_npz(
        output,
        provenance("ablate_heads", parameters, answered["provenance"]),
        kl_nats=kl_nats,
        num_heads_removed=np.array(counts),
        removed=heads[: counts[-1]],
        n_heads_total=np.array(len(heads)),
        prompt_id=np.array([answered["prompts"][row]["id"] for row in chosen]),
    )


def step_counts(n_heads_total: int, step_fraction: float, max_fraction: float) -> list[int]:
    """Ascending numbers of heads removed, from 0, about `step_fraction` apart, the last at `max_fraction`."""
    step = max(1, round(step_fraction * n_heads_total))
    last = max(1, round(max_fraction * n_heads_total))
    return [*range(0, last, step), last]


if __name__ == "__main__":
    with offline(), logged_to(snakemake.log[0]):
        ablate_heads(
            model=snakemake.input.model,
            record=snakemake.input.record,
            tokens=snakemake.input.tokens,
            ranking=snakemake.input.ranking,
            order=snakemake.wildcards.order,
            dtype=snakemake.params.dtype,
            n_prompts=snakemake.params.n_prompts,
            step_fraction=snakemake.params.step_fraction,
            max_fraction=snakemake.params.max_fraction,
            batch_size=snakemake.params.batch_size,
            threads=snakemake.threads,
            output=snakemake.output.kl,
        )
