"""What `speed_table.py` measures; each stage is called in a process of its own and prints its rows as JSON."""

import json
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "workflow_scripts"), str(Path(__file__).parent), str(ROOT / "tests/unit")]
from speed_demo import demo, minutes  # noqa: E402

MODEL = "smollm2-135m"
LARGEST = 1152, 60, 100  # heads, prompts, tokens of Qwen3 8B
LARGEST_TEXT = "1,152 heads x 60 prompts x 100 tokens"


def phiid(run: Path, threads: int) -> list[tuple]:
    """All pairs of the largest model; the null; exactness."""
    import bench_phiid

    heads, prompts, _ = LARGEST
    seconds, peak_gb = bench_phiid.measure(LARGEST, threads, 5)
    slow = bench_phiid.reference_seconds()
    reference = slow * heads * (heads - 1) / 2 * prompts
    words = f"{slow * 1e3:.1f} ms a pair and prompt with the tests' plain implementation: {reference / 3600:.0f} h"
    ours, target = f"{seconds:.2f} s, {peak_gb:.2f} GB", "≤ 3 s, ≤ 1 GB"
    met = seconds <= 3 and peak_gb <= 1
    rows = [("PhiID, all pairs", LARGEST_TEXT, ours, words, f"{reference / seconds:,.0f}", target, met)]
    null, _ = bench_phiid.measure(LARGEST, threads, 1, surrogates=100)
    words = f"the same implementation: {reference * 101 / 3600 / 24:.0f} days"
    ratio = f"{reference * 101 / null:,.0f}"
    rows += [("PhiID with 100 surrogates", LARGEST_TEXT, minutes(null), words, ratio, "≤ 5 min", null <= 300)]
    worst = _largest_deviation()
    size, words = "1,225 pairs of coupled series, 100 samples", f"{worst:.0e} nats"
    return [
        *rows,
        ("PhiID, exactness", size, words, "plain implementation", "–", "≤ 1e-12", worst <= 1e-12),
    ]


def _largest_deviation() -> float:
    """Largest difference of sts, rtr and TDMI from the plain implementation, over all pairs of 50 coupled heads."""
    import numpy as np
    import reference_phiid
    from simulated import ar1

    from synergy.phiid.decomposition import Decomposition, Settings
    from synergy.phiid.pairs import heads_of, n_pairs

    own, shared = ar1(1, 50, 100, 0.5)[0], ar1(2, 1, 100, 0.7)[0]
    series = own + np.linspace(0, 1, 50)[:, None] * shared
    numbers = range(n_pairs(len(series)))
    ours = Decomposition(series[None], np.array([series.shape[1]]), Settings()).run(numbers)
    worst = 0.0
    for k, (i, j) in enumerate(np.stack(heads_of(numbers, len(series)), axis=1)):
        atoms = reference_phiid.atoms(series[i], series[j])
        expected = {"sts": atoms["sts"], "rtr": atoms["rtr"], "tdmi": sum(atoms.values())}
        worst = max(worst, *(abs(float(ours[name][k] - value)) for name, value in expected.items()))
    return worst


def graphs(run: Path, threads: int) -> list[tuple]:
    """Efficiency, modularity, nulls and intervals of both networks of the largest model."""
    import numpy as np

    from synergy.heads.networks import measure_networks, top_fraction_metrics, weighted_graph

    n_heads = LARGEST[0]
    networks = np.random.default_rng(0).gamma(2.0, 0.01, (2, n_heads, n_heads))
    networks = (networks + networks.transpose(0, 2, 1)) / 2
    for network in networks:
        np.fill_diagonal(network, np.nan)
    start = time.perf_counter()
    for network in networks:
        top_fraction_metrics(weighted_graph(network), 0.1, 0)
    seconds = time.perf_counter() - start
    start = time.perf_counter()
    measure_networks(*networks, 0.1, 0, 20, threads)
    everything = time.perf_counter() - start
    ours = f"{seconds:.1f} s headline, {everything:.0f} s with all definitions, 20 shuffles and intervals"
    size = f"{n_heads:,} heads, both networks"
    words = "networkx and python-louvain themselves, graphs side by side"
    met = seconds <= 20 and everything <= 300
    return [("graph metrics", size, ours, words, "–", "≤ 20 s headline, ≤ 300 s all", met)]


def starting(run: Path, threads: int) -> list[tuple]:
    """The slowest start of a script that needs no model, with all that it and its modules import anywhere."""
    scripts = sorted(
        path.stem for path in (ROOT / "workflow_scripts").glob("*.py") if "analysis.yaml" in _rule_of(path.stem)
    )
    times = {name: _least(lambda name=name: _python(f"{IMPORT_ALL}import_all({name!r})")) for name in scripts}
    slowest = max(times, key=times.get)
    reference = _least(lambda: _python("import torch, transformers.models.llama.modeling_llama"))
    ours, words = f"{times[slowest]:.2f} s ({slowest})", f"importing torch and transformers: {reference:.1f} s"
    ratio = f"{reference / times[slowest]:.1f}"
    size = f"the slowest of {len(scripts)}"
    return [("start of an analysis script", size, ours, words, ratio, "≤ 1.5 s", times[slowest] <= 1.5)]


