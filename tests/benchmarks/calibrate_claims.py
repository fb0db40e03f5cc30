"""How often the tests of the claims decide where there is nothing to decide, and where there is something.

    python tests/benchmarks/calibrate_claims.py [share_of_data_sets] [--claims 4 5]

Draws docs/figures/claims_calibration.png and writes its table between two marks of docs/calibration.md. An hour
on one core; a share below 1 is a trial that writes nothing.
"""

import argparse
import gc
import os
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

os.environ.setdefault("NUMBA_NUM_THREADS", "1")
import matplotlib
import numpy as np
from measuring import ROOT, markdown

from synergy.claims.layer_profile import claim_absent_untrained, claim_inverted_u
from synergy.claims.measured import Measured
from synergy.claims.networks import claim_efficiency, claim_modularity, claim_within_layers
from synergy.claims.verdicts import Effect, all_of
from synergy.heads.layer_profiles import depth_p, inverted_u, template_correlation
from synergy.heads.networks import measure_networks
from synergy.heads.scores import ranking_columns
from synergy.phiid.decomposition import Decomposition, Settings
from synergy.phiid.pairs import n_pairs
from synergy.phiid.pairwise import merge_shards, write_shard
from synergy.recording.activations import prompt_groups
from synergy.statistics.descriptive import autoregression
from synergy.statistics.inference import rank_floor, rank_p, sign_flip_test

LEVEL = 0.05
PAGE, FIGURE = ROOT / "docs" / "calibration.md", ROOT / "docs" / "figures" / "claims_calibration.png"
MARKS = "<!-- claims: made by tests/benchmarks/calibrate_claims.py -->", "<!-- end of claims -->"
LAYERS, HEADS, PROMPTS, TOKENS, SURROGATES = 12, 4, 24, 100, 39
DRAWS = 1000  # profiles over depth


class Case(NamedTuple):
    """Data of one kind, of which a claim is tested; `planted` says what is true of them, if anything."""

    claim: str
    test: str
    data: str
    planted: str
    data_sets: int
    effects: Callable[[int], Iterator[Effect]]


class Found(NamedTuple):
    """How often a case was decided, and which way."""

    case: Case
    supported: float
    opposite: float

    @property
    def decided(self) -> float:
        """Share of the data sets with either verdict."""
        return self.supported + self.opposite

    @property
    def right(self) -> bool:
        """Whether no more than 5 % and two standard errors are decided; of planted effects nothing is asked."""
        return bool(self.case.planted) or self.decided <= LEVEL + 2 * (LEVEL * (1 - LEVEL) / self.case.data_sets) ** 0.5


# Claims 1 and 2: layer profiles.


def profile_effect(profile: np.ndarray) -> Effect:
    """Claim 1's raw test of one profile."""
    return Effect(float(template_correlation(profile)), depth_p(profile, DRAWS, 0))


def profiles(layers: int, phi: float, height: float) -> Callable[[int], Iterator[Effect]]:
    """Smooth profiles of variance 1, with an arch of that height or none."""

    def effects(n: int) -> Iterator[Effect]:
        shocks = np.random.default_rng([layers, int(100 * phi)]).standard_normal((n, layers))
        yield from map(profile_effect, autoregression(shocks, phi) + height * inverted_u(layers))

    return effects


def head_scores(profile: np.ndarray) -> Measured:
    """A model of one head a layer, with the given profile of its score and nothing else that claim 2 looks at."""
    import pandas as pd

    from synergy.heads.scores import SCORES

    columns = dict.fromkeys(("syn_red_score", "excess_score", "avg_synergy", "autocorrelation", *SCORES), profile)
    atoms = {f"head_prompt_{atom}": profile[None] for atom in ("sts", "rtr", "phi_r")}
    return Measured(pd.DataFrame(columns), atoms)


def trained_and_twins(phi: float, height: float, untrained: float, alike: float) -> Callable[[int], Iterator[Effect]]:
    """Profiles of a model and three twins, whose shocks correlate with each other by `alike`."""

    def effects(n: int) -> Iterator[Effect]:
        generator, layers = np.random.default_rng([3, int(100 * phi)]), 30
        for _ in range(n):
            own, common, *others = generator.standard_normal((5, layers))
            shocks = [own, *(np.sqrt(alike) * common + np.sqrt(1 - alike) * other for other in others)]
            heights = [height, untrained, untrained, untrained]
            both = zip(shocks, heights, strict=True)
            drawn = [autoregression(shock, phi) + height * inverted_u(layers) for shock, height in both]
            own, *twins = map(head_scores, drawn)
            yield claim_absent_untrained(own, twins, layers, 1, DRAWS, 0, LEVEL).test

    return effects


# Claims 1 and 3 to 5: heads, from their series.


