"""Inputs of jobs that no script may accept: rule, damage, and the three parts of the message."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from damage import (
    Job,
    arrays,
    cells,
    cut,
    emptied,
    file_lost,
    file_text,
    gone,
    keys,
    line,
    other,
    put,
    rows,
    setting,
    spoil,
    text,
)

REMAKE = "delete .* and run the workflow again"
RECORDED = "record the activations again"


@dataclass(frozen=True)
class BadJob:
    """A rule, what is wrong with what it is given, how to make that, and patterns of expected, found and hint."""

    rule: str
    what: str
    damage: object
    expected: str
    found: str
    hint: str = REMAKE


def objects(_) -> np.ndarray:
    """An array that can only be kept as a pickle."""
    return np.array([{}, {}], dtype=object)


def spoilt_benchmark(job: Job) -> None:
    folder = job.scratch / "benchmarks"
    folder.mkdir()
    (folder / "rank_heads.jsonl").write_text('{"s": "soon"}\n')
    job.params["benchmarks"] = str(folder)


def results_without_a_head(job: Job) -> None:
    """Finished results, of which one ranking lost its last row, where the checks look for them."""
    import shutil

    results = Path(job.output["checks"]).parent
    shutil.copytree("results", results, dirs_exist_ok=True, ignore=shutil.ignore_patterns("checks.json"))
    rows(slice(-1))(results / "phiid_scores/tiny-neox_head_rankings.csv")


SERIES = [
    ("NaN", arrays(activations=put(np.nan, 1, 2, 3)), "finite activations in", "nan in prompt 1, head 2, token 3"),
    ("infinite", arrays(activations=put(np.inf, 0, 0, 0)), "finite activations in", "inf in prompt 0, head 0, token 0"),
    ("two axes", arrays(activations=lambda a: a[0]), r"activations \(n_prompts, n_heads_total, n_tokens\)", "shapes"),
    ("whole numbers", arrays(activations=lambda a: a.astype(int)), "floats for activations", "int64"),
    ("complex numbers", arrays(activations=lambda a: a + 1j), "floats for activations", "complex"),
    ("words", arrays(activations=lambda a: a.astype(str)), "floats for activations", "types <U"),
    ("lengths that are not whole", arrays(n_tokens=lambda n: n + 0.5), "whole numbers for n_tokens", "float64"),
    ("length 0", arrays(n_tokens=put(0, 0)), "n_tokens of at least 1", "0"),
    ("length beyond the series", arrays(n_tokens=put(25, 0)), "n_tokens of at most 24", "25"),
    ("a length too few", arrays(n_tokens=lambda n: n[:-1]), r"n_tokens \(n_prompts,\)", "shapes"),
    ("no prompts", arrays(activations=lambda a: a[:0], n_tokens=lambda n: n[:0]), "at least 1 prompt", "0 prompts"),
    ("categories of other prompts", arrays(category=lambda c: c[:2]), "category", r"shape \(2,\)"),
]
ACTIVATIONS = [
    BadJob("decompose_pairs", f"activations: {what}", spoil("activations", change), expected, found, RECORDED)
    for what, change, expected, found in SERIES
]
ACTIVATIONS += [
    BadJob("decompose_pairs", what, spoil("activations", change), expected, found, hint)
    for what, change, expected, found, hint in [
        ("activations cut in half", cut, "complete npz", "BadZipFile", REMAKE),
        ("activations gone", gone, "npz file at", "no such file", "run the rule"),
        ("activations empty", emptied, "complete npz", "BadZipFile", REMAKE),
        ("no activations in the file", arrays(activations=None), "arrays activations", "no activations", REMAKE),
        ("no lengths in the file", arrays(n_tokens=None), "arrays activations, n_tokens", "no n_tokens", REMAKE),
        ("a pickled array", arrays(activations=objects), "without pickles", "pickle", REMAKE),
        ("an npy file", text("\x93NUMPY"), "complete npz", "BadZipFile", REMAKE),
        ("too short", arrays(n_tokens=lambda n: n * 0 + 4), r"lag \+ 4 = 5 tokens", "4 tokens", "record more tokens"),
        ("constant", arrays(activations=np.ones_like), "vary in time", "every head constant", "record"),
        (
            "one head",
            arrays(activations=lambda a: a[:, :1], activations_after_output=None),
            "at least 2 heads",
            "1",
            "larger model",
        ),
        (
            "provenance that is a list",
            arrays(provenance=lambda _: np.array("[1]")),
            "JSON object as provenance",
            "",
            REMAKE,
        ),
    ]
]
PAIRS = [
    BadJob("decompose_pairs", "no such shard", setting(scatteritem="3-of-2"), "scatter item", "3-of-2", "k-of-n"),
    BadJob("decompose_pairs", "unknown estimator", setting(estimator="kernel"), "an estimator", "kernel", "config"),
    BadJob("decompose_variant", "cut", spoil("activations", cut), "complete npz", "BadZipFile"),
    BadJob("vary_series", "NaN", spoil("activations", SERIES[0][1]), "finite activations in", "nan", RECORDED),
    BadJob(
        "vary_series",
        "no natural length",
        lambda job: (setting(variant="natural_length")(job), spoil("activations", arrays(natural_length=None))(job)),
        "array natural_length",
        "only activations",
        "leave the variant out",
    ),
    BadJob(
        "merge_pairs",
        "a shard twice",
        lambda job: job.input["shards"].append(job.input["shards"][0]),
        "each pair once",
        "overlaps",
        "delete both",
    ),
    BadJob(
        "merge_pairs",
        "a shard missing",
        lambda job: job.input["shards"].pop(),
        "hold all 28 pairs",
        "14 pairs missing",
        "run the workflow again",
    ),
    BadJob(
        "merge_pairs",
        "a shard of another model",
        other("shards", "results/phiid_scores/shards/tiny-qwen3/1-of-2.npz"),
        "activations with fingerprint",
        "fingerprint .* in .*tiny-qwen3",
    ),
    BadJob("merge_pairs", "a shard cut in half", spoil("shards", cut), "complete npz", "BadZipFile"),
    BadJob(
        "merge_pairs", "a shard with NaN", spoil("shards", arrays(sts=put(np.nan, 3))), "finite sts", "nan for pair 3"
    ),
    BadJob("merge_pairs", "a shard without counts", spoil("shards", arrays(n_null=None)), "arrays sts", "no n_null"),
    BadJob(
        "merge_pairs",
        "a shard of floats",
        spoil("shards", arrays(first_pair=lambda n: n + 0.5)),
        "first_pair as",
        "float64",
    ),
    BadJob("merge_pairs", "a short shard", spoil("shards", arrays(rtr=lambda a: a[1:])), "rtr of 14 pairs", r"\(13,\)"),
    BadJob(
        "merge_pairs",
        "sums of other heads",
        spoil("shards", arrays(head_null_sums=lambda a: a[..., 1:])),
        r"head_null_sums \(8, 2, 8\)",
        r"\(8, 2, 7\)",
    ),
    BadJob("merge_variant", "a shard gone", spoil("shards", gone), "npz file at", "no such file", "run the rule"),
    BadJob(
        "rank_heads",
        "other activations",
        other("activations", "results/activations/tiny-qwen3_activations.npz"),
        "belong together",
        "made from other activations",
    ),
    BadJob("rank_heads", "other geometry", setting(layers=3), "3 layers x 4 heads = 12", "8 in", "layers and heads"),
    BadJob(
        "rank_heads", "no null", spoil("pairwise", arrays(sts_null_mean=None)), "arrays sts_matrix", "no sts_null_mean"
    ),
    BadJob(
        "rank_heads",
        "a matrix of words",
        spoil("pairwise", arrays(sts_matrix=lambda a: a.astype(str))),
        "sts_matrix",
        "<U",
    ),
    BadJob(
        "rank_variant",
        "a matrix cut off",
        spoil("pairwise", arrays(rtr_matrix=lambda a: a[:5])),
        r"rtr_matrix \(8, 8\)",
        r"\(5, 8\)",
    ),
    BadJob(
        "measure_graphs",
        "no square",
        spoil("pairwise", arrays(rtr_matrix=lambda a: a[:, :5])),
        r"\(8, 8\)",
        r"\(8, 5\)",
    ),
    BadJob("measure_variant", "cut", spoil("pairwise", cut), "complete npz", "BadZipFile"),
]
MODELS = [
    BadJob(
        "prefetch_model",
        "heads that the checkpoint has not",
        setting(stanza={"heads": 5}),
        "tiny-neox.heads: 4",
        "5 in the config",
        "set models.tiny-neox.heads: 4",
    ),
    BadJob(
        "prefetch_model",
        "layers that the checkpoint has not",
        setting(stanza={"layers": 3}),
        "tiny-neox.layers: 2",
        "3 in the config",
        "set models.tiny-neox.layers: 2",
    ),
    BadJob(
        "prefetch_model",
        "no folder",
        setting(path="nowhere"),
        "config.json, tokenizer in nowhere",
        "no such folder",
        "source.path",
    ),
    BadJob(
        "prefetch_model",
        "weights that are not there",
        setting(stanza={"weights": "trained"}),
        "safetensors weights",
        "no model.safetensors",
        "source.path",
    ),
    BadJob(
        "record_activations",
        "a model without config",
        spoil("model", file_lost("config.json")),
        "config.json",
        "no config.json",
        "snakemake results/prefetch",
    ),
    BadJob(
        "record_activations",
        "a model without tokenizer",
        spoil("model", file_lost("tokenizer.json")),
        "tokenizer",
        "no tokenizer.json",
        "snakemake results/prefetch",
    ),
    BadJob(
        "record_activations",
        "config.json cut",
        spoil("model", file_text("config.json", '{"model_type":')),
        "config.json",
        "JSON",
        "run the workflow again|prefetch",
    ),
    BadJob(
        "record_activations",
        "unknown architecture",
        spoil("model", file_text("config.json", '{"model_type": "abacus"}')),
        "config.json",
        "abacus",
        "prefetch|stanza",
    ),
    BadJob(
        "record_activations",
        "tokenizer.json cut",
        spoil("model", file_text("tokenizer.json", "{")),
        "tokenizer",
        ":",
        "prefetch|stanza",
    ),
    BadJob(
        "record_activations",
        "pickled weights",
        lambda job: (
            spoil("model", file_text("pytorch_model.bin", "x"))(job),
            spoil("record", keys("weights", {"kind": "trained"}))(job),
        ),
        "safetensors weights",
        "pytorch_model.bin, which is not loaded",
        "prefetch",
    ),
    BadJob(
        "record_activations", "no weights in the record", spoil("record", keys("weights")), "a key weights", "keys key"
    ),
    BadJob(
        "record_activations",
        "chat without template",
        setting(stanza={"prompt_format": "chat"}),
        "chat template",
        "without one",
        "prompt_format: plain",
    ),
]
PROMPTS = [
    BadJob("record_activations", f"prompts: {what}", spoil("prompts", text(content)), expected, found, hint)
    for what, content, expected, found, hint in [
        ("one", "prompts: [{id: a, category: c, text: One.}]", "at least 2 prompts in", "1", "add prompts"),
        (
            "an id twice",
            "prompts: [{id: a, category: c, text: x}, {id: a, category: c, text: y}]",
            "different 'id'",
            "'a' twice",
            "change or remove",
        ),
        (
            "no text",
            "prompts: [{id: a, category: c, text: x}, {id: b, category: c}]",
            "keys id, category, text",
            "no text",
            "add what is missing",
        ),
        (
            "an unknown key",
            "prompts: [{id: a, category: c, text: x, temperature: 1}]",
            "only keys",
            "temperature",
            "remove",
        ),
        ("a number for a text", "prompts: [{id: a, category: c, text: 5}]", "text for 'text'", "5", "quotes"),
        ("no YAML", "prompts: [", "valid YAML", "expected", "mend the file"),
        (
            "an object of Python",
            "prompts: !!python/object/apply:os.getcwd []",
            "valid YAML",
            "python/object",
            "mend the file",
        ),
        ("no list", "prompts: 5", "a list under 'prompts'", "int", "write one"),
    ]
]
BROKEN = '{"problem": "1 + 1?", "level": "Level 1", "type": "A", "solution": "2"}\n'
MATH = [
    BadJob(
        "prefetch_math",
        "more asked than there are",
        setting(n_problems=101),
        "between 1 and the size of the set",
        "",
        "",
    ),
    BadJob("prefetch_math", "more exemplars than ours", setting(shots=6), "6 exemplars of our own", "5", "shots"),
    BadJob(
        "prefetch_math",
        "no such file",
        setting(source={"path": "math500"}),
        "problem set at math500",
        "no such file",
        "key of problem_sets",
    ),
    BadJob(
        "prefetch_math",
        "exemplars of a file's train split",
        setting(exemplars="train"),
        "split 'train'",
        "the file",
        "exemplars to ours",
    ),
    BadJob(
        "score_math",
        "unknown kind of heads",
        setting(condition="lazy-1.0-0"),
        "an order out of",
        "'lazy'",
        "config|path",
    ),
    BadJob(
        "score_math",
        "a ranking without scores",
        spoil("ranking", cells("syn_red_score", None)),
        "columns syn_red_score",
        "no syn_red_score",
        "delete it",
    ),
    BadJob(
        "score_math",
        "a ranking of another model",
        lambda job: (setting(condition="random-1.0-0")(job), spoil("ranking", rows(slice(5)))(job)),
        "each of the model's 8 heads",
        "5 rows",
        "layers and heads",
    ),
    BadJob(
        "score_math",
        "a score that is no number",
        spoil("ranking", cells("syn_red_score", "high", 2)),
        "number or nothing for syn_red_score in data row 3",
        "'high'",
        "delete it",
    ),
    BadJob("score_math", "a problem without box", spoil("problems", text(BROKEN)), "boxed", "none", "boxed"),
    BadJob("score_math", "half a line of a problem", spoil("problems", cut), "JSON object at .*:", "", "line"),
    BadJob(
        "score_math", "exemplars gone", spoil("problems_record", keys("exemplars")), "a key exemplars", "keys source"
    ),
    BadJob("score_math", "shard 0", setting(scatteritem="0-of-1"), "scatter item", "0-of-1", "k-of-n"),
    BadJob("merge_problems", "half a shard", spoil("shards", cut), "JSON object at|problems 0 to 5", "", ""),
    BadJob("merge_problems", "an empty shard", spoil("shards", emptied), "a first line in", "an empty file"),
    BadJob(
        "merge_problems",
        "a shard of another condition",
        setting(condition="random-1.0-0"),
        "answers under random-1.0-0",
        "those under",
    ),
    BadJob(
        "merge_problems",
        "another ranking",
        spoil("ranking", rows(slice(5))),
        "a row for each of the model's",
        "5 rows",
    ),
    BadJob(
        "merge_problems",
        "no verdict",
        spoil("shards", line(2, "correct", "yes")),
        "true or false for correct of .*:3",
        "'yes'",
    ),
    BadJob(
        "merge_problems",
        "no likelihood",
        spoil("shards", line(1, "solution_nll", None)),
        "a number for solution_nll of .*:2",
        "None",
    ),
    BadJob(
        "merge_problems",
        "no first problem",
        spoil("shards", line(0, "first_problem", "0")),
        "whole number for first_problem",
        "'0'",
    ),
    BadJob("merge_problems", "a gap", spoil("shards", line(0, "last_problem", 9)), "first and last of 6 problems", ""),
    BadJob("merge_math", "other problems", spoil("records", line(0, "id", "another"), 1), "same problems", "others in"),
    BadJob(
        "merge_math",
        "asked otherwise",
        spoil("conditions", keys("provenance.parameters", {}), 1),
        "asked in the same way",
        r"\{\} in",
    ),
    BadJob("merge_math", "half an answer", spoil("records", cut), "JSON object at .*:", "", "line"),
    BadJob(
        "merge_math",
        "a verdict of text",
        spoil("records", line(0, "correct", "false")),
        "true or false for correct",
        "'false'",
    ),
    BadJob("merge_math", "no sigma", spoil("conditions", keys("sigma")), "a key sigma", "keys condition"),
]
REMOVAL = [
    BadJob(
        "ablate_heads", "unknown order", setting(order="banana-0"), "an order out of", "'banana-0'", "ablation.orders"
    ),
    BadJob(
        "ablate_heads",
        "unknown method",
        setting(order="half-random-0"),
        "a method out of",
        "'half'",
        "ablation.methods",
    ),
    BadJob(
        "ablate_heads",
        "answers of another model",
        other("tokens", "results/activations/tiny-qwen3_tokens.json"),
        "answers of tiny-neox",
        "those of tiny-qwen3",
    ),
    BadJob(
        "ablate_heads",
        "an answer without tokens",
        spoil("tokens", keys("prompts.0.generated_ids", [])),
        "at least one token",
        "none",
    ),
    BadJob(
        "ablate_heads",
        "answers of words",
        spoil("tokens", keys("prompts.1.prompt_ids", ["one"])),
        r"whole number for prompts\[1\].prompt_ids\[0\]",
        "'one'",
    ),
    BadJob("ablate_heads", "more prompts than there are", setting(n_prompts=99), "at least 99", "6", "config"),
    BadJob(
        "ablate_heads",
        "a head without score",
        spoil("ranking", cells("syn_red_score", "")),
        "a score for every head",
        "NaN for heads",
        "constant heads",
    ),
    BadJob(
        "ablate_heads",
        "a model that is gone",
        other("model", "resources/models/nobody"),
        "config.json",
        "no such folder",
        "snakemake results/prefetch/nobody",
    ),
    BadJob("merge_ablation", "cut in half", spoil("orders", cut), "complete npz", "BadZipFile"),
    BadJob(
        "merge_ablation",
        "negative KL",
        spoil("orders", arrays(kl_nats=put(-1.0, 1, 0))),
        "finite KL of at least 0",
        "-1.0",
    ),
    BadJob(
        "merge_ablation",
        "KL of words",
        spoil("orders", arrays(kl_nats=lambda a: a.astype(str))),
        "kl_nats of 2 axes",
        "<U",
    ),
    BadJob(
        "merge_ablation",
        "other prompts",
        spoil("orders", arrays(prompt_id=put("c-9", 0)), 1),
        "same prompt_id",
        "another in",
        "delete the older",
    ),
    BadJob(
        "merge_ablation",
        "steps backwards",
        spoil("orders", arrays(num_heads_removed=lambda n: n[::-1])),
        "ascending",
        r"\[8",
    ),
    BadJob(
        "merge_ablation",
        "an order under another's name",
        lambda job: job.input["orders"].reverse(),
        "the order",
        "heads",
    ),
]
