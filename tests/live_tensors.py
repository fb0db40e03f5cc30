"""How many bytes of tensors are alive at once, whatever an allocator keeps beside them."""

import weakref

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class LiveTensors(TorchDispatchMode):
    """Context that counts the storages that operators inside it make, or take a view of.

    Attributes
    ----------
    peak : int
        The most bytes that were alive at the end of an operator.
    now : int
        Bytes that are still alive.
    """

    def __init__(self, before: torch.nn.Module):
        """Leave out what `before`, the model, has already."""
        super().__init__()
        self.peak = self.now = 0
        self._known = {tensor.untyped_storage().data_ptr() for tensor in (*before.parameters(), *before.buffers())}

    def __torch_dispatch__(self, operator, types, args=(), kwargs=None):
        """Run the operator and count what it made."""
        result = operator(*args, **(kwargs or {}))
        for tensor in tree_leaves(result):
            if isinstance(tensor, torch.Tensor):
                self._count(tensor.untyped_storage())
        return result

    def _count(self, storage: torch.UntypedStorage) -> None:
        address, size = storage.data_ptr(), storage.nbytes()
        if not size or address in self._known:
            return
        self._known.add(address)
        self.now += size
        self.peak = max(self.peak, self.now)
        weakref.finalize(storage, self._forget, address, size)

    def _forget(self, address: int, size: int) -> None:
        self._known.remove(address)
        self.now -= size
