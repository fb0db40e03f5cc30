"""The figures that hold all models beside one another."""

import json
import re

import pandas as pd
import pytest
from artifacts import MODELS, NO_NULL, drawn, results_folder, words
from places import PUBLISHED

from synergy.ablation.curves import read_curves
from synergy.report.model_comparison import ablations_figure, spans_decades

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Folders with the synthetic artifacts of each model."""
    return {key: results_folder(tmp_path_factory.mktemp(key), *geometry) for key, geometry in MODELS.items()}


@pytest.fixture
def compare(folders, tmp_path):
    """Function that draws the three figures of models, given as {name: key of its artifacts}."""

    def run(models, study, controls):
        paths = {
            kind: [str(folders[key] / kind) for key in models.values()] for kind in ("ranking.csv", "metrics.json")
        }
        return drawn(
            "compare_models",
            models=list(models),
            controls=controls,
            rankings=paths["ranking.csv"],
            metrics=paths["metrics.json"],
            ablation_models=study,
            ablations=[str(folders[models[model]] / "ablation.csv") for model in study],
            published_profiles=PUBLISHED / "fig2c_layer_profile.csv",
            published_graphs=PUBLISHED / "fig3c_graph_metrics.csv",
            **{name: str(tmp_path / f"{name}.png") for name in ("profiles", "ablation", "graph_metrics")},
        )

    return run


@pytest.mark.parametrize("key", ["tiny-without-null", "one-head"])
def test_one_model_compares_with_itself(compare, tmp_path, key):
    profiles, *_ = compare({key: key}, [key], {})
    assert len(list(tmp_path.glob("*.png"))) == len(list(tmp_path.glob("*.pdf"))) == 3
    assert (NO_NULL in words(profiles)) == (key == "tiny-without-null")


def test_many_models_and_controls_share_the_figures(compare):
    study = ["a", "b", "gemma3-4b", "c"]
    models = [*study, "a-random"]
    profiles, ablation, graphs = compare(dict.fromkeys(models, "gemma3-4b"), study, {"a": "a-random"})
    labels = [axes.get_ylabel().split("\n")[0] for axes in profiles.axes if "\n" in axes.get_ylabel()]
    assert labels == study  # the control is drawn with its model
    assert "untrained control" in words(profiles)
    titles = [axes.get_title(loc="left") for axes in ablation.axes if axes.lines]
    assert titles == [f"{model}\n3 random orders" for model in study]
    assert [tick.get_text() for tick in graphs.axes[-1].get_xticklabels()] == models
    assert "published (definition not stated)" in words(graphs)


def test_titles_are_what_the_numbers_say(compare, folders):
    """Recounted from the tables of two models."""
    keys = ["gemma3-4b", "one-head"]
    models = dict(zip(keys, keys, strict=True))
    _, ablation, graphs = compare(models | {"blank": keys[0]}, keys, {keys[0]: "blank"})  # which does not count
    shares = []
    for key in keys:
        table = pd.read_csv(folders[key] / "ablation.csv")
        own = table[table["method"] == "zero"].set_index(["order_type", "seed", "num_heads_removed"])["mean_kl_div"]
        at_largest = own.unstack().dropna(axis="columns").iloc[:, -1]
        shares.append((at_largest["synergistic"].mean() > at_largest["random"]).mean())
    ends = dict.fromkeys(f"{share:.0%}" for share in sorted(shares))
    assert ablation.get_suptitle().endswith(f"more harm than {' to '.join(ends)} of random orders")

    found = [json.loads((folders[key] / "metrics.json").read_text())["definitions"]["top_fraction"] for key in keys]
    efficient = sum(
        own["synergy"]["global_efficiency"]["value"] > own["redundancy"]["global_efficiency"]["value"] for own in found
    )
    modular = sum(own["redundancy"]["modularity"]["value"] > own["synergy"]["modularity"]["value"] for own in found)
    assert f"more efficient in {efficient} of 2 models of the study" in graphs.get_suptitle()
    assert graphs.get_suptitle().endswith(f"more modular in {modular}")


@pytest.mark.parametrize(("factor", "one_scale"), [(3, True), (100, False)])
def test_curves_of_models_share_a_scale_or_say_that_they_do_not(folders, factor, one_scale):
    curves = read_curves(str(folders["one-head"] / "ablation.csv"), 3)
    figure = ablations_figure({"a": curves, "b": curves.assign(mean_kl_div=factor * curves["mean_kl_div"])})
    panels = [axes for axes in figure.axes if axes.lines]
    assert (panels[0].get_ylim() == panels[1].get_ylim()) == one_scale
    assert all(axes.get_title(loc="left").endswith("own scale") != one_scale for axes in panels)


@pytest.mark.parametrize(
    ("models", "told"),
    [(["gemma3-4b"], r"fit an inverted U by [+-]\d\.\d\d$"), (["one-head"], "No layer profile that a U could fit")],
)
def test_profiles_without_controls_are_told_by_their_shape(compare, models, told):
    profiles, *_ = compare({model: model for model in models}, models, {})
    assert re.search(told, profiles.get_suptitle())


def test_models_of_any_depth_share_a_figure_and_controls_are_those_of_the_config(compare):
    # "shallow" has 3 layers and no control, "a" 8 with one that bears no suffix, and a control may be in the study too.
    models = {"a": "gemma3-4b", "shallow": "one-head", "blank": "gemma3-4b"}
    profiles, *_ = compare(models, list(models), {"a": "blank"})
    rows = [axes for axes in profiles.axes if "\n" in axes.get_ylabel()]
    assert [axes.get_ylabel().split("\n")[0] for axes in rows] == list(models)
    labels = [[line.get_label() for line in axes.lines if not line.get_label().startswith("_")] for axes in rows]
    assert labels == [["untrained control", "model"], ["model"], ["model"]]
    assert [len(axes.lines[-1].get_xdata()) for axes in rows] == [8, 3, 8]
    assert all(axes.lines[-1].get_xdata()[-1] == 1 for axes in rows)  # relative depth


@pytest.mark.parametrize(
    ("values", "logarithmic"),
    [((1, 2, 30, 4), True), ((1, 2, 3, 4), False), ((0, 1, 30, 4), False), ((None,) * 4, False)],
)
def test_an_axis_is_logarithmic_only_where_values_of_models_lie_decades_apart(values, logarithmic):
    assert spans_decades(pd.Series(values, dtype=float)) == logarithmic
