"""What `make laptop` found, for docs/results.md: tables kept from its artifacts, and the sentences that carry them.

`make docs` renews docs/laptop from results/, if the study of config/laptop.yaml was made there, and the page from
docs/laptop. A sentence that no longer holds ends the command.
"""

import json
import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow_scripts"))
from synergy.files.artifacts import read_json, read_npz
from synergy.heads.layer_profiles import layer_means, template_correlation
from synergy.report.style import MARKED, NULL, REDUNDANCY, SYNERGY, TWO_COLUMNS, band, layer_axis, new_figure
from synergy.statistics.descriptive import average_ranks, pearson, spearman

REPOSITORY = Path(__file__).parents[1]
KEPT = REPOSITORY / "docs/laptop"
FIGURES = REPOSITORY / "docs/figures"
GEOMETRIES = {
    "smollm2-135m": (30, 9),
    "gemma3-270m": (18, 4),
    "qwen2.5-coder-0.5b": (24, 14),
    "qwen2.5-coder-1.5b": (28, 12),
}
ATOMS = {"synergy": "sts", "redundancy": "rtr", "integration": "phi_r"}
COLOURS = {"synergy": SYNERGY, "redundancy": REDUNDANCY, "integration": "#009E73"}
EXPLAINING = ("autocorrelation", "mean_norm", "depth")
TARGETS = {"avg_synergy": "mean synergy", "syn_red_score": "score"}
MARKS = dict(zip(EXPLAINING, (("black", "o"), ("#7B5AA6", "s"), ("#8C6D31", "^")), strict=True))
DIGITS = 5


def take_laptop(results: Path) -> None:
    """Keep of a finished study what the page needs; nothing where there is none."""
    claims = {model: results / f"robustness/{model}_claims.csv" for model in GEOMETRIES}
    if not all(path.is_file() for path in claims.values()):
        return
    KEPT.mkdir(exist_ok=True)
    pd.concat([pd.read_csv(path, dtype=str, keep_default_na=False) for path in claims.values()]).to_csv(
        KEPT / "claims.csv", index=False
    )
    profiles, facts = [], []
    for model, (layers, heads) in GEOMETRIES.items():
        ranking = pd.read_csv(results / f"phiid_scores/{model}_head_rankings.csv")
        ranking.round(DIGITS).to_csv(KEPT / f"{model}_head_rankings.csv", index=False)
        pairwise, _ = read_npz(results / f"phiid_scores/{model}_pairwise_phiid.npz")
        summary = read_json(results / f"phiid_scores/{model}_head_rankings.json")
        answers = read_json(results / f"activations/{model}_tokens.json")["prompts"]
        own = profiles_of(ranking, pairwise, layers, heads)
        profiles.append(own.assign(model=model))
        facts.append({"model": model, **facts_of(ranking, own, pairwise, summary, answers)})
    pd.concat(profiles).round(DIGITS).to_csv(KEPT / "profiles.csv", index=False)
    pd.DataFrame(facts).round(DIGITS).to_csv(KEPT / "facts.csv", index=False)
    draw_profiles(pd.concat(profiles))
    draw_explained(_facts())


def profiles_of(ranking: pd.DataFrame, pairwise: dict, layers: int, heads: int) -> pd.DataFrame:
    """A row a layer and atom: what was observed in nats, and mean and 95 % band of the null."""
    rows = []
    for name, atom in ATOMS.items():
        column = "avg_phi_r" if atom == "phi_r" else f"avg_{name}"
        observed = layer_means(ranking[column].to_numpy(), layers, heads)
        draws = layer_means(pairwise[f"head_null_{atom}"], layers, heads)
        low, high = np.percentile(draws, [2.5, 97.5], axis=0)
        columns = {"layer": range(layers), "observed": observed, "null": draws.mean(axis=0), "low": low, "high": high}
        rows.append(pd.DataFrame(columns).assign(atom=name))
    return pd.concat(rows)


