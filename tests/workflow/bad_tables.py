"""Tables and records that no script which draws, compares or merges may accept; see `bad_jobs` for the form."""

from bad_jobs import BadJob, results_without_a_head, spoilt_benchmark
from damage import arrays, cells, cut, emptied, gone, keys, other, rows, setting, spoil, text

HEADS = "each of the model's 8 heads, in order"
GEOMETRY = "correct layers and heads"
NO_NUMBER = "number or nothing for {} in data row"
NAN_WORD = "delete it"
OTHER = "results/phiid_scores/tiny-qwen3_pairwise_phiid.npz"


def without_rows(rule: str, name: str, at: int = 0) -> BadJob:
    """A ranking that lost a head."""
    return BadJob(rule, "a ranking that lost a head", spoil(name, rows(slice(-1)), at), HEADS, "7 rows", GEOMETRY)


FIGURES = [
    without_rows("plot_profile", "ranking"),
    BadJob(
        "plot_profile",
        "no excess",
        spoil("ranking", cells("excess_score", None)),
        "columns",
        "no excess_score",
        NAN_WORD,
    ),
    BadJob(
        "plot_profile",
        "published without model",
        spoil("published", cells("model", None)),
        "columns model",
        "no model",
        "",
    ),
    without_rows("plot_head_ranking", "ranking"),
    BadJob(
        "plot_head_ranking",
        "a word",
        spoil("ranking", cells("balance", "even", 3)),
        NO_NUMBER.format("balance"),
        "'even'",
        "",
    ),
    BadJob("plot_heatmaps", "other geometry", setting(layers=5), r"sts_matrix \(20, 20\)", r"\(8, 8\)"),
    BadJob("plot_heatmaps", "no null", spoil("pairwise", arrays(rtr_null_mean=None)), "arrays", "no rtr_null_mean"),
    without_rows("plot_null", "ranking"),
    BadJob(
        "plot_null",
        "a null of other heads",
        spoil("pairwise", arrays(head_null_sts=lambda a: a[:, 1:])),
        r"head_null_sts \(…, 8\)",
        r"\(8, 7\)",
    ),
    without_rows("plot_graph_cores", "ranking"),
    BadJob("plot_graph_cores", "cut", spoil("pairwise", cut), "complete npz", "BadZipFile"),
    BadJob(
        "plot_ablation",
        "a word",
        spoil("ablation", cells("mean_kl_div", "much")),
        NO_NUMBER.format("mean_kl_div"),
        "'much'",
        "",
    ),
    BadJob(
        "plot_ablation",
        "infinite",
        spoil("ablation", cells("kl_ci_high", "inf")),
        NO_NUMBER.format("kl_ci_high"),
        "'inf'",
        "",
    ),
    BadJob("plot_ablation", "no method", spoil("ablation", cells("method", None)), "columns", "no method", NAN_WORD),
    BadJob("plot_ablation", "no rows", spoil("ablation", rows(slice(0))), "at least 1 row", "0", NAN_WORD),
    BadJob("plot_math", "no counts", spoil("math", cells("n_correct", None)), "columns", "no n_correct", NAN_WORD),
    BadJob("plot_math", "a ragged row", spoil("math", text("condition,sigma\nbaseline\n")), "columns|2 cells", "", ""),
    BadJob(
        "plot_robustness",
        "unknown verdict",
        spoil("claims", cells("verdict", "perhaps")),
        "one of supported",
        "'perhaps'",
        "",
    ),
    BadJob(
        "plot_robustness",
        "no correlation",
        spoil("agreement", cells("spearman", None)),
        "columns",
        "no spearman",
        NAN_WORD,
    ),
    BadJob("plot_trajectory", "no checkpoints", spoil("summary", keys("checkpoints")), "a key checkpoints", "keys"),
    BadJob(
        "plot_trajectory", "a row lost", spoil("trajectory", rows(slice(-1))), "all layers of 2 checkpoints", "3 rows"
    ),
    BadJob(
        "plot_trajectory",
        "an extent in words",
        spoil("summary", keys("checkpoints.0.score.extent", "wide")),
        r"a number or null for .*checkpoints\[0\].score.extent",
        "'wide'",
    ),
]
COMPARISONS = [
    BadJob(
        "compare_models",
        "a layer in words",
        spoil("rankings", cells("layer", "first")),
        NO_NUMBER.format("layer"),
        "'first'",
        "",
    ),
    BadJob(
        "compare_models",
        "a ranking that lost a head",
        spoil("rankings", rows(slice(-1))),
        "same number of heads of each layer",
        "7 rows",
    ),
    BadJob("compare_models", "no definitions", spoil("metrics", keys("definitions")), "a key definitions", "keys"),
    BadJob(
        "compare_models",
        "no modularity",
        spoil("metrics", keys("definitions.top_fraction.synergy.modularity"), 1),
        "a key modularity in definitions.top_fraction.synergy",
        "keys",
    ),
    BadJob(
        "compare_models", "an empty table", spoil("ablations", emptied), "columns", "no num_heads_removed", NAN_WORD
    ),
    without_rows("compare_published", "rankings"),
    BadJob(
        "compare_published",
        "no accuracies",
        spoil("maths", cells("n_problems", None)),
        "columns",
        "no n_problems",
        NAN_WORD,
    ),
    BadJob(
        "compare_published",
        "an efficiency in words",
        spoil("metrics", keys("definitions.dense_weighted.synergy.global_efficiency.value", "high")),
        "a number or null for .*global_efficiency.value",
        "'high'",
    ),
    BadJob(
        "compare_published",
        "a published table gone",
        spoil("published", gone, 4),
        "a CSV table",
        "no such file",
        "run the rule",
    ),
    without_rows("compare_scores", "rankings"),
    BadJob(
        "compare_scores",
        "atoms of too few heads",
        spoil("pairwise", arrays(sts_matrix=lambda a: a[1:, 1:]), 2),
        r"sts_matrix \(8, 8\)",
        r"\(7, 7\)",
    ),
    without_rows("compare_variants", "rankings", 1),
    BadJob("compare_variants", "metrics cut", spoil("metrics", cut), "valid JSON", "line"),
    BadJob(
        "compare_variants", "no null", spoil("pairwise", arrays(sts_null_mean=None), 1), "arrays", "no sts_null_mean"
    ),
    without_rows("trace_training", "rankings", 1),
    BadJob("trace_training", "no reliability", spoil("summaries", keys("split_half")), "a key split_half", "keys"),
    BadJob("trace_training", "no hashes", spoil("records", keys("sha256")), "a key sha256", "keys"),
]
CLAIMS = [
    without_rows("decide_claims", "ranking"),
    BadJob("decide_claims", "other geometry", setting(heads=5), "each of the model's 10 heads", "8 rows", GEOMETRY),
    BadJob(
        "decide_claims",
        "no contrasts",
        spoil("metrics", keys("contrasts_synergy_minus_redundancy")),
        "a key contrasts",
        "keys",
    ),
    BadJob(
        "decide_claims",
        "a ratio in words",
        spoil("ablation_statistics", keys("ratios.synergistic/random.estimate", "big")),
        "a number or null for .*ratios.synergistic/random.estimate",
        "'big'",
    ),
    BadJob("decide_claims", "no pooled tests", spoil("math_statistics", keys("pooled")), "a key pooled", "keys"),
    BadJob(
        "decide_claims",
        "a count in words",
        spoil("math", cells("n_correct", "all")),
        NO_NUMBER.format("n_correct"),
        "'all'",
        "",
    ),
    BadJob(
        "decide_claims",
        "an order lost its column",
        spoil("ablation", cells("order_type", None)),
        "columns",
        "no order_type",
        "",
    ),
    BadJob(
        "merge_claims",
        "another table",
        other("claims", "results/ablation/tiny-neox_ablation.csv"),
        "columns model, claim",
        "num_heads_removed",
        "",
    ),
    BadJob("merge_claims", "a claim 9", spoil("claims", cells("claim", "9"), 1), "one of 1, 2", "'9'", ""),
    BadJob("merge_claims", "an empty file", spoil("claims", emptied, 2), "columns model", "an empty file", ""),
    BadJob(
        "summarise",
        "unknown verdict",
        spoil("claims", cells("verdict_after_control", "maybe")),
        "one of supported",
        "'maybe'",
        "",
    ),
    BadJob(
        "summarise",
        "a column lost",
        spoil("definitions", cells("configured", None)),
        "columns model, definition",
        "model",
        "",
    ),
    BadJob(
        "summarise",
        "agreement cut",
        spoil("agreement", text("model,figure\n")),
        "columns model, published_model",
        "model, figure",
        "",
    ),
    BadJob("summarise", "no cost", spoil("record", keys("cost")), "a key cost", "keys config"),
    without_rows("summarise", "rankings"),
    BadJob("record_run", "a record cut", spoil("models", cut), "valid JSON", ""),
    BadJob("record_run", "a record that is a list", spoil("problems", text("[]")), "an object for the whole", r"\[\]"),
    BadJob(
        "record_run", "a benchmark in words", spoilt_benchmark, "a benchmark record", "ValueError", "delete that file"
    ),
    BadJob(
        "check_results",
        "a ranking that lost a head",
        results_without_a_head,
        "artifacts in .* that pass",
        "test_",
        "log",
    ),
]
