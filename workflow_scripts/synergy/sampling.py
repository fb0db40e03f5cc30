"""Choosing a few items so that every group is represented."""

from collections.abc import Sequence

from synergy.errors import InputError


def stratified(groups: Sequence[str], n_chosen: int) -> list[int]:
    """Return ascending indices of `n_chosen` items, taken from the groups in turns, the first of each first.

    Raises
    ------
    InputError
        If there are fewer items than asked for.
    """
    if n_chosen > len(groups):
        raise InputError(f"at least {n_chosen} items to choose from", f"{len(groups)}", "ask for fewer in the config")
    places = {group: [i for i, other in enumerate(groups) if other == group] for group in dict.fromkeys(groups)}
    turns = [(turn, order, i) for order, found in enumerate(places.values()) for turn, i in enumerate(found)]
    return sorted(i for _, _, i in sorted(turns)[:n_chosen])
