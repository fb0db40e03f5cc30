# Needs the few helpers. Gives functions that say which files a rule takes.
from synergy.files.folders import is_own
from synergy.prefetch.sources import changed_since


def unless_own(given, *made):
    """Function that gives an input of what makes an artifact; none where a user's takes its place, or that of `made`.

    Nothing outdates a user's file.
    """
    own = lambda wildcards: any(is_own(PATHVARS.apply(f"<{name}>").format(model=wildcards.model)) for name in made)
    return lambda wildcards: [] if own(wildcards) else given


def changed_folder(wildcards):
    """Digest of the folder that a model was taken from, if its content is another now."""
    record = PATHVARS.apply("<prefetch_record>").format(model=wildcards.model)
    source = of_model("source")(wildcards)
    source = {**source, "path": provided(source["path"])} if "path" in source else source
    return changed_since(record, source, of_model("weights")(wildcards) == "random")


def twins_of_model(wildcards):
    """Keys of the model's untrained twins."""
    stanza(wildcards)
    return twins(wildcards.model)


def of_twins(artifact):
    """Function that gives the paths of an artifact of each untrained twin of the model that a job is for."""
    return lambda wildcards: every(artifact, model=twins_of_model(wildcards))


def figures(models, names):
    """Paths of the named figures of the given models."""
    return collect(PATHVARS.apply("<figure>_{name}.png"), model=models, name=names)


def explained(figures):
    """Name of the caption of each figure: that of the rule which puts it into the report."""
    made = {output: rule for rule in workflow.rules for output in rule.output if "report" in output.flags}
    caption = lambda output: Path(output.flags["report"].caption.get_path_or_uri(secret_free=True)).stem
    return lambda wildcards: {
        Path(figure).name: next(caption(output) for output in made if output.match(figure)) for figure in figures
    }
