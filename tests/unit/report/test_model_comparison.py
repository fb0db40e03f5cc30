"""The figures that hold all models beside one another."""

import importlib

import pytest
from figure_artifacts import MODELS, NO_NULL, PUBLISHED, synthesise, words
from saved_figures import figures_of

from synergy.report.model_comparison import spans_decades


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Folders with the synthetic artifacts of each model."""
    return {key: synthesise(tmp_path_factory.mktemp(key), *geometry) for key, geometry in MODELS.items()}


@pytest.fixture
def drawn():
    """The figures that the script saves, beside their files."""
    with figures_of("compare_models") as figures:
        yield figures


def compare(folder, models, ablation_models, out):
    importlib.import_module("compare_models").compare_models(
        models=models,
        controls={"a": "a-random"},
        rankings=[str(folder / "ranking.csv")] * len(models),
        metrics=[str(folder / "metrics.json")] * len(models),
        ablation_models=ablation_models,
        ablations=[str(folder / "ablation.csv")] * len(ablation_models),
        published_profiles=PUBLISHED / "fig2c_layer_profile.csv",
        published_graphs=PUBLISHED / "fig3c_graph_metrics.csv",
        **{name: str(out / f"{name}.png") for name in ("profiles", "ablation", "graph_metrics")},
    )


@pytest.mark.parametrize("key", ["tiny-without-null", "one-head"])
def test_one_model_compares_with_itself(folders, drawn, tmp_path, key):
    compare(folders[key], [key], [key], tmp_path)
    assert all((tmp_path / f"{name}.png").exists() for name in ("profiles", "ablation", "graph_metrics"))
    assert (NO_NULL in words(drawn[0])) == (key == "tiny-without-null")


def test_many_models_and_controls_share_the_figures(folders, drawn, tmp_path):
    folder = folders["gemma3-4b"]
    models = ["a", "b", "gemma3-4b", "c", "a-random"]
    compare(folder, models, ["a", "b", "gemma3-4b", "c"], tmp_path)
    profiles, ablation, graphs = drawn
    labels = [axes.get_ylabel().split("\n")[0] for axes in profiles.axes if "\n" in axes.get_ylabel()]
    assert labels == ["a", "b", "gemma3-4b", "c"]  # the control is drawn with its model
    assert "untrained control" in words(profiles)
    assert [axes.get_title(loc="left") for axes in ablation.axes if axes.lines] == ["a", "b", "gemma3-4b", "c"]
    assert [tick.get_text() for tick in graphs.axes[-1].get_xticklabels()] == models
    assert "published (definition not stated)" in words(graphs)


def test_models_of_any_depth_share_a_figure_and_controls_are_those_of_the_config(folders, drawn, tmp_path):
    # "shallow" has 3 layers and no control, "a" 8 with one that bears no suffix, and a control may be in the study too.
    models, folder = ["a", "shallow", "blank"], folders["gemma3-4b"]
    importlib.import_module("compare_models").compare_models(
        models=models,
        controls={"a": "blank"},
        rankings=[str(folders[key] / "ranking.csv") for key in ("gemma3-4b", "one-head", "gemma3-4b")],
        metrics=[str(folder / "metrics.json")] * 3,
        ablation_models=models,
        ablations=[str(folder / "ablation.csv")] * 3,
        published_profiles=PUBLISHED / "fig2c_layer_profile.csv",
        published_graphs=PUBLISHED / "fig3c_graph_metrics.csv",
        **{name: str(tmp_path / f"{name}.png") for name in ("profiles", "ablation", "graph_metrics")},
    )
    rows = [axes for axes in drawn[0].axes if "\n" in axes.get_ylabel()]
    assert [axes.get_ylabel().split("\n")[0] for axes in rows] == models
    labels = [[line.get_label() for line in axes.lines if not line.get_label().startswith("_")] for axes in rows]
    assert labels == [["untrained control", "model"], ["model"], ["model"]]
    assert [len(axes.lines[-1].get_xdata()) for axes in rows] == [8, 3, 8]
    assert all(axes.lines[-1].get_xdata()[-1] == 1 for axes in rows)  # relative depth


@pytest.mark.parametrize(
    ("values", "logarithmic"),
    [((1, 2, 30, 4), True), ((1, 2, 3, 4), False), ((0, 1, 30, 4), False), ((None,) * 4, False)],
)
def test_an_axis_is_logarithmic_only_where_values_of_models_lie_decades_apart(values, logarithmic):
    first, second = (
        {"synergy": {"m": {"value": a}}, "redundancy": {"m": {"value": b}}} for a, b in (values[:2], values[2:])
    )
    metrics = {"a": {"definitions": {"d": first}}, "b": {"definitions": {"d": second}}}
    assert spans_decades(metrics, "d", "m") == logarithmic