def heads_of(kind: str, seed: int) -> np.ndarray:
    """Series of heads (prompts, heads, tokens): their memory, and what they share, by kind."""
    generator = np.random.default_rng(seed)
    arch = np.repeat(inverted_u(LAYERS), HEADS)[None, :, None]
    shocks = generator.standard_normal((PROMPTS, LAYERS * HEADS, TOKENS + 50))
    within = np.repeat(generator.standard_normal((PROMPTS, LAYERS, TOKENS + 50)), HEADS, axis=1)
    phi = {"even": 0.6 + 0 * arch, "memory": 0.3 + 0.5 * arch, "layers": None}.get(kind, 0.6 + 0 * arch)
    if phi is None:
        phi = np.repeat(generator.uniform(0.3, 0.8, LAYERS), HEADS)[None, :, None]
    series = np.empty_like(shocks)
    series[..., 0] = shocks[..., 0]
    for t in range(1, shocks.shape[-1]):
        series[..., t] = phi[..., 0] * series[..., t - 1] + shocks[..., t]
    series *= np.sqrt(1 - phi**2)
    if kind == "shared in the middle":
        series = series + 0.8 * arch * generator.standard_normal((PROMPTS, 1, TOKENS + 50))
    if kind == "shared within layers":
        series = series + 0.5 * within
    return series[..., 50:].astype(np.float32)


def measured_of(series: np.ndarray, folder: Path) -> tuple[Measured, Decomposition]:
    """What the workflow measures of the series."""
    settings = Settings(surrogates=SURROGATES, heads=HEADS)
    lengths = np.full(PROMPTS, TOKENS)
    decomposition, pairs = Decomposition(series, lengths, settings, checked=True), range(n_pairs(LAYERS * HEADS))
    write_shard(str(folder / "shard.npz"), decomposition.run(pairs), pairs, "mark", settings.parameters(), {})
    atoms, _ = merge_shards([str(folder / "shard.npz")], "mark")
    ranking = ranking_columns(atoms, "rank_difference", 0, 0).assign(autocorrelation=0.0)
    return Measured(ranking, atoms), decomposition


def of_series(kind: str, claim: Callable, test: str) -> Callable[[int], Iterator[Effect]]:
    """One test of a claim on heads of a kind."""

    def effects(n: int) -> Iterator[Effect]:
        with TemporaryDirectory() as folder:
            for seed in range(n):
                yield getattr(claim(*measured_of(heads_of(kind, seed), Path(folder))), test)

    return effects


def first_claim(measured: Measured, _: Decomposition):
    """Claim 1 of simulated heads."""
    return claim_inverted_u(measured, LAYERS, HEADS, 200, 0)


def third_claim(measured: Measured, _: Decomposition):
    """Claim 3."""
    return claim_within_layers(measured, LAYERS, HEADS)


def network_claim(claim: Callable) -> Callable:
    """Claim 4 or 5, with the networks of the surrogates."""

    def of(measured: Measured, decomposition: Decomposition):
        whole = measured.atoms["sts_matrix"], measured.atoms["rtr_matrix"]
        drawn = ((own["sts"], own["rtr"]) for own in decomposition.surrogate_matrices(range(SURROGATES), True))
        return claim(as_metrics(measure_networks(whole, 0.1, 0, surrogates=drawn), 0))

    return of


def as_metrics(networks: dict, n_groups: int) -> dict:
    """Measured networks as measure_graphs writes them."""
    return {**networks, "top_fraction": 0.1, "n_groups": n_groups}


def two_networks(claim: Callable, modular: float, planted: float) -> Callable[[int], Iterator[Effect]]:
    """Claims 4 and 5 on two networks whose prompts are drawn from one law; `planted` makes the second more modular."""
    n_heads, n_prompts = 40, 60
    groups = prompt_groups(np.arange(n_prompts) % 6)
    same = np.kron(np.eye(8), np.ones((5, 5)))

    def effects(n: int) -> Iterator[Effect]:
        for seed in range(n):
            generator = np.random.default_rng([4, seed])
            base = generator.gamma(2, 1, (n_heads, n_heads)) * (1 + modular * same)
            networks = []
            for extra in (0.0, planted):
                weights = base * (1 + extra * same) * generator.lognormal(0, 1, (n_prompts, n_heads, n_heads))
                networks.append(weights + weights.transpose(0, 2, 1))
            partial = [tuple(np.delete(own, group, axis=0).mean(axis=0) for own in networks) for group in groups]
            whole = tuple(own.mean(axis=0) for own in networks)
            sizes = [len(group) for group in groups]
            yield claim(as_metrics(measure_networks(whole, 0.1, 0, partial=partial, sizes=sizes), len(groups))).test

    return effects


# Claims 6 to 8: ranks among drawn orders and sets.


