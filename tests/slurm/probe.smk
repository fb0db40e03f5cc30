# Jobs about the profile and not about the science: what a job finds around it, and jobs that do nothing for a while.


def stop(*said):
    raise SystemExit("; ".join(said))


include: "../../rules/cluster.smk"


rule probe:
    """Record the environment of a job."""
    output:
        "probe.json",
    log:
        "probe.log",
    threads: 1  # fewer than any machine has, so that "as many as there are" would show
    resources:
        mem="1GB",
        runtime="5m",
    params:
        library=str(Path(workflow.basedir).parents[1] / "workflow_scripts"),
    script:
        "probe.py"


rule wait:
    """Take a few seconds."""
    output:
        "waited/{name}.txt",
    resources:
        mem="400MB",
        runtime="5m",
    shell:
        "sleep 8; echo {wildcards.name} >{output}"
