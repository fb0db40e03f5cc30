"""Merging the orders of a model: what is written, and what does not belong together."""

import numpy as np
import pytest
from artifacts import list_checksums
from merge_ablation import merge_ablation

from synergy.ablation.order_files import read_orders
from synergy.files.artifacts import read_json, write_npz
from synergy.files.errors import InputError
from synergy.files.tables import read_table

COLUMNS = "num_heads_removed,mean_kl_div,order_type,fraction_removed,seed,kl_sd,kl_ci_low,kl_ci_high,method"
NAMES = ["synergistic-0", "random-0", "random-1", "mean-synergistic-0", "mean-random-0"]
MODEL = {"key": "m", "revision": "r"}


def write_order(folder, name, note=None, **changes):
    """Write an order file whose KL is a multiple of the fraction removed."""
    path = folder / f"{name}.npz"
    slope = (2.0 if "synergistic" in name else 1.0) * (0.1 if name.startswith("mean-") else 1.0)
    counts = np.array([0, 2, 5])
    arrays = {
        "kl_nats": slope * counts[:, None] / 10 * np.linspace(0.5, 1.5, 8) + 1e-4,
        "num_heads_removed": counts,
        "compared": counts,
        "n_heads_total": np.array(10),
        "prompt_id": np.array([f"p{i}" for i in range(8)]),
        "method": np.array("mean" if name.startswith("mean-") else "zero"),
        "answers": np.array("digest"),
        "layer_share": np.array(0.6),
    }
    parameters = {"order": name, "dtype": "float32", "step": 2, "max_fraction": 0.5}
    provenance = {"made_by": "ablate_heads", "parameters": parameters | (note or {}), "model": MODEL}
    arrays = {key: value for key, value in (arrays | changes).items() if value is not None}
    write_npz(path, provenance, **arrays)
    return str(path)


def test_table_and_statistics(tmp_path):
    ranges = [tmp_path / "1-of-2", tmp_path / "2-of-2"]
    for number, name in enumerate(NAMES):
        write_order(ranges[number % 2], name)
    merged = [str(tmp_path / "orders" / f"{name}.npz") for name in NAMES]
    tables = str(tmp_path / "t.csv"), str(tmp_path / "s.json")
    checksums = [list_checksums(folder) for folder in ranges]
    merge_ablation(list(map(str, ranges)), checksums, NAMES, 0, merged, *tables)
    assert read_orders(merged, NAMES)[0][4]["name"] == NAMES[4]
    rows = read_table(tmp_path / "t.csv")
    assert list(rows) == COLUMNS.split(",")
    assert rows[["order_type", "seed", "method"]][::3].to_numpy().tolist() == [
        ["synergistic", 0, "zero"],
        ["random", 0, "zero"],
        ["random", 1, "zero"],
        ["synergistic", 0, "mean"],
        ["random", 0, "mean"],
    ]
    summary = read_json(tmp_path / "s.json")
    assert summary["method"] == "zero"
    assert summary["ratios"]["synergistic/random"]["estimate"] == pytest.approx(2, rel=1e-3)
    assert summary["ratios"]["synergistic/random"]["n_seeds"] == 2
    assert summary["other_methods"]["mean"]["auc"]["random"]["estimate"] == pytest.approx(0.025, rel=0.05)
    assert summary["noise_floor_nats"] == pytest.approx(1e-4)
    assert summary["layer_share"] == dict.fromkeys(NAMES, 0.6)
    assert summary["max_fraction_removed"] == 0.5
    assert summary["compared_at"] == [0, 2, 5]
    assert summary["n_prompts"] == len(summary["prompt_id"]) == 8


NAN, NEGATIVE = np.full((3, 8), 0.1), np.full((3, 8), 0.1)
NAN[1, 2], NEGATIVE[2, 7] = np.nan, -0.1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kl_nats": NAN}, r"finite KL .*random-0\.npz; found nan with 2 heads removed and prompt p2"),
        ({"kl_nats": NEGATIVE}, r"found -0\.1 with 5 heads removed and prompt p7"),
        ({"kl_nats": np.ones((3, 7))}, r"3 steps and 8 prompts in .*random-0\.npz; found shape \(3, 7\)"),
        ({"num_heads_removed": np.array([0, 5, 2])}, r"ascending .*random-0\.npz"),
        ({"num_heads_removed": np.array([0, 2, 11])}, r"at most 10"),
        ({"num_heads_removed": np.array([1, 2, 5])}, r"ascending numbers of heads removed from 0"),
        ({"num_heads_removed": np.array([0, 3, 5])}, r"compared in .*random-0\.npz to be some of num_heads_removed"),
        ({"compared": np.array([0, 2])}, r"some of num_heads_removed, with first and last; found \[0, 2\]"),
        ({"compared": np.array([0, 5])}, r"same compared .*found another in .*random-0\.npz"),
        ({"compared": np.array([0.0, 2, 5])}, r"compared of 1 axes"),
        ({"prompt_id": np.array([f"q{i}" for i in range(8)])}, r"same prompt_id"),
        ({"n_heads_total": np.array(12)}, r"same n_heads_total"),
        ({"answers": np.array("other")}, r"same answers"),
        ({"method": np.array("mean")}, r"the order random-0 in .*heads replaced by mean"),
        ({"layer_share": None}, r"no layer_share"),
        ({"note": {"order": "random-1"}}, r"the order random-0 in .*found random-1"),
        ({"note": {"dtype": "bfloat16"}}, r"dtype = float32 as in .*dtype = bfloat16"),
        ({"note": {"step": 1}}, r"step = 2 as in"),
    ],
    ids=str,
)
def test_orders_that_do_not_belong_together_are_refused(tmp_path, changes, message):
    paths = [write_order(tmp_path, "synergistic-0"), write_order(tmp_path, "random-0", **changes)]
    with pytest.raises(InputError, match=message) as raised:
        read_orders(paths, ["synergistic-0", "random-0"])
    missing = any(change is None for change in changes.values())
    assert (f"mv {tmp_path}" if missing else "delete") in str(raised.value)


def test_corrupted_and_missing_files_are_named(tmp_path):
    path = write_order(tmp_path, "random-0")
    with pytest.raises(InputError, match=r"gone\.npz"):
        read_orders([path, str(tmp_path / "gone.npz")], ["random-0", "random-1"])
    whole = (tmp_path / "random-0.npz").read_bytes()
    (tmp_path / "random-0.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"complete npz file .*random-0\.npz"):
        read_orders([path], ["random-0"])


def test_no_orders_at_all():
    with pytest.raises(InputError, match="at least one order"):
        read_orders([], [])
