"""Numbering of pairs."""

from itertools import combinations

import numpy as np
import pytest

from synergy.files.errors import InputError
from synergy.phiid.pairs import first_of_row, heads_of, n_pairs, pair_range, split, symmetric


@pytest.mark.parametrize("n_heads", [2, 3, 7, 20])
def test_order_is_lexicographic(n_heads):
    expected = list(combinations(range(n_heads), 2))
    i, j = heads_of(range(n_pairs(n_heads)), n_heads)
    assert list(zip(i.tolist(), j.tolist(), strict=True)) == expected
    for row in range(n_heads - 1):
        assert expected[first_of_row(row, n_heads)] == (row, row + 1)


def test_published_pair_counts():
    assert n_pairs(272) == 36_856
    assert n_pairs(1152) == 662_976
    assert n_pairs(128) == 8_128


@pytest.mark.parametrize("n_shards", [1, 7, 64])
@pytest.mark.parametrize("n_heads", [2, 9, 45])
def test_scatter_items_cover_all_pairs_once(n_heads, n_shards):
    ranges = [pair_range(f"{k}-of-{n_shards}", n_heads) for k in range(1, n_shards + 1)]
    assert [pair for one in ranges for pair in one] == list(range(n_pairs(n_heads)))
    assert max(map(len, ranges)) - min(map(len, ranges)) <= 1


@pytest.mark.parametrize("item", ["0-of-4", "5-of-4", "3", "a-of-b", "1-of-0", ""])
def test_malformed_scatter_items_are_refused(item):
    with pytest.raises(InputError, match="scatter item"):
        pair_range(item, 9)


@pytest.mark.parametrize("pairs", [range(0), range(5, 6), range(3, 100)])
def test_split_keeps_every_pair(pairs):
    parts = split(pairs, 8)
    assert [pair for part in parts for pair in part] == list(pairs)
    assert all(parts)


def test_symmetric_matrix():
    matrix = symmetric(np.arange(6.0), 4)
    assert np.array_equal(matrix, matrix.T, equal_nan=True)
    assert np.isnan(np.diag(matrix)).all()
    assert matrix[np.triu_indices(4, 1)].tolist() == [0, 1, 2, 3, 4, 5]
