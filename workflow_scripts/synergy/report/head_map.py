"""A map of all heads to explore in a browser: one page that holds its data and its code, and needs no network."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt
import numpy as np
import pandas as pd

from synergy.report.pages import page_of
from synergy.report.style import DIVERGING, FAINT, INK, NULL, REDUNDANCY, SYNERGY, limits_around

PARTNERS = 8  # of a head, shown for either atom
ATOMS = {"synergy": ("sts", SYNERGY), "redundancy": ("rtr", REDUNDANCY)}
NOT_REMOVED = "not measured"
CELL = 18  # pixels
# What hovering tells: column of the ranking, words, and form of the number.
TOLD = {
    "layer": ("layer", "d"),
    "head_in_layer": ("head in layer", "d"),
    "syn_red_score": ("score", ".3f"),
    "avg_synergy": ("synergy (nats)", ".4g"),
    "null_avg_synergy": ("synergy under the null (nats)", ".4g"),
    "avg_redundancy": ("redundancy (nats)", ".4g"),
    "null_avg_redundancy": ("redundancy under the null (nats)", ".4g"),
    "autocorrelation": ("autocorrelation, lag 1", ".3f"),
}


@dataclass(frozen=True)
class Removal:
    """One measured order of removal.

    Attributes
    ----------
    kind : str
        ``synergistic`` or ``redundant``: the heads that went first.
    removed : int (n_removed,)
        Flat indices of the heads, in the order of their removal.
    counts : int (n_steps,)
        Heads removed at each step, the first 0.
    kl : float (n_steps,)
        Mean KL divergence from the intact model, in nats per token.
    """

    kind: str
    removed: np.ndarray
    counts: np.ndarray
    kl: np.ndarray

    def effects(self, n_heads_total: int) -> list[str]:
        """What the step that took a head did, in words, for every head.

        Heads are removed one on top of another and often several at a step: this is the effect of the step, given
        those that went before, and of no head by itself.
        """
        words = [NOT_REMOVED] * n_heads_total
        steps = zip(self.counts[:-1], self.counts[1:], self.kl[:-1], self.kl[1:], strict=True)
        for before, after, low, high in steps:
            others = after - before - 1
            company = f" together with {others} {'other' if others == 1 else 'others'}" if others else ""
            gone = f"{before} already gone" if before else "none gone before"
            for head in self.removed[before:after]:
                words[head] = f"KL {low:.3g} → {high:.3g} nats a token{company} ({gone})"
        return words


def heads_table(ranking: pd.DataFrame, removals: Sequence[Removal]) -> pd.DataFrame:
    """What the map tells of every head: the columns of `TOLD`, and a text ``removal_<kind>`` of each order.

    Parameters
    ----------
    ranking : DataFrame
        A row a head, in order, with the columns of `TOLD`.
    removals : sequence of Removal
        Orders that were measured; may be empty.
    """
    effects = {f"removal_{order.kind}": order.effects(len(ranking)) for order in removals}
    return ranking[list(TOLD)].reset_index(drop=True).rename_axis("head").reset_index().assign(**effects)


def partners_table(atoms: dict[str, np.ndarray], partners: int = PARTNERS) -> pd.DataFrame:
    """The strongest partners of every head, for either atom.

    Parameters
    ----------
    atoms : dict of str to ndarray (n_heads_total, n_heads_total)
        ``sts_matrix``, ``rtr_matrix``, ``sts_null_mean``, ``rtr_null_mean``, in nats.
    partners : int
        Of each head; fewer where it has fewer with a value.

    Returns
    -------
    DataFrame
        ``head, atom, rank, partner, value, null``: a row a head, atom and partner, the strongest (rank 1) first; nats.
    """
    tables = []
    for atom, (short, _) in ATOMS.items():
        values, null = atoms[f"{short}_matrix"], atoms[f"{short}_null_mean"]
        order = np.argsort(np.where(np.isnan(values), np.inf, -values), axis=1, kind="stable")[:, :partners]
        head, rank = np.indices(order.shape)
        found = {"head": head, "rank": rank + 1, "partner": order, "value": values[head, order]}
        table = pd.DataFrame({name: column.ravel() for name, column in found.items()})
        tables.append(table.assign(atom=atom, null=null[head, order].ravel()).dropna(subset="value"))
    return pd.concat(tables, ignore_index=True)[["head", "atom", "rank", "partner", "value", "null"]]


def head_map(heads: pd.DataFrame, partners: pd.DataFrame) -> alt.VConcatChart:
    """All heads by layer, coloured by score; below, the strongest partners of the one that was clicked.

    Parameters
    ----------
    heads, partners : DataFrame
        From `heads_table` and `partners_table`.
    """
    rows, links = alt.InlineData(records(heads)), alt.InlineData(records(partners))
    first = int(heads["syn_red_score"].fillna(-np.inf).idxmax())
    clicked = alt.selection_point("clicked", on="click", fields=["head"], value=[{"head": first}], empty=False)
    told = [alt.Tooltip(f"{name}:Q", title=title, format=form) for name, (title, form) in TOLD.items()]
    told += [
        alt.Tooltip(f"{name}:N", title=f"removal, {name.removeprefix('removal_')} first")
        for name in heads
        if name.startswith("removal_")
    ]
    low, high = limits_around(heads["syn_red_score"].to_numpy(), 0.5, tail=0)
    colours = [f"#{''.join(f'{round(255 * part):02x}' for part in DIVERGING(x)[:3])}" for x in np.linspace(0, 1, 9)]
    x = alt.X("layer:O", title="layer (first to last)", axis=alt.Axis(labelAngle=0, labelOverlap=True))
    y = alt.Y("head_in_layer:O", title="head in layer", sort="descending", axis=alt.Axis(labelOverlap=True))
    scale = alt.Scale(domain=np.linspace(low, high, 9).tolist(), range=colours, interpolate="rgb")
    cells = (
        alt.Chart(rows)
        .mark_rect(stroke="white", strokeWidth=0.5, cursor="pointer")
        .encode(
            x,
            y,
            color=alt.Color("syn_red_score:Q", scale=scale, title="score", legend=alt.Legend(orient="top")),
            tooltip=told,
        )
        .add_params(clicked)
    )
    frame = alt.Chart(rows).transform_filter(clicked).mark_rect(fill=None, stroke=INK, strokeWidth=2.5).encode(x, y)
    here = alt.LookupData(data=rows, key="head", fields=["layer", "head_in_layer"])
    partner = alt.Chart(links).transform_filter(clicked).transform_lookup(lookup="partner", from_=here)
    named = [
        alt.Tooltip("layer:Q", title="partner's layer"),
        alt.Tooltip("head_in_layer:Q", title="partner's head in layer"),
        alt.Tooltip("value:Q", title="of the pair (nats)", format=".4g"),
        alt.Tooltip("null:Q", title="of the pair under the null (nats)", format=".4g"),
    ]
    hue = alt.Color(
        "atom:N",
        scale=alt.Scale(domain=list(ATOMS), range=[colour for _, colour in ATOMS.values()]),
        title="strongest partners in",
        legend=alt.Legend(orient="top"),
    )
    circled = partner.transform_calculate(head=alt.datum.partner)  # a click on a circle is one on the partner
    dots = circled.mark_point(filled=False, strokeWidth=2).encode(
        x, y, color=hue, size=alt.condition(alt.datum.atom == "synergy", alt.value(170), alt.value(70))
    )
    plane = (cells + frame + dots).resolve_scale(color="independent")
    plane = plane.properties(width=alt.Step(CELL), height=alt.Step(CELL))
    bars = []
    for atom, (_, colour) in ATOMS.items():
        base = (
            partner.transform_filter(alt.datum.atom == atom)
            .transform_calculate(name="'layer ' + datum.layer + ', head ' + datum.head_in_layer")
            .encode(
                alt.Y("name:N", sort=alt.EncodingSortField("rank", op="min", order="ascending"), title=None),
                tooltip=named,
            )
        )
        bar = base.mark_bar(color=colour).encode(
            alt.X("value:Q", title=f"{atom} of the pair (nats)", axis=alt.Axis(tickCount=4))
        )
        tick = base.mark_tick(color=INK, thickness=2).encode(alt.X("null:Q"))
        bars.append((bar + tick).properties(width=230, height=150, title=f"strongest in {atom}"))
    return (
        alt.vconcat(plane, alt.hconcat(*bars, spacing=30), spacing=24)
        .resolve_scale(color="independent")
        .configure(font="system-ui, sans-serif", background="white")
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=INK, titleColor=INK, domainColor=NULL, tickColor=NULL, gridColor=FAINT, gridOpacity=0.4
        )
        .configure_title(anchor="start", color=INK)
    )


def records(table: pd.DataFrame) -> list[dict]:
    """Rows as what JSON can hold: six digits, and null for what is undefined."""
    return json.loads(table.to_json(orient="records", double_precision=6))


def head_map_page(
    model: str,
    ranking: pd.DataFrame,
    atoms: dict[str, np.ndarray],
    removals: Sequence[Removal],
    definition: str,
    made: dict,
) -> str:
    """The map and how to read it, as one HTML page.

    Parameters
    ----------
    model : str
    ranking, atoms, removals
        See `heads_table` and `partners_table`.
    definition : str
        Name of the configured score.
    made : dict
        Provenance; stands in the page as JSON.
    """
    chart = head_map(heads_table(ranking, removals), partners_table(atoms))
    with alt.data_transformers.enable(consolidate_datasets=True):
        drawn = chart.to_html(
            output_div="map",
            inline=True,
            fullhtml=False,
            embed_options={
                "actions": {"export": True, "source": False, "compiled": False, "editor": False},
                "renderer": "svg",
            },
        )
    return page_of(
        "head_map.html",
        model=model,
        n_heads=len(ranking),
        layers=int(ranking["layer"].max()) + 1,
        definition=definition,
        partners=PARTNERS,
        removals=[order.kind for order in removals],
        has_null=bool(np.isfinite(ranking["null_avg_synergy"]).any()),
        chart=drawn,
        made=made,
    )