def ranked(observed: float, draws: np.ndarray, sign: int = 1) -> Effect:
    """A value among drawn ones, above or below their middle."""
    return Effect(sign * (observed - float(np.median(draws))), rank_p(draws, observed), floor=rank_floor(len(draws)))


def orders(n_orders: int, sd: float, kinds: int, ahead: float) -> Callable[[int], Iterator[Effect]]:
    """Claim 6: the log area of the synergistic order, `ahead` of those of one kind or of several matched kinds."""

    def effects(n: int) -> Iterator[Effect]:
        generator = np.random.default_rng([6, n_orders, kinds])
        for _ in range(n):
            own = ahead + generator.normal(0, sd)
            effects = [ranked(own, generator.normal(0, sd, n_orders)) for _ in range(kinds)]
            yield all_of(effects, any_opposite=True)

    return effects


def noise(n_sets: int, ahead: float) -> Callable[[int], Iterator[Effect]]:
    """Claim 7: 100 problems, each solved by chance; sets of heads differ by sd .05, the synergistic one by `ahead`."""

    def effects(n: int) -> Iterator[Effect]:
        generator = np.random.default_rng([7, n_sets])
        for _ in range(n):
            hardness = generator.uniform(0.2, 0.8, 100)
            accuracy = np.clip(hardness + generator.normal(0, 0.05, (n_sets + 2, 1)), 0, 1)
            accuracy[0] = np.clip(accuracy[0] - ahead, 0, 1)
            correct = generator.random(accuracy.shape) < accuracy
            among = ranked(-correct[0].mean(), -correct[2:].mean(axis=1))
            difference = correct[1].astype(float) - correct[0]
            p_value, _ = sign_flip_test(difference, 999, 0)
            yield all_of([among, Effect(difference.mean(), float(p_value))])

    return effects


def cases() -> list[Case]:
    """All that is simulated."""
    nothing, found = "", []
    for layers, phi in product((18, 30, 36), (0.0, 0.3, 0.6, 0.9)):
        found.append(Case("1", "raw", f"{layers} layers, φ {phi:g}", nothing, 500, profiles(layers, phi, 0.0)))
    for phi, height in product((0.0, 0.6), (2, 4)):
        planted = f"arch of {height} sds"
        found.append(Case("1", "raw", f"30 layers, φ {phi:g}", planted, 300, profiles(30, phi, height)))
    for phi, alike in product((0.0, 0.6, 0.9), (0.0, 0.9)):
        data = f"4 profiles, φ {phi:g}, twins alike {alike:g}"
        found.append(Case("2", "raw", data, nothing, 500, trained_and_twins(phi, 0, 0, alike)))
    found.append(Case("2", "raw", "arch of 4 sds in all, φ 0.6", nothing, 500, trained_and_twins(0.6, 4, 4, 0.5)))
    for phi in (0.0, 0.6):
        data = f"φ {phi:g}, twins alike 0.5"
        found.append(Case("2", "raw", data, "arch of 4 sds, trained only", 300, trained_and_twins(phi, 4, 0, 0.5)))
    kinds = {"even": "φ .6", "memory": "φ .3 to .8 in an arch", "layers": "φ of layers .3 to .8"}
    for kind, data in kinds.items():
        draw = of_series(kind, first_claim, "control_test")
        found.append(Case("1", "control", f"independent heads, {data}", nothing, 200, draw))
    kind = "shared in the middle"
    found.append(Case("1", "control", "φ .6", kind, 100, of_series(kind, first_claim, "control_test")))
    found.append(Case("3", "raw", "independent heads, φ .6", nothing, 200, of_series("even", third_claim, "test")))
    planted, draw = "memory differs between layers, no coupling", of_series("layers", third_claim, "test")
    found.append(Case("3", "raw", "independent heads, φ of layers .3 to .8", planted, 100, draw))
    for kind, data in kinds.items():
        draw = of_series(kind, third_claim, "control_test")
        found.append(Case("3", "control", f"independent heads, {data}", nothing, 200, draw))
    kind = "shared within layers"
    found.append(Case("3", "control", "φ .6", kind, 100, of_series(kind, third_claim, "control_test")))
    for number, claim in (("4", claim_efficiency), ("5", claim_modularity)):
        for name, modular in (("no groups", 0.0), ("groups", 3.0)):
            data = f"two networks of one law, {name}"
            found.append(Case(number, "raw", data, nothing, 500, two_networks(claim, modular, 0.0)))
        for planted in (0.5, 2.0):
            effect = f"groups in the second alone, {planted:.0%} stronger"
            found.append(Case(number, "raw", "two networks", effect, 100, two_networks(claim, 0.0, planted)))
        for kind in ("even", "memory"):
            test = of_series(kind, network_claim(claim), "control_test")
            n = 1000 if (number, kind) == ("4", "even") else 500  # the first 500 gave 7.0 %, the next 500 3.0 %
            found.append(Case(number, "control", f"independent heads, {kinds[kind]}", nothing, n, test))
    for sd in (0.02, 0.1, 0.2):
        found.append(Case("6", "raw", f"39 orders, sd of log area {sd:g}", nothing, 2000, orders(39, sd, 1, 0.0)))
        found.append(Case("6", "control", f"3 kinds of 39, sd {sd:g}", nothing, 2000, orders(39, sd, 3, 0.0)))
    for ahead in (2, 3):
        planted = f"{ahead} sds ahead"
        found.append(Case("6", "raw", "119 orders", planted, 500, orders(119, 1.0, 1, ahead)))
        found.append(Case("6", "control", "3 kinds of 119", planted, 500, orders(119, 1.0, 3, ahead)))
    found.append(Case("7, 8", "raw", "39 sets, 100 problems", nothing, 500, noise(39, 0.0)))
    found.append(Case("7, 8", "raw", "39 sets, 100 problems", "accuracy lower by .2", 300, noise(39, 0.2)))
    return found


