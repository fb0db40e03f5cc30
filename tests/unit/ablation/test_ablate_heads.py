"""One job of the ablation, from files to its file: what it writes, how it goes on after a kill, what it refuses."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from ablate_heads import ablate_heads
from places import MODELS

from synergy.ablation import sweep as ablation
from synergy.files.artifacts import read_json, read_npz, write_json
from synergy.files.errors import InputError
from synergy.files.tables import read_table, write_table

MODEL = {"key": "tiny-qwen3", "source": {}, "revision": "local", "weights": {"kind": "random", "seed": 0}}
N_HEADS, N_TOKENS = 8, 5


@pytest.fixture
def job(tmp_path):
    """Arguments of a job on a tiny model of two layers of four heads, four prompts."""
    generator = np.random.default_rng(0)
    columns = {name: generator.random(N_HEADS) for name in ("syn_red_score", "autocorrelation", "mean_norm")}
    columns |= {"head_idx": np.arange(N_HEADS), "layer": np.arange(N_HEADS) // 4}
    write_table(tmp_path / "ranking.csv", pd.DataFrame(columns))
    geometry = {"layers": 2, "heads": 4}
    write_json(tmp_path / "record.json", {**MODEL, "sha256": {}, "geometry": geometry, "provenance": {"model": MODEL}})
    prompts = []
    for row in range(4):
        ids = {"prompt_ids": generator.integers(2, 250, 6 + row).tolist()}
        ids["generated_ids"] = generator.integers(2, 250, N_TOKENS).tolist()
        prompts.append({"id": f"p{row}", "category": "ab"[row % 2], **ids})
    write_json(tmp_path / "tokens.json", {"prompts": prompts, "provenance": {"model": MODEL}})
    files = {name: str(tmp_path / name) for name in ("record.json", "tokens.json", "ranking.csv")}
    return {
        "model": str(MODELS / "tiny-qwen3"),
        **{name.split(".")[0]: path for name, path in files.items()},
        **{"names": ["random-1"], "fine": [], "scatteritem": "1-of-1", "dtype": "float32", "n_prompts": 4, "step": 2},
        **{"fine_step": 1, "max_fraction": 1.0, "batch_size": 2, "residual_cache": "device", "threads": 1},
        "folder": str(tmp_path / "orders" / "1-of-1"),
        "checksums": str(tmp_path / "orders" / "1-of-1.sha256"),
    }


def file_of(job, order="random-1"):
    """Where a job puts an order."""
    return Path(job["folder"]) / f"{order}.npz"


def curves(job):
    """Arrays of all that a job made, by order; there is nothing else."""
    folder = Path(job["folder"])
    assert {path.name for path in folder.parent.iterdir()} == {folder.name, f"{folder.name}.sha256"}
    return {path.stem: read_npz(path)[0] for path in folder.iterdir()}


def assert_equal(found, expected):
    assert found.keys() == expected.keys()
    for order, arrays in expected.items():
        for name, values in arrays.items():
            np.testing.assert_array_equal(found[order][name], values)


def kill_after(monkeypatch, n_batches):
    """Let the engine die, as a killed job does, once so many batches are done."""
    sweep, done = ablation._sweep, iter(range(100))

    def killed(*arguments):
        if next(done) == n_batches:
            raise KeyboardInterrupt
        return sweep(*arguments)

    monkeypatch.setattr(ablation, "_sweep", killed)


BOTH = ["random-1", "mean-random-1", "synergistic-0"]


def test_job_writes_kl_of_each_step_and_prompt_of_each_order(job):
    ablate_heads(**job | {"names": BOTH, "fine": ["synergistic-0"]})
    for order, arrays in curves(job).items():
        counts = range(9) if order == "synergistic-0" else range(0, 9, 2)
        np.testing.assert_array_equal(arrays["num_heads_removed"], counts)
        np.testing.assert_array_equal(arrays["compared"], range(0, 9, 2))
        assert arrays["kl_nats"].shape == (len(counts), 4)
        assert (arrays["kl_nats"][1:] > 0).all()
        np.testing.assert_array_equal(np.sort(arrays["removed"]), np.arange(N_HEADS))
        assert arrays["method"] == ("mean" if order.startswith("mean") else "zero")
        assert 0.5 <= arrays["layer_share"] <= 1
        assert list(arrays["prompt_id"]) == ["p0", "p1", "p2", "p3"]
        assert read_npz(file_of(job, order))[1]["parameters"]["order"] == order


def test_orders_do_not_depend_on_which_share_a_job(job, tmp_path):
    ablate_heads(**job | {"names": BOTH, "fine": BOTH[1:]})
    together, apart = curves(job), {}
    for number in (1, 2):
        folder = str(tmp_path / f"part{number}" / "folder")
        part = {"scatteritem": f"{number}-of-2", "folder": folder, "checksums": f"{folder}.sha256"}
        ablate_heads(**job | {"names": BOTH, "fine": BOTH[1:]} | part)
        apart |= curves(job | part)
    assert_equal(apart, together)


@pytest.mark.parametrize("names", [["random-1"], BOTH], ids=len)
@pytest.mark.parametrize("after", [1, 3])
def test_killed_job_goes_on_after_its_finished_batches_with_the_same_bits(job, names, after, monkeypatch, capsys):
    job |= {"names": names}
    ablate_heads(**job)
    whole = curves(job)
    shutil.rmtree(job["folder"])
    n_batches = 2 * len(names)
    with monkeypatch.context() as patch:
        kill_after(patch, after)
        if after < n_batches:
            with pytest.raises(KeyboardInterrupt):
                ablate_heads(**job)
            assert not Path(job["folder"]).exists()
    with monkeypatch.context() as patch:
        kill_after(patch, n_batches - after)  # as many are left, so this does not strike
        ablate_heads(**job)
    assert after > n_batches or "are done" in capsys.readouterr().out
    assert_equal(curves(job), whole)


def change_ranking(job, *columns):
    """Other values in columns of the ranking."""
    ranking = read_table(job["ranking"])
    write_table(job["ranking"], ranking.assign(**{name: 1 - ranking[name] for name in columns}))


def change_tokens(job):
    tokens = read_json(job["tokens"])
    tokens["prompts"][0]["generated_ids"][0] += 1
    write_json(job["tokens"], tokens)


@pytest.mark.parametrize("order", ["synergistic-0", "mean-random-1"])
def test_an_order_of_the_same_heads_is_found_and_not_computed(job, order, tmp_path, forbid_models, capsys):
    job |= {"names": [order], "kept": str(tmp_path / "kept")}
    ablate_heads(**job)
    whole = file_of(job, order).read_bytes()
    shutil.rmtree(job["folder"])
    change_ranking(job, "autocorrelation", "mean_norm")
    forbid_models()
    ablate_heads(**job | {"threads": 2, "residual_cache": "none"})
    assert "nothing was computed" in capsys.readouterr().out
    assert file_of(job, order).read_bytes() == whole
    curves(job)


def test_orders_that_were_not_measured_before_are_measured_beside_those_that_were(job, tmp_path):
    job |= {"kept": str(tmp_path / "kept")}
    ablate_heads(**job | {"names": BOTH, "kept": None})
    whole = curves(job)
    ablate_heads(**job | {"names": BOTH[:1]})
    ablate_heads(**job | {"names": BOTH})
    assert_equal(curves(job), whole)


def test_any_other_order_is_computed(job, tmp_path, forbid_models, monkeypatch):
    job |= {"names": ["synergistic-0"], "kept": str(tmp_path / "kept")}
    ablate_heads(**job)
    computed = forbid_models()
    settings = {"names": ["redundant-0"], "dtype": "bfloat16", "n_prompts": 3, "step": 4, "batch_size": 3}
    for name, value in {**settings, "max_fraction": 0.5, "fine": ["synergistic-0"], "kept": None}.items():
        with pytest.raises(computed):
            ablate_heads(**job | {name: value})
    record = read_json(job["record"]) | {"sha256": {"model.safetensors": "0"}}
    changes = {
        "ranking": lambda: change_ranking(job, "syn_red_score"),
        "tokens": lambda: change_tokens(job),
        "record": lambda: write_json(job["record"], record),
    }
    for name, change in changes.items():
        before = Path(job[name]).read_bytes()
        change()
        with pytest.raises(computed):
            ablate_heads(**job)
        Path(job[name]).write_bytes(before)
    ablate_heads(**job)  # all is as it was
    monkeypatch.setattr("ablate_heads.library_code", lambda *_: "other code")
    with pytest.raises(computed):
        ablate_heads(**job)


@pytest.mark.parametrize("change", [{"step": 4}, {"batch_size": 3}, {"n_prompts": 3}, "tokens"], ids=str)
def test_what_another_job_left_is_not_taken(job, change, monkeypatch, capsys):
    with monkeypatch.context() as patch:
        kill_after(patch, 1)
        with pytest.raises(KeyboardInterrupt):
            ablate_heads(**job)
    if change == "tokens":
        change_tokens(job)
        change = {}
    ablate_heads(**job | change)
    assert "other inputs or settings" in capsys.readouterr().out
    curves(job)


def test_two_copies_at_once_both_end_with_the_right_file(job, monkeypatch):
    ablate_heads(**job)
    whole = curves(job)
    sweep, started = ablation._sweep, []

    def interleaved(*arguments):
        measured = sweep(*arguments)
        if len(started) == 0:
            started.append(1)
            ablate_heads(**job)  # a second copy runs from start to end inside the first's first batch
        return measured

    monkeypatch.setattr(ablation, "_sweep", interleaved)
    ablate_heads(**job)
    assert_equal(curves(job), whole)


def answer_of_p1(**changes):
    """Function that changes the answer to the second prompt; None takes a key away."""

    def change(tokens):
        prompt = tokens["prompts"][1]
        prompt.update(changes)
        tokens["prompts"][1] = {key: value for key, value in prompt.items() if value is not None}

    return change


def of_another_model(**changes):
    return lambda tokens: tokens["provenance"].update(model=MODEL | changes)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (of_another_model(key="tiny-neox"), r"answers of tiny-qwen3 .*found those of tiny-neox"),
        (of_another_model(weights={"kind": "trained"}), r"weights random in .*weights trained"),
        (answer_of_p1(generated_ids=[]), r"one token in the answer of p1"),
        (answer_of_p1(prompt_ids=[]), r"one token in the prompt of p1"),
        (answer_of_p1(generated_ids=None), r"a key generated_ids"),
        (lambda tokens: tokens["prompts"].pop(), r"at least 4 items"),
        ({"names": ["alphabetical-0"]}, "an order out of synergistic"),
        ({"names": ["random-0", "median-random-0"]}, "a method out of zero, mean"),
        ({"step": 9}, "steps of at most 8 heads"),
        ("a row of the ranking", r"each of the model's 8 heads.*ranking\.csv; found 7 rows"),
    ],
)
def test_wrong_answers_settings_and_rankings_are_refused(job, change, message):
    if change == "a row of the ranking":
        write_table(job["ranking"], read_table(job["ranking"]).iloc[:-1])
    elif not isinstance(change, dict):
        tokens = read_json(job["tokens"])
        change(tokens)
        write_json(job["tokens"], tokens)
    with pytest.raises(InputError, match=message):
        ablate_heads(**job | (change if isinstance(change, dict) else {}))


def test_logits_that_overflow_leave_no_file(job, monkeypatch):
    from synergy.models import loading as models

    logits = models.LanguageModel.logits
    monkeypatch.setattr(models.LanguageModel, "logits", lambda self, hidden: logits(self, hidden) + torch.nan)
    with pytest.raises(InputError, match=r"finite logits.*dtype float32\.\n.*bfloat16"):
        ablate_heads(**job)
    assert not Path(job["folder"]).exists()
