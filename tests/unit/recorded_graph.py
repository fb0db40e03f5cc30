"""What a CUDA graph does, on a CPU: operators are recorded, and replayed on the very tensors that they met.

Whatever a step takes from Python, a count for instance, is frozen, and an operator that waits for a number fails.
"""

from contextlib import contextmanager

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class RecordedGraph(TorchDispatchMode):
    """The operators of a step.

    Attributes
    ----------
    n_replays : int
    """

    def __init__(self):
        super().__init__()
        self.n_replays = 0
        self._calls, self._before = [], []

    def __torch_dispatch__(self, operator, types, args=(), kwargs=None):
        """Run the operator, so that what follows has something to look at, and keep what it was called with."""
        if operator is torch.ops.aten._local_scalar_dense.default:
            raise RuntimeError("operation not permitted when stream is capturing")
        kwargs = kwargs or {}
        if operator._schema.is_mutable:
            self._before.append((args[0], args[0].clone()))
        result = operator(*args, **kwargs)
        self._calls.append((operator, args, kwargs, result))
        return result

    def undo(self) -> None:
        """Give tensors that were written back what they held: capturing computes nothing."""
        for tensor, held in reversed(self._before):
            tensor.copy_(held)

    def replay(self) -> None:
        """Run the operators again; what they make goes where it went when they were recorded."""
        self.n_replays += 1
        for operator, args, kwargs, result in self._calls:
            for old, new in zip(tree_leaves(result), tree_leaves(operator(*args, **kwargs)), strict=True):
                if isinstance(old, torch.Tensor) and old.data_ptr() != new.data_ptr():
                    old.copy_(new)


@contextmanager
def recording(graph: RecordedGraph, **_):
    """Stands in for `torch.cuda.graph`."""
    with graph:
        yield
    graph.undo()
