"""Every figure is drawn, for tiny and larger models, with and without nulls, and says what its axes mean."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from artifacts import MODELS, NO_NULL, drawn, inputs, results_folder, words
from matplotlib.collections import PathCollection
from PIL import Image
from places import PUBLISHED
from plot_examples import strongest_pairs

from synergy.claims.verdicts import NOT_TESTABLE, OPPOSITE, SUPPORTED, UNDECIDED
from synergy.files.errors import InputError
from synergy.phiid.decomposition import Decomposition, Settings
from synergy.phiid.pairwise import read_pairwise
from synergy.report.robustness_figure import robustness_figure
from synergy.report.style import new_figure

# What would warn: a layout that does not fit, a missing glyph, an undefined mean.
pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Folders with the synthetic artifacts of each model."""
    return {key: results_folder(tmp_path_factory.mktemp(key), *geometry) for key, geometry in MODELS.items()}


@pytest.fixture
def figure_of(folders, tmp_path):
    """Function that runs the script of a figure on the artifacts of a model."""

    def run(name, key, **others):
        arguments = inputs(folders[key], name, *MODELS[key][:2]) | {"model": key} | others
        return drawn(name, **arguments, figure=str(tmp_path / "figure.png"))[0]

    return run


@pytest.mark.parametrize(
    ("name", "unit", "needs_null"),
    [
        ("plot_profile", "score", True),
        ("plot_heatmaps", "nats", True),
        ("plot_head_ranking", "score", True),
        ("plot_graph_cores", "edges a head", False),
        ("plot_examples", "nats", False),
        ("plot_null", "nats", True),
        ("plot_ablation", "nats per token", False),
        ("plot_math", "accuracy (%)", False),
    ],
)
@pytest.mark.parametrize("key", MODELS)
def test_figure(figure_of, tmp_path, key, name, unit, needs_null):
    figure = figure_of(name, key)
    texts = words(figure)
    assert any(unit in text for text in texts)
    assert (NO_NULL in texts) == (needs_null and not MODELS[key][2])
    assert figure.get_suptitle().startswith(f"{key}: ")
    for axes in figure.axes:
        if axes.axison and axes.get_label() != "<colorbar>" and len(axes.get_shared_x_axes().get_siblings(axes)) == 1:
            assert axes.get_xlabel() or name in ("plot_heatmaps", "plot_math")
            assert axes.get_ylabel()
    assert (tmp_path / "figure.pdf").read_bytes().startswith(b"%PDF-")
    with Image.open(tmp_path / "figure.png") as image:
        assert image.width == 1440  # two columns at 200 dots an inch
        assert np.asarray(image.convert("L")).std() > 5
        assert json.loads(image.text["Description"])["made_by"] == name


def test_accuracies_show_what_was_cut_off_and_each_seed(figure_of):
    _, bars, cut_off, _ = figure_of("plot_math", "one-head").axes
    shares = [line.get_ydata() for line in cut_off.lines if line.get_linestyle() == "-" and len(line.get_xdata())]
    assert [list(share) for share in shares] == [pytest.approx([10, 10])] * 3
    assert [bar.get_height() for bar in bars.patches] == pytest.approx([60, *[49.5] * 3])
    groups = [group for group in bars.collections if isinstance(group, PathCollection)]
    dots = np.concatenate([group.get_offsets() for group in groups])
    assert sorted(dots[:, 1]) == pytest.approx([49] * 3 + [50] * 3)
    assert sorted(np.rint(dots[:, 0])) == [1, 1, 2, 2, 3, 3]  # none of the baseline, which was run once


def test_a_sigma_that_was_not_tried_is_said(figure_of):
    assert "sigma = 0.7 was not tried" in words(figure_of("plot_math", "one-head", sigma=0.7))


@pytest.mark.parametrize("name", ["plot_profile", "plot_head_ranking", "plot_ablation", "plot_math"])
@pytest.mark.parametrize(("key", "shown"), [("gemma3-4b", True), ("one-head", False)])
def test_published_values_stand_under_their_own_name(figure_of, name, key, shown):
    assert ("gemma3-4b-it" in " ".join(words(figure_of(name, key)))) == shown


