"""Every figure is drawn, for tiny and larger models, with and without nulls, and says what its axes mean."""

import importlib
import json
import warnings
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from synergy import artifacts
from synergy.ablation_panels import draw_floor
from synergy.artifacts import write_csv, write_npz
from synergy.comparisons import spans_decades
from synergy.configured import configured_score
from synergy.errors import InputError
from synergy.published import read_published
from synergy.rankings import table as ranking_columns
from synergy.ring import chords, ring_positions
from synergy.style import (
    CONDITION_STYLES,
    DIVERGING,
    ORDER_STYLES,
    REDUNDANCY,
    SEQUENTIAL_REDUNDANCY,
    SEQUENTIAL_SYNERGY,
    SYNERGY,
    layer_ticks,
    limits_around,
    new_figure,
    robust_limits,
)

REPOSITORY = Path(__file__).parents[2]

PUBLISHED = REPOSITORY / "config" / "published"
NO_NULL = "no null was computed"
MODELS = {
    # key: layers, heads, surrogates
    "tiny-without-null": (2, 4, 0),
    "one-head": (3, 1, 2),
    "gemma3-4b": (8, 3, 20),
}


def symmetric(generator, n, scale):
    matrix = generator.gamma(2, scale, (n, n))
    matrix = matrix + matrix.T
    np.fill_diagonal(matrix, np.nan)
    return matrix


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Folders with the synthetic artifacts of each model."""
    return {key: synthesise(tmp_path_factory.mktemp(key), *geometry) for key, geometry in MODELS.items()}


def synthesise(folder, layers, heads, surrogates):
    n = layers * heads
    generator = np.random.default_rng(0)
    sts, rtr = symmetric(generator, n, 0.05), symmetric(generator, n, 0.01)
    undefined = np.full((n, n), np.nan)
    atoms = {"sts_matrix": sts, "rtr_matrix": rtr}
    for atom, matrix in (("sts", sts), ("rtr", rtr)):
        atoms[f"{atom}_null_mean"] = 0.9 * matrix if surrogates else undefined
        atoms[f"head_prompt_{atom}"] = np.nanmean(matrix, axis=1) * generator.gamma(9, 1 / 9, (5, n))
        atoms[f"head_null_{atom}"] = np.nanmean(matrix, axis=1) * generator.normal(0.9, 0.05, (surrogates, n))
    write_npz(folder / "pairwise.npz", {"made_by": "merge_pairs", "model": {"source": "test"}}, **atoms)
    head = np.arange(n)
    columns = {"head_idx": head, "layer": head // heads, **ranking_columns(atoms, "rank_difference", 20, 0)}
    write_csv(folder / "ranking.csv", list(columns), list(zip(*columns.values(), strict=True)))

    ablation = []
    for order, seeds in (("synergistic", 1), ("random", 3), ("random_layer_matched", 2)):
        for seed in range(seeds):
            for removed in range(n + 1):
                kl = 1e-4 + (1 + 0.1 * seed) * removed / n
                for method in ("zero", "mean") if layers == 8 else ("zero",):
                    ablation.append((removed, kl, order, removed / n, seed, kl, 0.9 * kl, 1.1 * kl, method))
    names = [
        "num_heads_removed",
        "mean_kl_div",
        "order_type",
        "fraction_removed",
        "seed",
        "kl_sd",
        "kl_ci_low",
        "kl_ci_high",
        "method",
    ]
    write_csv(folder / "ablation.csv", names, ablation)
    accuracies = [("baseline", 0, 0, 60, 36, 0.02, 0.9)]
    for condition in ("synergistic", "redundant", "random"):
        accuracies += [(condition, s, k, 60, 30 - k, 0.1, 1 + s) for s in (0.5, 1.0) for k in range(2)]
    names = ["condition", "sigma", "seed", "n_problems", "n_correct", "truncated_fraction", "solution_nll"]
    write_csv(folder / "math.csv", names, accuracies)
    ranks = [("gemma3-4b-it", h // heads, h % heads, h + 1) for h in range(n)]
    write_csv(folder / "ranks.csv", ["model", "layer", "head_in_layer", "syn_red_rank"], ranks)
    importlib.import_module("measure_graphs").measure_graphs(
        pairwise=str(folder / "pairwise.npz"),
        top_fraction=0.1,
        seed=0,
        null_networks=2 if surrogates else 0,
        metrics=str(folder / "metrics.json"),
    )
    return folder


@pytest.fixture
def drawn(monkeypatch):
    """The figures that a script saves, beside their files."""
    figures = []

    def saved(path, figure, provenance):
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a layout that does not fit, a missing glyph, an undefined mean
            artifacts.save_figure(path, figure, provenance)
        figures.append(figure)

    for name in ("profile", "heatmaps", "head_ranking", "graph_cores", "ablation", "math", "null"):
        monkeypatch.setattr(importlib.import_module(f"plot_{name}"), "save_figure", saved)
    monkeypatch.setattr(importlib.import_module("compare_models"), "save_figure", saved)
    return figures


def inputs(folder, name, layers, heads):
    """The arguments of one figure's script, but for model and figure."""
    geometry = {"layers": layers, "heads": heads}
    pairwise, ranking = str(folder / "pairwise.npz"), str(folder / "ranking.csv")
    return {
        "plot_profile": {"ranking": ranking, "published": PUBLISHED / "fig2c_layer_profile.csv", **geometry},
        "plot_heatmaps": {"pairwise": pairwise, **geometry},
        "plot_head_ranking": {"ranking": ranking, "published": folder / "ranks.csv", **geometry},
        "plot_graph_cores": {"pairwise": pairwise, "ranking": ranking, "top_fraction": 0.1, **geometry},
        "plot_null": {"pairwise": pairwise, "ranking": ranking, **geometry},
        "plot_ablation": {"ablation": folder / "ablation.csv", "published": PUBLISHED / "fig4a_ablation_kl.csv"},
        "plot_math": {
            "math": folder / "math.csv",
            "published": PUBLISHED / "fig4b_math_accuracy.csv",
            "sigma": 0.5,
        },
    }[name]


