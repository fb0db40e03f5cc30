# Needs the artifacts of one model. Gives its figures, each from the artifacts alone.


PUBLISHED = {  # figure of the paper: its values
    "2b": "config/published/fig2b_head_rank.csv",
    "2c": "config/published/fig2c_layer_profile.csv",
    "3c": "config/published/fig3c_graph_metrics.csv",
    "4a": "config/published/fig4a_ablation_kl.csv",
    "4b": "config/published/fig4b_math_accuracy.csv",
}
MODEL_FIGURES = [
    "phiid_profile",
    "null_profile",
    "synergy_redundancy",
    "head_ranking_heatmap",
    "graph_cores",
    "examples",
    "ablation_curves",
    "math_perturbation",
    "robustness",
]
CONTROL_FIGURES = MODEL_FIGURES[:5]  # what needs no more than activations
COMPARISONS = ["profiles", "ablation", "graph_metrics"]
STUDY_FIGURES = [
    *figures(STUDY, MODEL_FIGURES),
    *figures(CONTROLS.values(), CONTROL_FIGURES),
    *figures(["multi_model"], COMPARISONS),
]


localrules:  # 5 CPU seconds and 0.5 GB at most with 1,152 heads, about a job's own price
    plot_profile,
    plot_heatmaps,
    plot_head_ranking,
    plot_null,
    plot_examples,
    plot_ablation,
    plot_math,


rule plot_profile:
    """Plot the layer profile of the score (Fig. 2c)."""
    input:
        ranking="<ranking>",
        published=ours(PUBLISHED["2c"]),
    output:
        figure=report(
            "<figure>_phiid_profile.png",
            caption="captions/plot_profile.rst",
            category="2. Synergistic core",
            labels={"model": "{model}", "figure": "layer profile"},
        ),
        vector="<figure>_phiid_profile.pdf",
    log:
        "<logs>/plot_profile/{model}.log",
    benchmark:
        "<benchmarks>/plot_profile/{model}.jsonl"
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("plot_profile", PUBLISHED["2c"]),
        settings=settings(
            layers=of_model("layers"),
            heads=of_model("heads"),
        ),
    message:
        "Plot the layer profile of {wildcards.model}."
    script:
        "../workflow_scripts/plot_profile.py"


rule plot_heatmaps:
    """Plot the synergy and redundancy of all pairs (Fig. 2a)."""
    input:
        pairwise="<pairwise>",
    output:
        figure=report(
            "<figure>_synergy_redundancy.png",
            caption="captions/plot_heatmaps.rst",
            category="2. Synergistic core",
            labels={"model": "{model}", "figure": "pairwise synergy and redundancy"},
        ),
        vector="<figure>_synergy_redundancy.pdf",
    log:
        "<logs>/plot_heatmaps/{model}.log",
    benchmark:
        "<benchmarks>/plot_heatmaps/{model}.jsonl"
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("plot_heatmaps"),
        settings=settings(
            layers=of_model("layers"),
            heads=of_model("heads"),
        ),
    message:
        "Plot all pairs of heads of {wildcards.model}."
    script:
        "../workflow_scripts/plot_heatmaps.py"


rule plot_head_ranking:
    """Plot the score of every head by layer (Fig. 2b)."""
    input:
        ranking="<ranking>",
        published=ours(PUBLISHED["2b"]),
    output:
        figure=report(
            "<figure>_head_ranking_heatmap.png",
            caption="captions/plot_head_ranking.rst",
            category="2. Synergistic core",
            labels={"model": "{model}", "figure": "head ranking"},
        ),
        vector="<figure>_head_ranking_heatmap.pdf",
    log:
        "<logs>/plot_head_ranking/{model}.log",
    benchmark:
        "<benchmarks>/plot_head_ranking/{model}.jsonl"
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("plot_head_ranking", PUBLISHED["2b"]),
        settings=settings(
            layers=of_model("layers"),
            heads=of_model("heads"),
        ),
    message:
        "Plot the ranking of the heads of {wildcards.model}."
    script:
        "../workflow_scripts/plot_head_ranking.py"