@pytest.mark.parametrize(("key", "label"), [("gemma3-4b", "rank, scaled to 0-1"), ("one-head", "score (")])
def test_own_and_published_heads_are_on_one_scale(figure_of, folders, key, label):
    maps = [axes for axes in figure_of("plot_head_ranking", key).axes if axes.collections and axes.get_xlabel()]
    bars = [axes.get_ylabel() for axes in maps[0].figure.axes if axes.get_label() == "<colorbar>"]
    assert len(maps) == len(bars) == (3 if key == "gemma3-4b" else 2)
    assert all(own.startswith(label) for own in bars)
    if key == "gemma3-4b":
        assert len({axes.collections[0].get_clim() for axes in maps}) == 1
        scores = pd.read_csv(folders[key] / "ranking.csv")["syn_red_score"]
        expected = ((scores.rank() - 1) / (len(scores) - 1)).to_numpy().reshape(8, 3).T
        np.testing.assert_allclose(maps[0].collections[0].get_array().reshape(3, 8), expected)


def test_published_heads_of_another_geometry_are_not_drawn(figure_of):
    figure = figure_of("plot_head_ranking", "gemma3-4b", published=PUBLISHED / "fig2b_head_rank.csv")
    assert "published" not in " ".join(words(figure))


def test_both_networks_show_all_their_degrees_on_one_scale(figure_of):
    panels = [axes for axes in figure_of("plot_graph_cores", "gemma3-4b").axes if axes.get_ylabel() == "edges a head"]
    degrees = [[bar.get_height() for bar in axes.patches] for axes in panels]
    assert [3 * sum(own) for own in degrees] == pytest.approx([2 * 28] * 2)  # the strongest 10 % of 276 pairs
    assert panels[0].get_ylim() == panels[1].get_ylim()
    assert panels[0].get_ylim()[1] > max(map(max, degrees))


@pytest.mark.parametrize("key", MODELS)
def test_what_stays_of_a_network_without_coupling_is_the_title_where_there_is_a_null(figure_of, folders, key):
    """Recounted from the matrices of observed and surrogate heads."""
    figure = figure_of("plot_graph_cores", key)
    insets = [inset for axes in figure.axes for inset in axes.child_axes]
    assert len(insets) == 2 * bool(MODELS[key][2])
    assert all("coupling\nbroken" in [own.get_text() for own in inset.texts] for inset in insets)
    if MODELS[key][2]:
        atoms, _ = read_pairwise(str(folders[key] / "pairwise.npz"), ["sts_matrix"])
        series = np.load(folders[key] / "activations.npz")
        drawn = Decomposition(series["activations"], series["n_tokens"], Settings(surrogates=1))
        (surrogate,) = drawn.surrogate_matrices(range(1), all_prompts=True)
        pairs = np.triu_indices(len(surrogate["sts"]), 1)
        n_kept = max(1, round(0.1 * len(pairs[0])))
        kept = [set(np.argsort(-matrix[pairs])[:n_kept]) for matrix in (atoms["sts_matrix"], surrogate["sts"])]
        assert f", {len(kept[0] & kept[1]) / n_kept:.0%} of the synergy" in figure.get_suptitle()


def test_the_answer_that_repeats_itself_least_is_shown_on_the_norms_of_both_heads(figure_of, folders):
    figure = figure_of("plot_examples", "gemma3-4b")
    panels = [axes for axes in figure.axes if axes.get_label() != "<colorbar>"]
    assert [axes.get_title(loc="left").split(":")[0] for axes in panels] == ["synergistic"] * 3 + ["redundant"] * 3
    assert any("(a-2)" in axes.get_xlabel() for axes in figure.axes)
    series = np.load(folders["gemma3-4b"] / "activations.npz")["activations"][2]
    text = "".join(own.get_text() for own in panels[0].texts)
    assert text.startswith(" word0\N{DOWNWARDS ARROW WITH CORNER LEFTWARDS} 1 2")
    assert text.endswith(" 39")
    for axes in panels:
        heads = [int(layer) * 3 + int(head) for layer, head in re.findall(r"L(\d+)\.(\d+)", axes.get_title(loc="left"))]
        shown = [np.asarray(own.get_array()) for own in axes.collections]
        expected = [(own - own.min()) / np.ptp(own) for own in series[heads]]
        np.testing.assert_allclose(shown, expected, rtol=1e-6)