def words(figure):
    """All texts that a figure shows."""
    texts = [
        text.get_text()
        for axes in figure.axes
        for text in [*axes.texts, axes.title, axes.xaxis.label, axes.yaxis.label]
    ]
    texts += [axes.get_title(loc="left") for axes in figure.axes]
    legends = [axes.get_legend() for axes in figure.axes] + figure.legends
    return texts + [text.get_text() for legend in legends if legend for text in legend.get_texts()]


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


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("gemma3-4b-it", "gemma3-4b-it"),
        ("gemma3-4b", "gemma3-4b-it"),
        ("qwen3-8b", "qwen3-8b-base"),
        ("gemma3-4b-random", None),
        ("gemma3", None),
        ("smollm2-135m", None),
    ],
)
def test_published_models_are_found_by_key_or_variant(model, name):
    found, rows = read_published(PUBLISHED / "fig2c_layer_profile.csv", model, ("layer",))
    assert found == name
    assert set(rows["model"]) == ({name} if name else set())


def test_configured_score_is_recognised():
    table = {"rank_difference": np.array([0.1, 0.9]), "value_difference": np.array([0.0, 1.0]), "balance": np.zeros(2)}
    assert configured_score(table | {"syn_red_score": np.array([0.0, 1.0])}) == "value difference"
    assert configured_score(table | {"syn_red_score": np.array([9.0, 9.0])}) == "score"


# ---- style


def luminance(colour):
    channels = np.array(to_rgb(colour))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def as_seen_without_red_cones(colour):
    """Protanopia after Machado, Oliveira and Fernandes 2009, doi:10.1109/TVCG.2009.113."""
    matrix = [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    return np.clip(np.array(matrix) @ to_rgb(colour), 0, 1)


@pytest.mark.parametrize("colours", [SEQUENTIAL_SYNERGY, SEQUENTIAL_REDUNDANCY])
def test_sequential_maps_darken_steadily(colours):
    steps = [luminance(colours(x)) for x in np.linspace(0, 1, 64)]
    assert (np.diff(steps) < 0).all()


def test_diverging_map_is_lightest_in_the_middle_and_balanced():
    steps = np.array([luminance(DIVERGING(x)) for x in np.linspace(0, 1, 65)])
    assert steps.argmax() == 32
    assert np.abs(steps - steps[::-1]).max() < 0.15


@pytest.mark.parametrize(
    "colours",
    [
        [colour for colour, *_ in ORDER_STYLES.values()],
        [colour for colour, _ in CONDITION_STYLES.values()],
        [SYNERGY, REDUNDANCY],
    ],
)
def test_lines_differ_to_the_colour_blind(colours):
    seen = [as_seen_without_red_cones(colour) for colour in colours]
    apart = [np.linalg.norm(a - b) for i, a in enumerate(seen) for b in seen[:i]]
    assert min(apart) > 0.15


def test_limits_are_centred_robust_and_never_empty():
    assert limits_around(np.array([0.0, 0.6, np.nan]), 0.5, tail=0) == (0, 1)
    low, high = limits_around(np.r_[np.linspace(-1, 1, 1000), 1e6], 0.0)
    assert -low == high < 1.1
    for values in (np.full(3, np.nan), np.full(3, 2.0)):
        assert np.subtract(*robust_limits(values)) < 0
        assert np.subtract(*limits_around(values, 2.0)) < 0


@pytest.mark.parametrize("layers", [1, 2, 18, 30, 36, 80])
def test_layer_ticks_are_few_and_start_at_the_first(layers):
    ticks = layer_ticks(layers)
    assert ticks[0] == 0
    assert ticks[-1] < layers
    assert len(ticks) <= 10


def test_ring_keeps_heads_of_a_layer_together_in_order_of_depth():
    places = ring_positions(5, 4)
    np.testing.assert_allclose(np.linalg.norm(places, axis=1), 1)
    angles = np.arctan2(places[:, 0], places[:, 1]) % (2 * np.pi)
    assert (np.diff(angles) > 0).all()
    gaps = np.diff(angles).reshape(-1)
    between = gaps[3::4]
    within = np.delete(gaps, np.arange(3, len(gaps), 4))
    assert between.min() > within.max()


def test_chords_join_their_ends_inside_the_ring():
    places = ring_positions(6, 2)
    start, end = places[[0, 0, 3]], places[[1, 6, 11]]
    curves = chords(start, end)
    np.testing.assert_allclose(curves[:, 0], start)
    np.testing.assert_allclose(curves[:, -1], end)
    assert (np.linalg.norm(curves, axis=2) <= 1 + 1e-9).all()  # and with it the curve, which its points enclose
