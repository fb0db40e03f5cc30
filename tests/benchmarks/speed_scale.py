"""Cost of every rule that needs no more than activations, for a large model.

    python tests/benchmarks/speed_scale.py [--layers 80] [--heads 64] [--surrogates 4] [--prompts 60]
                                           [--top-fraction 0.01] [--run FOLDER]

Simulates recorded heads, runs the workflow from them to claims and figures, and prints what each rule took and wrote.
A second call with the same FOLDER goes on where the first one ended. Processor seconds stand beside those of the clock,
since others may use the machine. Surrogates and edges are few, and cost in proportion.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from measuring import ROOT, markdown

from synergy.files.artifacts import write_npz

MODEL, N_TOKENS = "large", 100
TARGETS = ("claims_of_activations", f"results/phiid_scores/{MODEL}_graph_metrics.json")


def simulate(path: Path, layers: int, heads: int, n_prompts: int) -> None:
    """Norms of heads that follow a component of their own, one of their layer and one of all, each autoregressive."""
    draw = np.random.default_rng(0)
    shapes = ((n_prompts, layers, heads, N_TOKENS), (n_prompts, layers, 1, N_TOKENS), (n_prompts, 1, 1, N_TOKENS))
    total = sum(_autoregressive(draw.standard_normal(shape, np.float32)) for shape in shapes)
    series = np.exp(0.3 * total).reshape(n_prompts, layers * heads, N_TOKENS)
    category = np.array([f"kind{k % 6}" for k in range(n_prompts)])
    write_npz(path, {}, activations=series, n_tokens=np.full(n_prompts, N_TOKENS), category=category)


def _autoregressive(noise: np.ndarray) -> np.ndarray:
    for t in range(1, noise.shape[-1]):
        noise[..., t] += 0.6 * noise[..., t - 1]
    return noise


def run(folder: Path, options: argparse.Namespace) -> None:
    """Claims, figures and networks of the simulated model, in `folder`."""
    activations = folder / f"results/activations/{MODEL}_activations.npz"
    if not activations.exists():
        activations.parent.mkdir(parents=True, exist_ok=True)
        simulate(activations, options.layers, options.heads, options.prompts)
    config = {
        "study": [MODEL],
        "models": {MODEL: {"source": {"path": "none"}, "layers": options.layers, "heads": options.heads}},
        "decomposition": {"null_model": {"surrogates": options.surrogates}},
        "graphs": {
            "surrogates": options.surrogates,
            "null_networks": 1,
            "top_fraction": options.top_fraction,
        },
        "robustness": {"variants": []},
    }
    (folder / "scale.yaml").write_text(yaml.safe_dump(config))
    command = [f"{sys.prefix}/bin/snakemake", "--directory", str(folder), "--configfile", str(folder / "scale.yaml")]
    subprocess.run([*command, "--quiet", "all", "--", *TARGETS], cwd=ROOT, check=True)


def costs(folder: Path) -> pd.DataFrame:
    """A row a job: seconds, processor seconds, peak memory in GB, and GB that it wrote, the dearest first."""
    jobs = []
    for path in (folder / "benchmarks").rglob("*.jsonl"):
        record = json.loads(path.read_text().splitlines()[-1])
        jobs.append((record["rule_name"], record["s"], record["cpu_time"], record["max_rss"]))
    jobs = pd.DataFrame(jobs, columns=["rule", "clock s", "CPU s", "peak GB"]).groupby("rule").max()
    return jobs.assign(**{"peak GB": jobs["peak GB"] / 1024}).sort_values("CPU s", ascending=False)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for option, default in (("layers", 80), ("heads", 64), ("surrogates", 4), ("prompts", 60)):
        parser.add_argument(f"--{option}", type=int, default=default)
    parser.add_argument("--top-fraction", type=float, default=0.01, help="of pairs that are edges")
    parser.add_argument("--run", type=Path, help="where it runs, and is kept")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.run or Path(scratch)
        load = os.getloadavg()[0]
        run(folder, options)
        rows = [(f"`{row.Index}`", *(f"{value:.1f}" for value in row[1:])) for row in costs(folder).itertuples()]
        size = sum(path.stat().st_size for path in folder.rglob("results/**/*") if path.is_file()) / 1e9
    print(f"{options.layers} x {options.heads} heads, load {load:.1f} at the start, {size:.1f} GB of results\n")
    print(markdown(("rule, its dearest job", "clock s", "CPU s", "peak GB"), rows))
