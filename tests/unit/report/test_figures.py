"""Every figure is drawn, for tiny and larger models, with and without nulls, and says what its axes mean."""

import importlib
import json

import numpy as np
import pytest
from figure_artifacts import MODELS, NO_NULL, PUBLISHED, inputs, synthesise, words
from PIL import Image
from saved_figures import figures_of

from synergy.files.errors import InputError
from synergy.report.behaviour_figures import draw_floor
from synergy.report.style import new_figure


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Folders with the synthetic artifacts of each model."""
    return {key: synthesise(tmp_path_factory.mktemp(key), *geometry) for key, geometry in MODELS.items()}


@pytest.fixture
def drawn():
    """The figures that a script saves, beside their files."""
    names = ("profile", "heatmaps", "head_ranking", "graph_cores", "ablation", "math", "null")
    with figures_of(*(f"plot_{name}" for name in names)) as figures:
        yield figures


@pytest.mark.parametrize(
    ("name", "unit", "needs_null"),
    [
        ("plot_profile", "score", True),
        ("plot_heatmaps", "nats", True),
        ("plot_head_ranking", "score", True),
        ("plot_graph_cores", "edges a head", False),
        ("plot_null", "nats", True),
        ("plot_ablation", "nats per token", False),
        ("plot_math", "accuracy (%)", False),
    ],
)
@pytest.mark.parametrize("key", MODELS)
def test_figure(folders, drawn, tmp_path, key, name, unit, needs_null):
    layers, heads, surrogates = MODELS[key]
    path = tmp_path / "figure.png"
    script = getattr(importlib.import_module(name), name)
    script(**inputs(folders[key], name, layers, heads), model=key, figure=str(path))
    texts = words(drawn[0])
    assert any(unit in text for text in texts)
    assert (NO_NULL in texts) == (needs_null and not surrogates)
    assert drawn[0].get_suptitle().startswith(f"{key}: ")
    for axes in drawn[0].axes:
        if axes.axison and axes.get_label() != "<colorbar>" and len(axes.get_shared_x_axes().get_siblings(axes)) == 1:
            assert axes.get_xlabel() or name in ("plot_heatmaps", "plot_math")
            assert axes.get_ylabel()
    assert path.with_suffix(".pdf").read_bytes().startswith(b"%PDF-")
    with Image.open(path) as image:
        assert image.width == 1440  # two columns at 200 dots an inch
        assert np.asarray(image.convert("L")).std() > 5
        assert json.loads(image.text["Description"])["made_by"] == name


def test_accuracies_show_what_was_cut_off_and_each_seed(folders, drawn, tmp_path):
    script = importlib.import_module("plot_math").plot_math
    script(**inputs(folders["one-head"], "plot_math", 1, 1), model="m", figure=str(tmp_path / "figure.png"))
    swept, bars, _ = drawn[0].axes
    dotted = [line for line in swept.lines if line.get_linestyle() == ":" and len(line.get_xdata())]
    assert [line.get_ydata().tolist() for line in dotted] == [pytest.approx([10, 10])] * 3
    assert [label.get_text() for label in bars.get_xticklabels()] == [
        "no noise\n2% cut off",
        *(f"{condition}\n10% cut off" for condition in ("redundant", "random", "synergistic")),
    ]
    seeds = [line.get_ydata() for line in bars.lines if line.get_marker() == "o"]
    assert [values.tolist() for values in seeds] == [pytest.approx([50, 100 * 29 / 60])] * 3


@pytest.mark.parametrize("name", ["plot_profile", "plot_head_ranking", "plot_ablation", "plot_math"])
@pytest.mark.parametrize(("key", "shown"), [("gemma3-4b", True), ("one-head", False)])
def test_published_values_stand_under_their_own_name(folders, drawn, tmp_path, name, key, shown):
    script = getattr(importlib.import_module(name), name)
    script(**inputs(folders[key], name, *MODELS[key][:2]), model=key, figure=str(tmp_path / "figure.png"))
    assert ("gemma3-4b-it" in " ".join(words(drawn[0]))) == shown


def test_published_heads_of_another_geometry_are_not_drawn(folders, drawn, tmp_path):
    arguments = inputs(folders["gemma3-4b"], "plot_head_ranking", 8, 3) | {
        "published": PUBLISHED / "fig2b_head_rank.csv"
    }
    script = importlib.import_module("plot_head_ranking")
    script.plot_head_ranking(**arguments, model="gemma3-4b", figure=str(tmp_path / "figure.png"))
    assert "published" not in " ".join(words(drawn[0]))


@pytest.mark.parametrize(("key", "methods"), [("gemma3-4b", ["zeros", "their mean output"]), ("one-head", ["zeros"])])
def test_each_method_has_a_row_and_published_curves_stand_with_the_zeroed(folders, drawn, tmp_path, key, methods):
    plot = importlib.import_module("plot_ablation").plot_ablation
    plot(**inputs(folders[key], "plot_ablation", *MODELS[key][:2]), model=key, figure=str(tmp_path / "figure.png"))
    panels = drawn[0].axes
    assert [axes.get_title(loc="left") for axes in panels[::2]] == [f"heads give {method}" for method in methods]
    published = [any("published" in str(line.get_label()) for line in axes.lines) for axes in panels]
    assert published == ([True, True, False, False] if key == "gemma3-4b" else [False, False])
    assert any("noise floor" in text for text in words(drawn[0]))


@pytest.mark.parametrize(("floor", "drawn_line"), [(1e-3, True), (1e-12, False), (0.0, False)])
def test_noise_floor_is_drawn_where_it_leaves_the_curves_room(floor, drawn_line):
    axes = new_figure(3, 3).subplots()
    axes.plot([0.1, 0.5], [0.05, 2.0])
    axes.set_yscale("log")
    draw_floor(axes, floor, 0.05)
    assert (len(axes.lines[-1].get_ydata()) == 2) == drawn_line
    assert ("below the axis" in axes.lines[-1].get_label()) == (not drawn_line)
    assert axes.get_ylim()[0] == pytest.approx(floor / 2 if drawn_line else 0.025)


def test_a_figure_from_a_broken_table_names_the_file(tmp_path):
    (tmp_path / "ranking.csv").write_text("head_idx\n0\n")
    with pytest.raises(InputError, match=r"ranking\.csv"):
        importlib.import_module("plot_head_ranking").plot_head_ranking(
            ranking=str(tmp_path / "ranking.csv"),
            published=PUBLISHED / "fig2b_head_rank.csv",
            layers=1,
            heads=1,
            model="m",
            figure=str(tmp_path / "figure.png"),
        )
    assert not (tmp_path / "figure.png").exists()
