"""Plot the profiles, ablation curves and graph metrics of all models of the study beside one another."""

from synergy.ablation.curves import read_curves
from synergy.claims.published import read_published
from synergy.files.artifacts import read_json, save_figure
from synergy.files.console import logged_to
from synergy.files.provenance import provenance
from synergy.heads.scores import read_ranking
from synergy.report.model_comparison import ablations_figure, graph_metrics_figure, profiles_figure

SCORES = ("syn_red_score", "excess_score")


def compare_models(
    models: list[str],
    controls: dict[str, str],
    rankings: list[str],
    metrics: list[str],
    ablation_models: list[str],
    ablations: list[str],
    published_profiles: str,
    published_graphs: str,
    profiles: str,
    ablation: str,
    graph_metrics: str,
) -> None:
    """Draw the three figures that hold all models.

    Parameters
    ----------
    models : list of str
        Keys of the models, in the order of `rankings` and `metrics`.
    controls : dict of str to str
        Untrained control of each model that has one, by key; drawn with its model.
    rankings, metrics : list of str
        Head rankings (CSV) and graph metrics (JSON), one a model.
    ablation_models, ablations : list of str
        Keys and ablation tables (CSV) of the models whose heads were removed.
    published_profiles, published_graphs : str
        The paper's layer profiles and graph metrics (CSV).
    profiles, ablation, graph_metrics : str
        Where to write the three PNGs, and the PDFs beside them.
    """
    made = provenance("compare_models", {"models": models, "ablation_models": ablation_models})
    tables = {model: read_ranking(path, None, ("layer", *SCORES)) for model, path in zip(models, rankings, strict=True)}
    columns = ("layer", "depth_fraction", "layer_rank_quantile")
    their_profiles = {model: read_published(published_profiles, model, columns) for model in models}
    removed = zip(ablation_models, ablations, strict=True)
    curves = {model: read_curves(path, len(tables[model])) for model, path in removed}
    measured = {model: read_json(path, "graph_metrics") for model, path in zip(models, metrics, strict=True)}
    columns = ("network", "global_efficiency", "modularity")
    their_graphs = {model: read_published(published_graphs, model, columns) for model in models}

    save_figure(profiles, profiles_figure(tables, ablation_models, controls, their_profiles), made)
    save_figure(ablation, ablations_figure(curves), made)
    save_figure(graph_metrics, graph_metrics_figure(measured, ablation_models, their_graphs), made)


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        compare_models(
            rankings=snakemake.input.rankings,
            metrics=snakemake.input.metrics,
            ablations=snakemake.input.ablations,
            published_profiles=snakemake.input.published_profiles,
            published_graphs=snakemake.input.published_graphs,
            profiles=snakemake.output.profiles,
            ablation=snakemake.output.ablation,
            graph_metrics=snakemake.output.graph_metrics,
            **snakemake.params.settings,
        )
