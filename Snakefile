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
    order_kl="<results>/ablation/orders/{model}/{order}.npz",
    ablation="<results>/ablation/{model}_ablation.csv",
    ablation_statistics="<results>/ablation/{model}_ablation.json",
    math_records="<results>/ablation/math/{model}/{condition}.jsonl",
    math_condition="<results>/ablation/math/{model}/{condition}.json",
    math_perturbation="<results>/ablation/{model}_math_perturbation.csv",
    figure="<results>/figures/{model}",
    variant="<results>/robustness/{model}/{variant}",
    robustness="<results>/robustness/{model}",
    trajectory="<results>/trajectory/{model}",
    claims="<results>/claims/{model}_claims.csv",
    all_claims="<results>/claims/claims.csv",
    run_record="<results>/run_record.json",


include: "rules/common.smk"
include: "rules/prefetch.smk"
include: "rules/activations.smk"
include: "rules/decomposition.smk"
include: "rules/ranking.smk"
include: "rules/graphs.smk"
include: "rules/ablation.smk"
include: "rules/perturbation.smk"
include: "rules/figures.smk"
include: "rules/comparison.smk"
include: "rules/claims.smk"
include: "rules/robustness.smk"
include: "rules/trajectory.smk"


rule all:
    """Make every figure, table and verdict of the study."""
    default_target: True
    input:
        STUDY_FIGURES,
        "<all_claims>",
        "<run_record>",
