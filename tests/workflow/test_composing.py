"""Another workflow takes this one in: as a module, under a prefix, twice, in part, or by include."""

import pytest
from places import REPOSITORY
from workflow_run import planned_jobs, snakemake

FIGURE = "results/figures/tiny-qwen3_null_profile.png"
NEEDED = ("prefetch_model", "record_activations", "merge_pairs", "rank_heads", "plot_null")
CONFIG = f"""
configfile: "{REPOSITORY}/config/config.yaml"
configfile: "{REPOSITORY}/config/smoke.yaml"
"""
MODULE = f"""
module synergy:
    snakefile: "{REPOSITORY}/Snakefile"
    config: config
"""
WAYS = {  # how it is taken in: the other Snakefile, where the figure is, what rules are called
    "module": (CONFIG + MODULE + "use rule * from synergy\n", FIGURE, "{}"),
    "renamed": (CONFIG + MODULE + "use rule * from synergy as core_*\n", FIGURE, "core_{}"),
    "prefix": (
        CONFIG + MODULE + '    prefix: "inner"\nuse rule * from synergy as core_*\n',
        f"inner/{FIGURE}",
        "core_{}",
    ),
    "pathvars": (
        CONFIG + MODULE + '    pathvars:\n        results="found"\nuse rule * from synergy\n',
        FIGURE.replace("results", "found"),
        "{}",
    ),
    "include": (CONFIG + f'include: "{REPOSITORY}/Snakefile"\n', FIGURE, "{}"),
}


@pytest.mark.parametrize("way", WAYS)
def test_another_workflow_plans_the_same_jobs(way, tmp_path):
    snakefile, figure, name = WAYS[way]
    (tmp_path / "Snakefile").write_text(snakefile)
    jobs = planned_jobs(snakemake("-n", "--quiet", "rules", "--", figure, cwd=tmp_path))
    assert all(jobs[name.format(rule)] == 1 for rule in NEEDED)
    assert jobs[name.format("decompose_pairs")] == 16
    assert len(jobs) == len(NEEDED) + 1


def test_its_own_config_serves_a_module_without_one(tmp_path):
    (tmp_path / "Snakefile").write_text(MODULE.replace("    config: config\n", "") + "use rule * from synergy\n")
    planned = planned_jobs(snakemake("-n", "--quiet", "rules", "--", "all", cwd=tmp_path))
    assert planned["decide_claims"] == 2


def test_two_modules_are_planned_side_by_side_and_one_runs(tmp_path):
    modules = [
        MODULE.replace("synergy:", f"{name}:") + f'    prefix: "{name}"\nuse rule * from {name} as {name}_*\n'
        for name in ("first", "second")
    ]
    both = f'rule both:\n    input: "first/{FIGURE}", "second/{FIGURE}"\n'
    (tmp_path / "tests").mkdir()  # the config names the models from the folder of the repository
    (tmp_path / "tests/models").symlink_to(REPOSITORY / "tests/models")
    (tmp_path / "Snakefile").write_text(CONFIG + "".join(modules) + both)
    planned = planned_jobs(snakemake("-n", "--quiet", "rules", "--", "both", cwd=tmp_path))
    assert planned["first_plot_null"] == planned["second_plot_null"] == 1
    snakemake("--cores", "2", "--quiet", "all", "--set-scatter", "pairs=1", "--", f"first/{FIGURE}", cwd=tmp_path)
    assert (tmp_path / "first" / FIGURE).stat().st_size > 10_000
    assert not (tmp_path / "results").exists()
