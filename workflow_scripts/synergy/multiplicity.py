"""Eight claims are tested on a model, so that one of them may look decided by chance: p values corrected for that."""

import numpy as np

from synergy.claims import NOT_SUPPORTED, NOT_TESTABLE

UNDONE = "by itself this verdict could be chance"  # in the note of a claim that the correction would not decide


def holm(p_values: np.ndarray) -> np.ndarray:
    """Holm's step-down correction, which bounds the chance of even one false decision among all.

    With the m defined p values in ascending order p(1) … p(m), the corrected p(i) is the largest of (m − j + 1) p(j)
    over j ≤ i, at most 1. It needs no assumption about how the tests depend on one another.

    Parameters
    ----------
    p_values : ndarray (n_tests,)
        NaN where nothing was tested; those do not count in m.

    Returns
    -------
    ndarray (n_tests,)
        NaN stays NaN.

    References
    ----------
    Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6 (1979) 65–70.
    """
    p_values = np.asarray(p_values, dtype=float)
    corrected = np.full(p_values.shape, np.nan)
    order = np.argsort(p_values)[: np.count_nonzero(np.isfinite(p_values))]  # NaN sorts last
    steps = p_values[order] * np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return corrected


def with_holm(rows: list[dict], significance: float) -> list[dict]:
    """Rows of one model's claims with ``p_value_holm``, and a note where the correction undoes a verdict.

    Verdicts stay those of the single tests, which answer each claim by itself. Only claims that were tested count.
    """
    tested = [row["p_value"] if row["verdict"] != NOT_TESTABLE else np.nan for row in rows]
    n_tested = np.count_nonzero(np.isfinite(tested))
    corrected = []
    for row, p_value in zip(rows, holm(tested), strict=True):
        note = row["note"]
        if row["verdict"] not in (NOT_SUPPORTED, NOT_TESTABLE) and p_value >= significance:
            note += f" Corrected for the {n_tested} claims that were tested (Holm), p = {p_value:.2g}: {UNDONE}."
        corrected.append({**row, "p_value_holm": p_value, "note": note})
    return corrected