def facts_of(ranking: pd.DataFrame, profiles: pd.DataFrame, pairwise: dict, summary: dict, answers: list) -> dict:
    """The numbers of one model that the page's tables show."""
    facts = {
        "prompts": len(answers),
        "surrogates": len(pairwise["head_null_sts"]),
        "repeated_8grams": float(np.mean([answer["repeated_8grams"] for answer in answers])),
        "natural_length": float(np.median([answer["natural_length"] for answer in answers])),
        "autocorrelation": float(ranking["autocorrelation"].mean()),
        "outside_calibration": summary["outside_calibration"]["share"],
        "reliability": summary["split_half"]["score"],
        "excesses_correlate": summary["correlation_of_excesses"],
    }
    for name in ATOMS:
        own = profiles[profiles["atom"] == name]
        ratio = own["observed"] / own["null"]
        facts |= {
            f"{name}_nats": own["observed"].mean(),
            f"{name}_null_share": own["null"].mean() / own["observed"].mean(),
            f"{name}_above": int((own["observed"] > own["high"]).sum()),
            f"{name}_below": int((own["observed"] < own["low"]).sum()),
            f"{name}_smallest_ratio": ratio.min(),
            f"{name}_largest_ratio": ratio.max(),
            f"{name}_profiles_correlate": spearman(own["observed"].to_numpy(), own["null"].to_numpy()),
            f"{name}_excess_inverted_u": float(template_correlation((own["observed"] - own["null"]).to_numpy())),
        }
    layers = int(ranking["layer"].max()) + 1
    for column in ("numit", "null_numit"):
        facts[f"{column}_inverted_u"] = float(
            template_correlation(layer_means(ranking[column].to_numpy(), layers, len(ranking) // layers))
        )
    depth = ranking["layer"] / max(layers - 1, 1)
    middle = 4 * depth * (1 - depth)
    explaining = pd.DataFrame({name: ranking[name] for name in EXPLAINING[:2]} | {"depth": middle})
    for target in TARGETS:
        for name in EXPLAINING:
            rest = explaining.drop(columns=name)
            facts[f"{target}_by_{name}"] = spearman(ranking[target].to_numpy(), explaining[name].to_numpy())
            facts[f"{target}_by_{name}_alone"] = partial(ranking[target], explaining[name], rest)
    return facts


def partial(target: pd.Series, of: pd.Series, given: pd.DataFrame) -> float:
    """Partial rank correlation: of what is left of both when the ranks of the others are regressed out."""
    others = np.column_stack([np.ones(len(given)), *(average_ranks(column.to_numpy()) for _, column in given.items())])
    left = []
    for values in (target, of):
        ranks = average_ranks(values.to_numpy())
        left.append(ranks - others @ np.linalg.lstsq(others, ranks, rcond=None)[0])
    return pearson(*left)


def draw_profiles(profiles: pd.DataFrame) -> None:
    """Draw the layers of every model beside their null: a row an atom, a column a model."""
    figure = new_figure(TWO_COLUMNS, 5.2, headline(profiles))
    panels = figure.subplots(len(ATOMS), len(GEOMETRIES), sharex="col")
    for column, (model, (layers, _)) in zip(panels.T, GEOMETRIES.items(), strict=True):
        for axes, atom in zip(column, ATOMS, strict=True):
            own = profiles[(profiles["model"] == model) & (profiles["atom"] == atom)]
            band(axes, own["layer"], own["low"], own["high"], NULL, 0.35, label="null's 95 % band")
            axes.plot(own["layer"], own["null"], color=NULL, linewidth=1, label="null: coupling broken")
            line = {"color": COLOURS[atom], "label": f"observed {atom}", "linewidth": 1, **MARKED, "markersize": 2.5}
            axes.plot(own["layer"], own["observed"], **line)
            above = int((own["observed"] > own["high"]).sum())
            axes.set_title(f"above in {above} of {len(own)} layers", fontsize=7, fontweight="normal")
            axes.set_ylim(bottom=min(0, own["low"].min()))
            layer_axis(axes, layers, label=atom == list(ATOMS)[-1])
            axes.set_xticks(range(0, layers, 8))
        column[0].set_title(f"{model}\n{column[0].get_title(loc='left')}", fontsize=7)
    for axes, atom in zip(panels[:, 0], ATOMS, strict=True):
        axes.set_ylabel(f"{atom} (nats)")
    handles = {}
    for axes in figure.axes:
        handles |= {label: handle for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=5)
    figure.savefig(FIGURES / "laptop_profiles.png")


def draw_explained(facts: pd.DataFrame) -> None:
    """Draw what a head's synergy and its score go with, alone and given the others: a panel each, a row a model."""
    alone = facts["avg_synergy_by_autocorrelation_alone"]
    others = facts[[f"avg_synergy_by_{name}_alone" for name in EXPLAINING[1:]]].abs().to_numpy().max()
    title = (
        f"Given norm and depth, a head's synergy goes with its autocorrelation ({_range(alone)});\n"
        f"with norm or depth, given the others, by at most {others:.2f} either way"
    )
    figure = new_figure(TWO_COLUMNS, 2.8, title)
    panels = figure.subplots(1, len(TARGETS), sharey=True)
    rows = np.arange(len(facts))[::-1]
    for axes, (target, name) in zip(panels, TARGETS.items(), strict=True):
        axes.axvline(0, color="0.8", linewidth=0.8, zorder=0)
        for shift, (by, (colour, marker)) in zip((0.2, 0, -0.2), MARKS.items(), strict=True):
            plain, given = facts[f"{target}_by_{by}"], facts[f"{target}_by_{by}_alone"]
            words = f"{by.replace('_', ' ')}, given the other two"
            axes.plot(given, rows + shift, marker, color=colour, markersize=5, label=words)
            axes.plot(plain, rows + shift, marker, color=colour, markersize=5, fillstyle="none")
        axes.set_title(f"{name} of heads", fontsize=8)
        axes.set_xlim(-1.05, 1.05)
        axes.set_xlabel("rank correlation over heads")
    sizes = {model: layers * heads for model, (layers, heads) in GEOMETRIES.items()}
    panels[0].set_yticks(rows, [f"{model}\n{sizes[model]} heads" for model in facts.index])
    handles = panels[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=3, title="open: by itself", title_fontsize=7)
    figure.savefig(FIGURES / "laptop_explained.png")


def headline(profiles: pd.DataFrame) -> str:
    """What the figure shows, in one line made from its numbers."""
    counts = []
    for atom in ATOMS:
        own = profiles[profiles["atom"] == atom]
        counts.append(f"{atom} in {int((own['observed'] > own['high']).sum())}")
    n = len(profiles) // len(ATOMS)
    return f"Above the null's 95 % band, of {n} layers of four models: {', '.join(counts)}"


def _facts() -> pd.DataFrame:
    return pd.read_csv(KEPT / "facts.csv").set_index("model")


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", "|---|" + "--:|" * (len(head) - 1)]
    return "\n".join([*lines, *(re.sub(r"(?<![\w`])-(?=\d)", "−", f"| {' | '.join(row)} |") for row in rows)])


def _claims(variant: str) -> pd.DataFrame:
    return pd.read_csv(KEPT / "claims.csv", keep_default_na=False, dtype=str).query("variant == @variant")


def _counted(variant: str, claim: int, column: str = "verdict") -> str:
    """How many models have each verdict of a claim: ``supported in 3 of 4, undecided in 1``."""
    own = _claims(variant)
    counts = own[own["claim"] == str(claim)][column].value_counts()
    return ", ".join(f"{verdict} in {n}" for verdict, n in counts.items())


def _range(values: pd.Series, how: str = ".2f") -> str:
    return f"{values.min():{how}} to {values.max():{how}}"


def short() -> str:
    """The findings in a few sentences, each made from the numbers."""
    facts, n_layers = _facts(), sum(layers for layers, _ in GEOMETRIES.values())
    above = {atom: int(facts[f"{atom}_above"].sum()) for atom in ATOMS}
    lines = [
        f"Synergy is above its null's 95 % band in {above['synergy']} of {n_layers} layers. The null gives "
        f"{_range(facts['synergy_null_share'], '.0%')} of the synergy that is observed, and the same layer profile "
        f"(rank correlation {_range(facts['synergy_profiles_correlate'])}).",
        f"Redundancy is above its null's band in {above['redundancy']} of {n_layers} layers, integration (Φ_R) in "
        f"{above['integration']}.",
        "A head's synergy follows its own autocorrelation: rank correlation "
        f"{_range(facts['avg_synergy_by_autocorrelation'])} over heads, "
        f"{_range(facts['avg_synergy_by_autocorrelation_alone'])} given norm and depth.",
        "NuMIT has an inverted U over depth with the coupling between heads "
        f"({_range(facts['numit_inverted_u'])}) and without it ({_range(facts['null_numit_inverted_u'])}).",
        f"The inverted U of the score (claim 1) is {_counted('default', 1)} of the four models; of what integration "
        f"gives in its place, {_counted('integration', 1)}.",
        f"More synergy within layers (claim 3) is {_counted('default', 3)}; after its control, "
        f"{_counted('default', 3, 'verdict_after_control')}. More integration within layers is "
        f"{_counted('integration', 3)}; after its control, {_counted('integration', 3, 'verdict_after_control')}.",
        f"A more efficient synergy network (claim 4) is {_counted('default', 4)}; a more modular redundancy network "
        f"(claim 5) is {_counted('default', 5)}. With integration in place of synergy: {_counted('integration', 4)}; "
        f"{_counted('integration', 5)}.",
    ]
    return "\n".join(f"- {line}" for line in lines)


def shortest() -> str:
    """The first findings, for the README."""
    return "\n".join(short().splitlines()[:3])


def recordings_table() -> str:
    """What was recorded."""
    head = ["model", "layers x heads", "prompts", "median natural length", "repeated 8-grams", "autocorrelation"]
    head += ["outside calibration", "split-half reliability of the score"]
    rows = []
    for model, own in _facts().iterrows():
        layers, heads = GEOMETRIES[model]
        row = [f"`{model}`", f"{layers} x {heads}", f"{own['prompts']:.0f}", f"{own['natural_length']:.0f}"]
        row += [f"{own['repeated_8grams']:.0%}", f"{own['autocorrelation']:.2f}", f"{own['outside_calibration']:.1%}"]
        rows.append([*row, f"{own['reliability']:.2f}"])
    return _table(head, rows)


def null_table() -> str:
    """Each atom beside its null."""
    head = [
        "model",
        "atom",
        "mean, nats",
        "null, of observed",
        "layers above / below the band",
        "observed / null, by layer",
    ]
    head += ["rank correlation of the profiles", "inverted U of the excess, r"]
    rows = []
    for model, own in _facts().iterrows():
        layers = GEOMETRIES[model][0]
        for atom in ATOMS:
            value = {
                key: own[f"{atom}_{key}"] for key in ("nats", "null_share", "above", "below", "profiles_correlate")
            }
            row = [f"`{model}`", atom, f"{value['nats']:.4f}", f"{value['null_share']:.0%}"]
            row += [f"{value['above']:.0f} / {value['below']:.0f} of {layers}"]
            row += [f"{own[f'{atom}_smallest_ratio']:.2f} – {own[f'{atom}_largest_ratio']:.2f}"]
            row += [f"{value['profiles_correlate']:.2f}", f"{own[f'{atom}_excess_inverted_u']:+.2f}"]
            rows.append(row)
    return _table(head, rows)


def verdicts_table() -> str:
    """Claims 1 to 5 on every model: estimate, interval, verdict, and the verdict after the control."""
    claims = _claims("default")
    lines = ["| model | claim | estimate | p (Holm) | verdict | control's p (Holm) | after its control |"]
    lines.append("|---|---|---|--:|---|--:|---|")
    for row in claims.itertuples():
        words = f"{row.claim}. {row.statement.rstrip('.')}"
        numbers = [f"{float(value):.2g}" if value else "" for value in (row.estimate, row.ci_low, row.ci_high)]
        estimate = f"{numbers[0]} [{numbers[1]}, {numbers[2]}]" if all(numbers) else numbers[0]
        p = [f"{float(value):.2g}" if value else "" for value in (row.p_value_holm, row.control_p_value_holm)]
        verdicts = [_bold(row.verdict), _bold(row.verdict_after_control)]
        lines.append(f"| `{row.model}` | {words} | {estimate} | {p[0]} | {verdicts[0]} | {p[1]} | {verdicts[1]} |")
    return "\n".join(lines)


def variants_table() -> str:
    """The same under the other measure and the other series."""
    claims = pd.read_csv(KEPT / "claims.csv", keep_default_na=False, dtype=str)
    numbers = sorted(set(claims["claim"]))
    lines = [f"| model | variant | {' | '.join(f'claim {number}' for number in numbers)} |"]
    lines.append("|---|---|" + "---|" * len(numbers))
    for (model, variant), own in claims.groupby(["model", "variant"], sort=False):
        own = own.set_index("claim")
        words = [f"{_bold(own.at[n, 'verdict'])} / {_bold(own.at[n, 'verdict_after_control'])}" for n in numbers]
        lines.append(f"| `{model}` | `{variant}` | {' | '.join(words)} |")
    return "\n".join(lines)


def explained_table() -> str:
    """Rank correlations over heads, and partial ones, with what might explain synergy and the score."""
    head = ["model", "of", *(f"{name.replace('_', ' ')}: r / partial" for name in EXPLAINING)]
    rows = []
    for model, own in _facts().iterrows():
        for target, name in TARGETS.items():
            pairs = [
                f"{own[f'{target}_by_{by}']:+.2f} / {own[f'{target}_by_{by}_alone']:+.2f}".replace("-", "−")
                for by in EXPLAINING
            ]
            rows.append([f"`{model}`", name, *pairs])
    return _table(head, rows)


def numit_table() -> str:
    """Inverted U of NuMIT's layer profile, observed and with all coupling broken."""
    rows = [
        [f"`{model}`", f"{own['numit_inverted_u']:+.2f}", f"{own['null_numit_inverted_u']:+.2f}"]
        for model, own in _facts().iterrows()
    ]
    return _table(["model", "observed, r", "coupling broken, r"], rows)


def _bold(verdict: str) -> str:
    return f"**{verdict}**" if verdict in ("supported", "opposite") else verdict


PAGE = {
    "short": short,
    "recordings": recordings_table,
    "null": null_table,
    "verdicts": verdicts_table,
    "variants": variants_table,
    "explained": explained_table,
    "numit": numit_table,
}


if __name__ == "__main__":
    take_laptop(Path(sys.argv[1]))
    print(json.dumps(_facts().to_dict("index"), indent=1))