IMPORT_ALL = """
import ast, importlib, pathlib
def import_all(name, seen=set()):
    for node in ast.walk(ast.parse(pathlib.Path(name.replace(".", "/") + ".py").read_text())):
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        names += [node.module] if isinstance(node, ast.ImportFrom) else []
        for own in set(names) - seen:
            seen.add(own)
            importlib.import_module(own)
            if own.startswith("synergy."):
                import_all(own)
"""


def _rule_of(script: str) -> str:
    """Text of the first rule that runs a script."""
    text = "\n".join(path.read_text() for path in sorted((ROOT / "rules").glob("*.smk")))
    return next((rule for rule in text.split("\nrule ") if f"/{script}.py" in rule), "")


def _python(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT / "workflow_scripts")


def _least(call) -> float:
    """Least seconds of three calls."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


def recording(run: Path, threads: int) -> list[tuple]:
    """All prompts of the study in a batch, and some one at a time."""
    import bench_recording

    own = bench_recording.compare_batch_with_single(run / f"resources/models/{MODEL}", threads, "float32", 6, 100)
    size = f"{own.n_prompts} prompts x {own.n_tokens} tokens, SmolLM2-135M"
    words = f"one prompt at a time: {own.alone_s:.0f} s (from {own.n_alone})"
    return [("recording", size, f"{own.batch_s:.1f} s", words, f"{own.ratio:.1f}", "≤ 35 s", own.batch_s <= 35)]


def ablation(run: Path, threads: int) -> list[tuple]:
    """A step of one head, and the share of the ideal saving with one head and with several."""
    import torch
    from ablation_ways import measure, measure_one_head, orders_of, smollm2

    from synergy.heads.orders import step_counts

    torch.set_num_threads(threads)
    model, text = smollm2(run, 60, 15)
    step = measure_one_head(model, text, 10, 2, alone=True)
    batched, alone = step.others
    size, ours = "one head a step, 60 prompts, SmolLM2-135M", f"{step.ours:.2f} s a step"
    rows = []
    for name, seconds, factor in (("batched", batched, 1.6), ("one prompt at a time, all logits", alone, 3.0)):
        ratio = seconds / step.ours
        words = f"plain passes, {name}: {seconds:.1f} s"
        rows += [("ablation", size, ours, words, f"{ratio:.2f}", f"≥ {factor} x", ratio >= factor)]
    ideal = f"layers from the lowest changed one up, and head: {step.ideal:.2f} s"
    reached, target = f"{step.reached:.0%} of the ideal saving", "≥ 80 %"
    rows += [("ablation", size, reached, ideal, f"{step.ideal / step.ours:.2f}", target, step.reached >= 0.8)]
    model, text = smollm2(run, 15, 15)
    orders = orders_of(model, run / f"results/phiid_scores/{MODEL}_head_rankings.csv")
    steps = {}
    for kind, order in orders.items():
        steps[kind] = measure(model, text, order, step_counts(len(order), 5, 1.0)[:9], 2)
    worst = min(steps, key=lambda kind: steps[kind].reached)
    step = steps[worst]
    reached = f"{step.reached:.0%} of the ideal saving in the worst order ({worst})"
    ideal = f"layers from the lowest changed one up, and head: {step.ideal:.2f} s"
    size = f"five heads a step, {len(orders)} orders, 15 prompts, SmolLM2-135M"
    rows += [("ablation", size, reached, ideal, f"{step.ideal / step.ours:.2f}", target, step.reached >= 0.8)]
    return rows


def answering(run: Path, threads: int) -> list[tuple]:
    """Answers to the demo's problems."""
    import bench_math
    import torch

    torch.set_num_threads(threads)
    model = bench_math.load_model(run / f"resources/models/{MODEL}", {"kind": "trained"}, "float32")
    prompts, _, stop = bench_math.demo_problems(model, 60)
    bench_math.answer(model, prompts[:2], 4, 2, stop)
    ways = bench_math.compare(bench_math.ways_to_answer(model, prompts, stop, 48, 60, 12), 2)
    batched, alone = ways["batched"], ways["one at a time"]
    ratio = alone.slower_than(batched).wall
    speeds = [way.n_tokens / way.seconds.wall for way in (batched, alone)]
    size = f"{len(prompts)} problems of the demo, SmolLM2-135M"
    words = f"one problem at a time: {speeds[1]:.0f} tokens/s (from {len(alone.answers)})"
    return [("answering", size, f"{speeds[0]:.0f} tokens/s", words, f"{ratio:.1f}", "≥ 5 x", ratio >= 5)]


def gpu(run: Path, threads: int) -> list[tuple]:
    """The study's models at true shape with random weights, where there is a GPU."""
    import torch
    from speed_gpu import gpu_rows

    return gpu_rows(threads, measure=torch.cuda.is_available())


STAGES = {
    "demo": demo,
    "phiid": phiid,
    "graphs": graphs,
    "starting": starting,
    "recording": recording,
    "ablation": ablation,
    "answering": answering,
    "gpu": gpu,
}
ON_THE_DEMO = {"demo", "recording", "ablation", "answering"}  # these want its model and answers

if __name__ == "__main__":
    stage, folder, n_threads = sys.argv[1:]
    print(json.dumps(STAGES[stage](Path(folder), int(n_threads))))
