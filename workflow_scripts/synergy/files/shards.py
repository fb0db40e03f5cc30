"""Consecutive ranges of nearly equal length: what one job of a scattered rule does."""

from synergy.files.errors import InputError


def item_range(item: str, total: int) -> range:
    """Range of a scatter item.

    Parameters
    ----------
    item : str
        ``"k-of-n"``, k from 1 to n.
    total : int
        How many things are scattered.

    Returns
    -------
    range
        The k-th of n consecutive ranges of nearly equal length that cover all; empty where n exceeds `total`.

    Raises
    ------
    InputError
        If `item` is not of that form.
    """
    try:
        k, n = (int(part) for part in item.split("-of-"))
        valid = 1 <= k <= n
    except ValueError:
        valid = False
    if not valid:
        raise InputError("a scatter item such as 3-of-16", item, "name a shard k-of-n with 1 <= k <= n")
    return range(total * (k - 1) // n, total * k // n)