def run(case: Case, share: float) -> Found:
    """Simulate a case."""
    case = case._replace(data_sets=max(20, round(share * case.data_sets)))
    verdicts = [effect.verdict(effect.p_value, LEVEL) for effect in case.effects(case.data_sets)]
    found = Found(case, *(verdicts.count(word) / len(verdicts) for word in ("supported", "opposite")))
    print(" | ".join(row_of(found)), "" if found.right else "  <-- too many", flush=True)
    return found


def row_of(found: Found) -> list[str]:
    """A row of the table."""
    case, decided = found.case, f"{found.decided:.1%}"
    if not case.planted:
        decided = f"{decided} ({found.supported:.1%} / {found.opposite:.1%})"
    return [case.claim, case.test, case.data, case.planted or "nothing", str(case.data_sets), decided]


def draw(results: list[Found]) -> None:
    """Every rate as a dot, with the limit that those without an effect must keep."""
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 0.17 * len(results) + 1), constrained_layout=True)
    for place, found in enumerate(results):
        color = "C0" if found.case.planted else "C3"
        error = 2 * (LEVEL * (1 - LEVEL) / found.case.data_sets) ** 0.5
        axes.plot([LEVEL - error, LEVEL + error], [place, place], color="0.8", linewidth=4)
        axes.plot(found.decided, place, "o", color=color)
    cases = [found.case for found in results]
    names = [f"{c.claim} {c.test}: {c.data}{', ' * bool(c.planted)}{c.planted}" for c in cases]
    axes.set_yticks(range(len(results)), names, fontsize=6)
    axes.axvline(LEVEL, color="0.5", linewidth=0.8)
    axes.set_ylim(len(results) - 0.5, -0.5)
    axes.set_xlabel(
        "share of data sets decided at 5 %\nred: no effect; blue: an effect; grey: 5 % ± 2 s.e.", fontsize=8
    )
    figure.savefig(FIGURE, dpi=150)


def as_written(case: Case, rows: dict[tuple[str, ...], str]) -> Found:
    """What a row of the page's table says of a case, by its first five cells."""
    decided = rows[tuple(row_of(Found(case, 0, 0))[:-1])]
    shares = [float(number) / 100 for number in re.findall(r"([\d.]+)%", decided)]
    return Found(case, *(shares[1:] or [shares[0], 0.0]))


def main(share: float, claims: Sequence[str]) -> None:
    """Simulate the cases of some claims, or all; with all their data sets, write table and figure."""
    gc.freeze()  # statsmodels collects garbage at every correction of p-values
    lines = [
        line.strip("| ").split(" | ") for line in PAGE.read_text().split(MARKS[0])[1].split(MARKS[1])[0].splitlines()
    ]
    rows = {tuple(cells[:-1]): cells[-1] for cells in lines if len(cells) == 6}
    results = [run(case, share) if case.claim in claims or not claims else as_written(case, rows) for case in cases()]
    if share < 1:
        return
    columns = ["claim", "test", "data", "effect", "data sets", "decided (supported / opposite)"]
    table = markdown(columns, map(row_of, results))
    before, rest = PAGE.read_text().split(MARKS[0])
    PAGE.write_text(before + f"{MARKS[0]}\n\n{table}\n\n" + MARKS[1] + rest.split(MARKS[1])[1])
    draw(results)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "share", nargs="?", type=float, default=1.0, help="of the data sets; below 1 nothing is written"
    )
    parser.add_argument("--claims", nargs="+", default=[], help="simulate these alone, and keep the other rows")
    options = parser.parse_args()
    main(options.share, options.claims)
