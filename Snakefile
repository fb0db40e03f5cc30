# Does a language model have a synergistic core, and does it matter? (arXiv:2601.06851, tested)
snakemake.utils.min_version("9.19")


configfile: workflow.source_path("config/config.yaml")


# The register of artifacts: every file that users read, by name.
pathvars:
    model_files="<resources>/models/{model}",
    prefetch_record="<results>/prefetch/{model}.json",
    problems="<resources>/math/problems.jsonl",
    problems_record="<results>/prefetch/math.json",
    activations="<results>/activations/{model}_activations.npz",
    logits="<results>/activations/{model}_logits.npz",
    tokens="<results>/activations/{model}_tokens.json",
    pair_shard="<results>/phiid_scores/shards/{model}/{scatteritem}.npz",
    pairwise="<results>/phiid_scores/{model}_pairwise_phiid.npz",
    ranking="<results>/phiid_scores/{model}_head_rankings.csv",
    ranking_summary="<results>/phiid_scores/{model}_head_rankings.json",
    graph_metrics="<results>/phiid_scores/{model}_graph_metrics.json",
    order_range="<results>/ablation/ranges/{model}/orders/{scatteritem}",
    order_kl="<results>/ablation/orders/{model}/{order}.npz",
    ablation="<results>/ablation/{model}_ablation.csv",
    ablation_statistics="<results>/ablation/{model}_ablation.json",
    condition_range="<results>/ablation/ranges/{model}/conditions/{scatteritem}",
    solutions_range="<results>/ablation/ranges/{model}/solutions/{scatteritem}.npz",
    math_solutions="<results>/ablation/math/{model}/solutions.npz",
    math_records="<results>/ablation/math/{model}/{condition}.jsonl",
    math_condition="<results>/ablation/math/{model}/{condition}.json",
    math_perturbation="<results>/ablation/{model}_math_perturbation.csv",
    math_statistics="<results>/ablation/{model}_math_perturbation.json",
    math_groups="<results>/ablation/{model}_math_groups.csv",
    figure="<results>/figures/{model}",
    robustness="<results>/robustness/{model}",
    trajectory="<results>/trajectory/{model}",
    claims="<results>/claims/{model}_claims.csv",
    all_claims="<results>/claims/claims.csv",
    score_definitions="<results>/claims/score_definitions.csv",
    agreement="<results>/claims/agreement.csv",
    run_record="<results>/run_record.json",
    summary="<results>/summary.html",
    checks="<results>/checks.json",


scattergather:
    pairs=16,  # shards of a model's head pairs; a profile's set-scatter overrides it


for stage in """config common inputs resources prefetch activations decomposition ranking graphs ablation perturbation
                figures comparison claims variants robustness training trajectory report cluster wildcards""".split():

    include: f"rules/{stage}.smk"


rule all:
    """Make every figure, table and verdict of the study."""
    default_target: True
    input:
        STUDY_FIGURES,
        HEAD_MAPS,
        "<summary>",
        "<checks>",
    message:
        "Everything of the study is there."
