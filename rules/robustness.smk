# Needs activations alone. Gives scores and verdicts under other series, estimators and measures, beside the default's.


localrules:
    plot_robustness,


scattergather:
    variant_pairs=1,  # shards of a model's head pairs under one variant, which has few surrogates


rule robustness:
    """Analyse the study again under every configured variant, and compare scores and verdicts with the default's."""
    input:
        figures(STUDY, ["robustness"]),


rule claims_of_activations:
    """Test claims 1 to 5 and draw what shows them: all that recorded heads alone can say about the study's models."""
    input:
        collect(PATHVARS.apply("<robustness>_claims.csv"), model=STUDY),
        figures(STUDY, [*CONTROL_FIGURES, *(["robustness"] if VARIANTS[1:] else [])]),


rule vary_series:
    """Make other series from the recorded ones: without drift, cut at their end, of half of the prompts, after W_O."""
    input:
        activations="<activations>",
    output:
        varied="<robustness>/{variant}_activations.npz",
    log:
        "<logs>/vary_series/{model}/{variant}.log",
    benchmark:
        "<benchmarks>/vary_series/{model}/{variant}.jsonl"
    wildcard_constraints:
        variant="|".join(OTHER_SERIES),
    conda:
        "../envs/analysis.yaml"
    resources:
        mem=growing("4GB"),
        runtime=growing("10m"),
    params:
        code=code("vary_series"),
        settings=settings(
            seed=lookup("robustness/seed", within=config),
        ),
    message:
        "Vary the series of {wildcards.model}: {wildcards.variant}."
    script:
        "../workflow_scripts/vary_series.py"


use rule decompose_pairs as decompose_variant with:
    """Decompose one range of head pairs under a variant of the analysis."""
    input:
        activations=variant_activations,
    output:
        shard="<robustness>/{variant}_shards/{scatteritem}.npz",
    log:
        "<logs>/decompose_variant/{model}/{variant}/{scatteritem}.log",
    benchmark:
        "<benchmarks>/decompose_variant/{model}/{variant}/{scatteritem}.jsonl"
    params:
        code=code("decompose_pairs"),
        settings=settings(
            lag=changed("lag"),
            redundancy=changed("redundancy"),
            estimator=changed("estimator"),
            null_model=FEWER_SURROGATES,
            seed=lookup("decomposition/seed", within=config),
            heads=of_model("heads"),
        ),
    message:
        "Decompose the pairs of heads of {wildcards.model}, {wildcards.variant}, shard {wildcards.scatteritem}."


use rule merge_pairs as merge_variant with:
    """Check the shards of a variant and put them together into matrices."""
    input:
        shards=gather.variant_pairs(
            PATHVARS.apply("<robustness>/{variant}_shards/{scatteritem}.npz"),
            model="{model}",
            variant="{variant}",
        ),
        activations=variant_activations,
    output:
        pairwise="<robustness>/{variant}_pairwise_phiid.npz",
    log:
        "<logs>/merge_variant/{model}/{variant}.log",
    benchmark:
        "<benchmarks>/merge_variant/{model}/{variant}.jsonl"
    message:
        "Merge the pairs of {wildcards.model}, {wildcards.variant}."


use rule rank_heads as rank_variant with:
    """Rank the heads under a variant of the analysis."""
    input:
        pairwise="<robustness>/{variant}_pairwise_phiid.npz",
        activations=variant_activations,
    output:
        ranking="<robustness>/{variant}_head_rankings.csv",
        summary="<robustness>/{variant}_head_rankings.json",
    log:
        "<logs>/rank_variant/{model}/{variant}.log",
    benchmark:
        "<benchmarks>/rank_variant/{model}/{variant}.jsonl"
    message:
        "Rank the heads of {wildcards.model}, {wildcards.variant}."


use rule measure_graphs as measure_variant with:
    """Measure both networks under a variant of the analysis."""
    input:
        pairwise=measured_pairwise,
        activations=measured_activations,
    output:
        metrics="<robustness>/{variant}_graph_metrics.json",
    log:
        "<logs>/measure_variant/{model}/{variant}.log",
    benchmark:
        "<benchmarks>/measure_variant/{model}/{variant}.jsonl"
    params:
        code=code("measure_graphs"),
        settings=settings(
            synergy=lambda wildcards: "phi_r" if wildcards.variant == INTEGRATION else "sts",
            top_fraction=lookup("graphs/top_fraction", within=config),
            seed=lookup("graphs/seed", within=config),
            null_networks=lookup("graphs/null_networks", within=config),
            surrogates=lookup("robustness/surrogates", within=config),
            decomposition=changed_decomposition,
        ),
    message:
        "Measure the two networks of {wildcards.model}, {wildcards.variant}."


rule compare_variants:
    """Correlate the variants' scores and layer profiles, and test under each the claims that need only activations."""
    input:
        rankings=of_variants("ranking", "head_rankings.csv"),
        summaries=of_variants("ranking_summary", "head_rankings.json"),
        pairwise=of_variants("pairwise", "pairwise_phiid.npz"),
        metrics=[
            "<graph_metrics>",
            *collect(
                PATHVARS.apply("<robustness>/{variant}_graph_metrics.json"),
                variant=VARIANTS[1:],
                allow_missing=True,
            ),
        ],
        control_rankings=of_twins_and_variants("ranking", "head_rankings.csv"),
        control_summaries=of_twins_and_variants("ranking_summary", "head_rankings.json"),
        control_pairwise=of_twins_and_variants("pairwise", "pairwise_phiid.npz"),
    output:
        agreement="<robustness>_agreement.csv",
        claims=report(
            "<robustness>_claims.csv",
            caption="captions/compare_variants.rst",
            category="5. Robustness",
            labels={"model": "{model}", "figure": "claims under every variant"},
        ),
    log:
        "<logs>/compare_variants/{model}.log",
    benchmark:
        "<benchmarks>/compare_variants/{model}.jsonl"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem=growing("4GB"),
        runtime=growing("30m"),
    params:
        code=code("compare_variants"),
        gathered=twins_of_model,
        settings=settings(
            variants=VARIANTS,
            layers=of_model("layers"),
            heads=of_model("heads"),
            significance=lookup("claims/significance", within=config),
            permutations=lookup("claims/permutations", within=config),
            seed=lookup("claims/seed", within=config),
        ),
    message:
        "Compare the variants of {wildcards.model}."
    script:
        "../workflow_scripts/compare_variants.py"


rule plot_robustness:
    """Plot how far scores and layer profiles agree between variants, and the verdicts under each."""
    input:
        agreement="<robustness>_agreement.csv",
        claims="<robustness>_claims.csv",
    output:
        figure=report(
            "<figure>_robustness.png",
            caption="captions/plot_robustness.rst",
            category="5. Robustness",
            labels={"model": "{model}", "figure": "robustness"},
        ),
        vector="<figure>_robustness.pdf",
    log:
        "<logs>/plot_robustness/{model}.log",
    benchmark:
        "<benchmarks>/plot_robustness/{model}.jsonl"
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("plot_robustness"),
    message:
        "Plot how far the variants of {wildcards.model} agree."
    script:
        "../workflow_scripts/plot_robustness.py"