def test_pairs_of_a_kind_share_no_head_and_undefined_ones_are_passed_over():
    matrix = np.array([[np.nan, 9, 8, 1], [9, np.nan, 7, 6], [8, 7, np.nan, np.nan], [1, 6, np.nan, np.nan]])
    assert strongest_pairs(matrix, 3) == [(0, 1)]
    matrix[2, 3] = matrix[3, 2] = 0.5
    assert strongest_pairs(matrix, 3) == [(0, 1), (2, 3)]
    assert strongest_pairs(np.full((4, 4), np.nan), 3) == []


def test_tokens_without_pieces_of_text_are_refused(figure_of, folders, tmp_path):
    told = json.loads((folders["one-head"] / "tokens.json").read_text())
    del told["prompts"][1]["pieces"]
    (tmp_path / "old.json").write_text(json.dumps(told))
    with pytest.raises(InputError, match=r"pieces of text[\s\S]*mv .*old\.json"):
        figure_of("plot_examples", "one-head", tokens=tmp_path / "old.json")


@pytest.mark.parametrize("name", ["plot_examples", "plot_graph_cores"])
def test_activations_that_the_pairs_were_not_made_from_are_refused(figure_of, folders, name, tmp_path):
    arrays = dict(np.load(folders["gemma3-4b"] / "activations.npz"))
    arrays["activations"] = arrays["activations"][:, ::-1]
    np.savez(tmp_path / "others.npz", **arrays)
    with pytest.raises(InputError, match=r"made from other activations than .*others\.npz[\s\S]*mv .*pairwise\.npz"):
        figure_of(name, "gemma3-4b", activations=str(tmp_path / "others.npz"))


@pytest.mark.parametrize(("key", "methods"), [("gemma3-4b", ["zeros", "their mean output"]), ("one-head", ["zeros"])])
def test_each_method_has_a_row_and_published_curves_stand_with_the_zeroed(figure_of, key, methods):
    figure = figure_of("plot_ablation", key)
    assert [axes.get_title(loc="left") for axes in figure.axes[::2]] == [f"heads give {method}" for method in methods]
    published = [any("published" in line.get_label() for line in axes.lines) for axes in figure.axes]
    assert published == ([True, False, False, False] if key == "gemma3-4b" else [False, False])
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend[:3] == ["synergistic first", "random (mean of 3)", "random, layer-matched (mean of 2)"]


def test_the_rank_among_drawn_orders_is_the_title(figure_of, folders):
    """Recounted from the table, at the largest number of heads that all orders remove."""
    table = pd.read_csv(inputs(folders["gemma3-4b"], "plot_ablation", *MODELS["gemma3-4b"][:2])["ablation"])
    own = table[table["method"] == "zero"].set_index(["order_type", "seed", "num_heads_removed"])["mean_kl_div"]
    curves = own.unstack().dropna(axis="columns").iloc[:, -1]
    beyond = (curves["synergistic"].mean() > curves["random"]).sum()
    title = figure_of("plot_ablation", "gemma3-4b").get_suptitle()
    assert title.endswith(f"more harm than {beyond} of {len(curves['random'])} random ones")


@pytest.mark.parametrize("key", MODELS)
def test_how_far_layers_and_the_null_make_the_ranking_is_the_title(figure_of, folders, key):
    """Recomputed from the table."""
    ranking = pd.read_csv(folders[key] / "ranking.csv")
    between = ranking.groupby("layer")["syn_red_score"].transform("mean").var() / ranking["syn_red_score"].var()
    told = [f"{key}: layers make {between:.0%} of the score's variance"]
    if MODELS[key][2]:
        agreement = ranking["syn_red_score"].corr(ranking["excess_score"], method="spearman")
        told.append(f" its rank correlation with what exceeds the null is {agreement:+.2f}")
    assert figure_of("plot_head_ranking", key).get_suptitle().split(";") == told


def test_a_long_title_stays_within_the_figure():
    for title in ("short", "x" * 150):
        figure = new_figure(7.2, 2, title)
        figure.canvas.draw()
        assert figure.texts[0].get_window_extent().x1 <= figure.bbox.x1