rule plot_null:
    """Plot observed synergy and redundancy beside their null, by layer."""
    input:
        pairwise="<pairwise>",
        ranking="<ranking>",
    output:
        figure=report(
            "<figure>_null_profile.png",
            caption="captions/plot_null.rst",
            category="2. Synergistic core",
            labels={"model": "{model}", "figure": "observed beside null"},
        ),
        vector="<figure>_null_profile.pdf",
    log:
        "<logs>/plot_null/{model}.log",
    benchmark:
        "<benchmarks>/plot_null/{model}.jsonl"
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("plot_null"),
        settings=settings(
            layers=of_model("layers"),
            heads=of_model("heads"),
        ),
    message:
        "Plot {wildcards.model} beside its null, into {output.figure}."
    script:
        "../workflow_scripts/plot_null.py"


rule plot_graph_cores:
    """Draw the synergistic and the redundant core as networks (Fig. 3b)."""
    input:
        pairwise="<pairwise>",
        ranking="<ranking>",
        activations=unless_own("<activations>", "pairwise"),
    output:
        figure=report(
            "<figure>_graph_cores.png",
            caption="captions/plot_graph_cores.rst",
            category="3. Networks",
            labels={"model": "{model}", "figure": "cores"},
        ),
        vector="<figure>_graph_cores.pdf",
    log:
        "<logs>/plot_graph_cores/{model}.log",
    benchmark:
        "<benchmarks>/plot_graph_cores/{model}.jsonl"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem=growing(for_pairs("2GB")),  # one surrogate is decomposed anew
        runtime=growing("30m"),
    params:
        code=code("plot_graph_cores"),
        settings=settings(
            layers=of_model("layers"),
            heads=of_model("heads"),
            top_fraction=lookup("graphs/top_fraction", within=config),
            decomposition=lookup("decomposition", within=config),
        ),
    message:
        "Draw the two networks of {wildcards.model}."
    script:
        "../workflow_scripts/plot_graph_cores.py"


rule plot_examples:
    """Show one answer as text, coloured by the heads of the most synergistic and the most redundant pairs."""
    input:
        pairwise="<pairwise>",
        activations="<activations>",
        tokens="<tokens>",
    output:
        figure=report(
            "<figure>_examples.png",
            caption="captions/plot_examples.rst",
            category="3. Networks",
            labels={"model": "{model}", "figure": "what pairs do in an answer"},
        ),
        vector="<figure>_examples.pdf",
    log:
        "<logs>/plot_examples/{model}.log",
    benchmark:
        "<benchmarks>/plot_examples/{model}.jsonl"
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("plot_examples"),
        settings=settings(
            layers=of_model("layers"),
            heads=of_model("heads"),
        ),
    message:
        "Show what pairs of heads of {wildcards.model} do in an answer."
    script:
        "../workflow_scripts/plot_examples.py"


rule plot_ablation:
    """Plot the KL divergence against the share of heads removed, order by order (Fig. 4a)."""
    input:
        ablation="<ablation>",
        published=ours(PUBLISHED["4a"]),
    output:
        figure=report(
            "<figure>_ablation_curves.png",
            caption="captions/plot_ablation.rst",
            category="4. Behaviour",
            labels={"model": "{model}", "figure": "ablation"},
        ),
        vector="<figure>_ablation_curves.pdf",
    log:
        "<logs>/plot_ablation/{model}.log",
    benchmark:
        "<benchmarks>/plot_ablation/{model}.jsonl"
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("plot_ablation", PUBLISHED["4a"]),
        settings=settings(
            layers=of_model("layers"),
            heads=of_model("heads"),
        ),
    message:
        "Plot what removing heads does to {wildcards.model}."
    script:
        "../workflow_scripts/plot_ablation.py"


rule plot_math:
    """Plot accuracy against noise, by the heads that it goes into (Fig. 4b)."""
    input:
        math="<math_perturbation>",
        published=ours(PUBLISHED["4b"]),
    output:
        figure=report(
            "<figure>_math_perturbation.png",
            caption="captions/plot_math.rst",
            category="4. Behaviour",
            labels={"model": "{model}", "figure": "accuracy under noise"},
        ),
        vector="<figure>_math_perturbation.pdf",
    log:
        "<logs>/plot_math/{model}.log",
    benchmark:
        "<benchmarks>/plot_math/{model}.jsonl"
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("plot_math", PUBLISHED["4b"]),
        settings=settings(
            sigma=lookup("math/sigma", within=config),
        ),
    message:
        "Plot the answers of {wildcards.model} under noise."
    script:
        "../workflow_scripts/plot_math.py"
