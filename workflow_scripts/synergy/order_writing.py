"""The file of one measured order; apart from the reader, so that a change of what is read measures nothing anew."""

from collections.abc import Sequence

import numpy as np

from synergy.answered import Answered
from synergy.artifacts import write_npz


def write_order(
    path: str,
    provenance: dict,
    kl_nats: np.ndarray,
    answered: Answered,
    heads: np.ndarray,
    counts: Sequence[int],
    method: str,
    layer_share: float,
) -> None:
    """Write the file of one order, as `order_files.read_orders` reads it.

    Parameters
    ----------
    kl_nats : float64 (n_steps, n_prompts)
        KL(original ‖ ablated) with `counts` heads removed.
    answered : Answered
        The prompts, and the answers at whose positions it was measured.
    heads : int (n_heads_total,)
        Flat head indices in the order of removal.
    counts : sequence of int (n_steps,)
        Numbers of heads removed.
    method : str
        What removed heads give.
    layer_share : float
        Share of the layers that must run at a step, on average.
    """
    write_npz(
        path,
        provenance,
        kl_nats=kl_nats,
        num_heads_removed=np.array(counts),
        removed=heads[: counts[-1]],
        n_heads_total=np.array(len(heads)),
        prompt_id=np.array(answered.ids),
        method=np.array(method),
        answers=np.array(answered.fingerprint),
        layer_share=np.array(layer_share),
    )