def compare_variants(names, null=True):
    """The figure of the named variants: each pair has its own correlation, and verdicts are of every kind."""
    pairs = [(one, other) for k, other in enumerate(names) for one in names[:k]]
    agreement = pd.DataFrame(pairs, columns=["variant", "other"]).assign(spearman=np.linspace(-0.99, 0.99, len(pairs)))
    excess = agreement.assign(quantity="excess_score", spearman=-agreement["spearman"] if null else np.nan)
    agreement = pd.concat([agreement.assign(quantity="syn_red_score"), excess])
    agreement = pd.concat([agreement.assign(level=level) for level in ("heads", "layers")])
    verdicts = [NOT_TESTABLE, UNDECIDED, OPPOSITE, SUPPORTED]
    claims = pd.DataFrame([(claim, name) for claim in range(1, 6) for name in names], columns=["claim", "variant"])
    places = np.arange(len(claims))
    claims["verdict"], claims["verdict_after_control"] = np.take(verdicts, [places % 4, (places + 1) % 4])
    figure = robustness_figure("m", agreement, claims)
    figure.canvas.draw()
    panels = {axes.get_title(loc="left") or axes.get_title(): axes for axes in figure.axes}
    alike = []
    for column in ("verdict", "verdict_after_control"):
        kinds = [set(own) for _, own in claims.groupby("claim")[column] if set(own) != {NOT_TESTABLE}]
        alike.append(f"{sum(len(own) == 1 for own in kinds)} of {len(kinds)}")
    told = f"agree on {alike[0]} tested verdicts, on {alike[1]} after the control"
    assert figure.get_suptitle() == f"m: {len(names)} variants of the analysis {told}"
    return panels, claims


def signs(axes):
    """Texts of a panel by row and column."""
    return {tuple(np.floor(text.get_position()[::-1]).astype(int)): text.get_text() for text in axes.texts}


@pytest.mark.parametrize("names", [["default"], ["default", "lag_2"], ["default", *"abcdefghi"]])
def test_robustness_says_every_correlation_and_verdict(names):
    panels, claims = compare_variants(names)
    n = len(names)
    for title in ("scores of heads", "layer profiles"):
        written = signs(panels[title])
        assert len(written) == n * (n - 1)
        if n > 1:  # the score below the diagonal, what exceeds the null above it
            assert (written[1, 0], written[0, 1]) == ("-.99", ".99")
    sign = {SUPPORTED: "+", UNDECIDED: "0", OPPOSITE: "–", NOT_TESTABLE: ""}
    for claim, title in ((1, "1 inverted U"), (5, "5 modularity")):
        own = claims[claims["claim"] == claim]
        expected = own[["verdict", "verdict_after_control"]].map(sign.get).to_numpy()
        assert signs(panels[title]) == dict(np.ndenumerate(expected))


def test_robustness_without_a_null_leaves_the_upper_triangle_empty():
    panels, _ = compare_variants(["default", "lag_2", "ccs"], null=False)
    assert signs(panels["scores of heads"]).keys() == {(1, 0), (2, 0), (2, 1)}


def test_a_figure_from_a_broken_table_names_the_file(figure_of, tmp_path):
    (tmp_path / "ranking.csv").write_text("head_idx\n0\n")
    with pytest.raises(InputError, match=r"ranking\.csv"):
        figure_of("plot_head_ranking", "one-head", ranking=str(tmp_path / "ranking.csv"))
    assert not (tmp_path / "figure.png").exists()


@pytest.mark.parametrize("name", ["plot_heatmaps", "plot_graph_cores"])
def test_matrices_of_another_pipeline_are_drawn_without_a_null(figure_of, folders, tmp_path, name):
    """Two matrices with a zero diagonal, and nothing beside them."""
    key = next(iter(MODELS))
    atoms = dict(np.load(inputs(folders[key], name, *MODELS[key][:2])["pairwise"]))
    own = {matrix: np.nan_to_num(atoms[matrix]) for matrix in ("sts_matrix", "rtr_matrix")}
    np.savez(tmp_path / "own.npz", **own)
    figure = figure_of(name, key, pairwise=str(tmp_path / "own.npz"))
    assert (NO_NULL in words(figure)) == (name == "plot_heatmaps")
    with pytest.raises(InputError, match=r"no within_prompt_sts[\s\S]* mv .*own\.npz"):
        read_pairwise(str(tmp_path / "own.npz"), ["sts_matrix", "within_prompt_sts"])
