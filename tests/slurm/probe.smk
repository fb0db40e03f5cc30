# One job that writes down what it finds: node, processors, threads, folders, offline switches.


from pathlib import Path


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
