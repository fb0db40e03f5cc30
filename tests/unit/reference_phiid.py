"""An independent, slow reference: PhiID from its definitions, one pair and one prompt at a time.

Entropies of multivariate normals (or of counted cells), a redundancy for every pair of antichains, a 16 x 16 linear
solve. In extended precision, so that it can judge double precision where correlations are nearly singular.
Definitions: Mediano et al., arXiv:2109.13186; Ince, doi:10.3390/e19070318 (CCS).
"""

from itertools import combinations, product

import numpy as np

LONG = np.longdouble
ANTICHAINS = {"r": ((0,), (1,)), "x": ((0,),), "y": ((1,),), "s": ((0, 1),)}
NAMES = [f"{past}t{future}" for past, future in product("rxys", repeat=2)]
BELOW = {"r": "r", "x": "rx", "y": "ry", "s": "rxys"}
# Every known redundancy is the sum of the atoms below it in the product of the two lattices.
LATTICE = np.array([[float(a[0] in BELOW[k[0]] and a[2] in BELOW[k[2]]) for a in NAMES] for k in NAMES])


def four_vectors(x, y, lag):
    """Rows: past of x, past of y, future of x, future of y."""
    return np.stack([x[:-lag], y[:-lag], x[lag:], y[lag:]]).astype(LONG)


def log_determinant(matrix):
    """Gaussian elimination with symmetric pivoting, in extended precision."""
    a, total = matrix.copy(), LONG(0)
    while a.size:
        k = int(np.argmax(np.diag(a)))
        a[[0, k]] = a[[k, 0]]
        a[:, [0, k]] = a[:, [k, 0]]
        total += np.log(a[0, 0])
        a = a[1:, 1:] - np.outer(a[1:, 0], a[0, 1:]) / a[0, 0]
    return total


def inverse(matrix):
    """Gauss-Jordan elimination in extended precision."""
    n = len(matrix)
    a = np.concatenate([matrix, np.eye(n, dtype=LONG)], axis=1)
    for k in range(n):
        pivot = k + int(np.argmax(np.abs(a[k:, k])))
        a[[k, pivot]] = a[[pivot, k]]
        a[k] /= a[k, k]
        for row in range(n):
            if row != k:
                a[row] -= a[row, k] * a[k]
    return a[:, n:]


def gaussian_surprisals(vectors):
    """Surprisal of each sample under the normal distribution fitted to each subset of the four vectors, in nats."""
    z = vectors - vectors.mean(axis=1, keepdims=True)
    z = z - z.mean(axis=1, keepdims=True)
    z /= np.sqrt((z * z).sum(axis=1, keepdims=True) / (z.shape[1] - 1))
    covariance = z @ z.T / (z.shape[1] - 1)
    surprisals = {(): np.zeros(z.shape[1], dtype=LONG)}
    for size in range(1, 5):
        for subset in combinations(range(4), size):
            block, rows = covariance[np.ix_(subset, subset)], z[list(subset)]
            quadratic = np.einsum("it,ij,jt->t", rows, inverse(block), rows)
            surprisals[subset] = (size * np.log(2 * LONG(np.pi)) + log_determinant(block) + quadratic) / 2
    return surprisals


def discrete_surprisals(vectors):
    """Surprisal of each sample under the relative frequencies, each vector cut at its mean, in nats."""
    bits = vectors > vectors.mean(axis=1, keepdims=True)
    surprisals = {(): np.zeros(bits.shape[1])}
    for size in range(1, 5):
        for subset in combinations(range(4), size):
            cells = [tuple(column) for column in bits[list(subset)].T]
            surprisals[subset] = np.array([-np.log(cells.count(cell) / len(cells)) for cell in cells])
    return surprisals


def informations(surprisals):
    """Pointwise mutual information of each past source with each future target, in nats."""
    sources = ((0,), (1,), (0, 1))
    return {
        (a, b): surprisals[a] + surprisals[tuple(t + 2 for t in b)] - surprisals[a + tuple(t + 2 for t in b)]
        for a, b in product(sources, sources)
    }


def mmi(local):
    """Redundancy of every pair of antichains: the smallest average information of a source with a target."""
    average = {key: value.mean() for key, value in local.items()}
    return [min(average[a, b] for a in ANTICHAINS[k[0]] for b in ANTICHAINS[k[2]]) for k in NAMES]


def agree(value, others):
    """`value` where it and the others are all positive or all negative beyond 1e-12 nats, else 0."""
    everything = np.stack([value, *others])
    return np.where((everything > 1e-12).all(axis=0) | (everything < -1e-12).all(axis=0), value, 0)


def ccs(local):
    """Redundancy of every pair of antichains by common change in surprisal, averaged over samples."""
    x, y, xy = (0,), (1,), (0, 1)

    def single(one, other, both):
        return agree(one + other - both, (one, other, both))

    redundancy = {}
    for target, name in ((x, "x"), (y, "y"), (xy, "s")):
        redundancy[f"rt{name}"] = single(local[x, target], local[y, target], local[xy, target])
        redundancy[f"{name}tr"] = single(local[target, x], local[target, y], local[target, xy])
    for (past, a), (future, b) in product(((x, "x"), (y, "y"), (xy, "s")), repeat=2):
        redundancy[f"{a}t{b}"] = local[past, future]
    singles = [local[a, b] for a, b in product((x, y), repeat=2)]
    double = local[x, xy] + local[y, xy] + local[xy, x] + local[xy, y] - local[xy, xy] - sum(singles)
    double = double + redundancy["rtx"] + redundancy["rty"] - redundancy["rts"]
    double = double + redundancy["xtr"] + redundancy["ytr"] - redundancy["str"]
    redundancy["rtr"] = agree(double, singles)
    return [redundancy[k].mean() for k in NAMES]


def atoms(x, y, lag=1, redundancy="mmi", estimator="gaussian"):
    """The sixteen atoms of one pair in one prompt, by name, in nats."""
    vectors = four_vectors(np.asarray(x), np.asarray(y), lag)
    if estimator == "gaussian_copula":
        vectors = normal_scores(vectors)
    surprisals = discrete_surprisals(vectors) if estimator == "discrete" else gaussian_surprisals(vectors)
    knowns = (mmi if redundancy == "mmi" else ccs)(informations(surprisals))
    return dict(zip(NAMES, np.linalg.solve(LATTICE, np.array(knowns, dtype=float)), strict=True))


def phi_r(found):
    """Φ_R of one pair from its atoms: whole minus sum, and the double redundancy that this subtracts twice."""
    whole = sum(found.values())
    of_x = sum(found[f"{a}t{b}"] for a in "rx" for b in "rx")
    of_y = sum(found[f"{a}t{b}"] for a in "ry" for b in "ry")
    return whole - of_x - of_y + found["rtr"]


def normal_scores(vectors):
    """Each vector's ranks (ties averaged, counted one by one) over n + 1, through the inverse normal distribution."""
    from statistics import NormalDist

    n = vectors.shape[1]
    ranks = [[(v < value).sum() + ((v == value).sum() + 1) / 2 for value in v] for v in vectors]
    return np.array([[NormalDist().inv_cdf(float(r) / (n + 1)) for r in row] for row in ranks], dtype=LONG)


def condition_number(x, y, lag=1):
    """Condition number of the correlation matrix of the four vectors."""
    return np.linalg.cond(np.corrcoef(four_vectors(np.asarray(x), np.asarray(y), lag).astype(float)))
