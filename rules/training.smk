# Needs the config. Gives the training steps of a model, and where the files of each are.
import re


def training_steps(model):
    """Training step of each checkpoint of a model, by model key, in order: its revisions step<number> and itself."""
    require_models("the path that was asked for", [model])
    found = config["trajectory"]["checkpoints"] if model == config["trajectory"]["model"] else {}
    if not found:
        own = config["models"][model]
        revisions = {f"{model}-{revision}": revision for revision in own["revisions"]}
        revisions[model] = own["source"].get("revision", "")
        found = {key: int(name[4:]) for key, name in revisions.items() if re.fullmatch(r"step\d+", name)}
    if len(found) < 2:
        hint = "list revisions in the model's stanza, or trajectory.checkpoints"
        stop(f"two or more revisions named step<number> of {model}", f"{len(found)}", hint)
    return dict(sorted(found.items(), key=lambda item: item[1]))


def of_every_step(artifact):
    """Function that gives the paths of an artifact at every training step of the model that a job is for."""
    return lambda wildcards: every(artifact, model=training_steps(wildcards.model))
