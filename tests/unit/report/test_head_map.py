"""The map of the heads: what it tells is what was measured, and a browser without network can be asked for it."""

import numpy as np
import pandas as pd
import pytest
from browser import BROWSER, DRIVER, MISSING, Browser
from plot_head_map import plot_head_map

from synergy.ablation.order_files import FORMS
from synergy.files.artifacts import write_npz
from synergy.files.tables import write_table
from synergy.heads.scores import SCORES
from synergy.report.head_map import NOT_REMOVED, PARTNERS, TOLD, Removal, partners_table

LAYERS, HEADS = 5, 3
N = LAYERS * HEADS
ORDER = np.array([7, 3, 1, 0])


def pairs(seed):
    """A symmetric matrix of values with no diagonal."""
    matrix = np.random.default_rng(seed).uniform(0.1, 1, (N, N))
    matrix = matrix + matrix.T
    np.fill_diagonal(matrix, np.nan)
    return matrix


def atoms(null=True):
    values = {"sts_matrix": pairs(0), "rtr_matrix": pairs(1)}
    nothing = np.full((N, N), np.nan)
    return values | {f"{atom}_null_mean": pairs(2) if null else nothing for atom in ("sts", "rtr")}


def test_partners_are_the_strongest_and_undefined_pairs_are_none():
    values = atoms()
    values["sts_matrix"][4, 6:] = values["sts_matrix"][6:, 4] = np.nan
    table = partners_table(values)
    for (head, atom), own in table.groupby(["head", "atom"]):
        row = values["sts_matrix" if atom == "synergy" else "rtr_matrix"][head]
        expected = np.sort(row[np.isfinite(row)])[::-1][:PARTNERS]
        assert own["value"].tolist() == expected.tolist()
        assert row[own["partner"]].tolist() == expected.tolist()
        assert own["rank"].tolist() == [*range(1, len(expected) + 1)]
        assert head not in own["partner"].tolist()
    assert len(table.query("head == 4 and atom == 'synergy'")) == 5


def test_the_effect_of_a_removal_is_that_of_its_step():
    told = Removal("synergistic", ORDER, np.array([0, 1, 4]), np.array([0.0, 0.25, 1.5])).effects(N)
    assert told[7] == "KL 0 → 0.25 nats a token (none gone before)"
    assert told[3] == told[1] == told[0] == "KL 0.25 → 1.5 nats a token together with 2 others (1 already gone)"
    assert {told[head] for head in set(range(N)) - set(ORDER.tolist())} == {NOT_REMOVED}


@pytest.fixture
def page(tmp_path):
    """Function that writes the map of a model with or without a null and orders."""

    def write(null=True, removed=True):
        generator = np.random.default_rng(5)
        names = [*TOLD, *SCORES]
        ranking = pd.DataFrame(generator.uniform(0.2, 0.8, (N, len(names))), columns=names)
        ranking["head_idx"], ranking["layer"], ranking["head_in_layer"] = np.arange(N), *divmod(np.arange(N), HEADS)
        ranking["syn_red_score"] = ranking["rank_difference"]
        if not null:
            ranking[["null_avg_synergy", "null_avg_redundancy"]] = np.nan
        write_table(tmp_path / "ranking.csv", ranking)
        write_npz(tmp_path / "pairs.npz", {}, **atoms(null))
        measured = {"kl_nats": np.array([[0.0, 0.0], [0.2, 0.3], [1.0, 2.0]]), "num_heads_removed": np.array([0, 1, 4])}
        measured |= {"compared": np.array([0, 4]), "n_heads_total": np.array(N), "prompt_id": np.array(["a", "b"])}
        measured |= {"method": np.array("zero"), "answers": np.array("x"), "layer_share": np.array(1.0)}
        assert measured.keys() == FORMS.keys()
        write_npz(tmp_path / "order.npz", {}, removed=ORDER, **measured)
        orders = ([str(tmp_path / "order.npz")], ["synergistic-0"]) if removed else ([], [])
        path = tmp_path / "map.html"
        plot_head_map(
            str(tmp_path / "pairs.npz"), str(tmp_path / "ranking.csv"), *orders, LAYERS, HEADS, "a-model", str(path)
        )
        return path, ranking

    return write


CELLS = ".mark-rect path[aria-roledescription='rect mark']"


def cell_of(browser, head):
    """Centre of a head's cell; the first group of rectangles holds all heads in order."""
    return browser.run(
        f"const box = document.querySelectorAll({CELLS!r})[arguments[0]].getBoundingClientRect(); "
        "return [box.left + box.width / 2, box.top + box.height / 2]",
        head,
    )


LISTED = (  # names of the partners as they stand, from top to bottom, in synergy and then in redundancy
    "[...document.querySelectorAll('.role-axis-label text')].filter(own => own.textContent.startsWith('layer '))"
    ".map(own => [own.getBoundingClientRect(), own.textContent])"
    ".sort(([a], [b]) => (Math.abs(a.right - b.right) > 50 ? a.right - b.right : a.top - b.top))"
    ".map(([, name]) => name)"
)


def test_a_browser_without_network_tells_of_a_head_and_of_its_partners(page):
    if not (BROWSER and DRIVER):
        pytest.skip(MISSING)
    path, ranking = page()
    with Browser() as browser:
        browser.open(path.as_uri())
        browser.wait("return document.querySelector('#map svg')")
        assert browser.run(f"return document.querySelectorAll({CELLS!r}).length") >= N
        browser.move(*cell_of(browser, 3))
        rows = "[...document.querySelectorAll('#vg-tooltip-element.visible tr')]"
        browser.wait(f"return {rows}.length > 0")
        told = dict(browser.run(f"return {rows}.map(row => [...row.cells].map(cell => cell.innerText.trim()))"))
        told = {title.rstrip(":"): value for title, value in told.items()}
        for name, (title, _) in TOLD.items():
            assert float(told[title]) == pytest.approx(ranking[name][3], rel=5e-3), name
        assert told["removal, synergistic first"] == (
            "KL 0.25 → 1.5 nats a token together with 2 others (1 already gone)"
        )
        links = partners_table(atoms())
        for head in (int(ranking["syn_red_score"].idxmax()), 11, 3):  # what is chosen at first, and two clicks
            browser.move(*cell_of(browser, head), click=True)
            expected = [
                f"layer {partner // HEADS}, head {partner % HEADS}"
                for atom in ("synergy", "redundancy")
                for partner in links[(links["head"] == head) & (links["atom"] == atom)]["partner"]
            ]
            browser.wait(f"return JSON.stringify({LISTED}) == JSON.stringify(arguments[0])", expected)
        assert browser.run("return performance.getEntriesByType('resource').map(entry => entry.name)") == []
        assert browser.console() == []


@pytest.mark.parametrize(("null", "removed"), [(False, True), (True, False), (False, False)])
def test_what_was_not_measured_is_not_told(page, null, removed):
    text = page(null, removed)[0].read_text(encoding="utf-8")
    assert ("No null was computed" in text) != null
    assert ("cumulatively" in text) == removed
    assert ("nats a token" in text) == removed
    assert "NaN" not in text[text.index('id="place"') :].split('"datasets"')[1][:5000]
