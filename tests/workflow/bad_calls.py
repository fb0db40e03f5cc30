"""Configs and paths that no plan may accept: overlay on the smoke config, target, and patterns of the message."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class BadCall:
    """What is wrong, the overlay and targets that make it, and patterns of expected, found and hint."""

    what: str
    overlay: dict = field(default_factory=dict)
    expected: str = "a config as config/schema.yaml describes it"
    found: str = ""
    hint: str = "mend that key"
    targets: tuple[str, ...] = ()


def key(what: str, place: str, value: object, found: str) -> BadCall:
    """A key of the config, `a.b.c`, with a value that the schema refuses."""
    overlay = value
    for name in reversed(place.split(".")):
        overlay = {name: overlay}
    return BadCall(what, overlay, found=found)


MODEL = "models.tiny-neox"
SCHEMA = [
    key("unknown section", "recordng", {}, "at the top level: .*'recordng' was unexpected"),
    key("unknown key", "recording.n_token", 5, "at recording: .*'n_token' was unexpected"),
    key("text for a number", "recording.n_tokens", "many", "at recording.n_tokens: 'many' is not of type 'integer'"),
    key("too few tokens", "recording.n_tokens", 5, "at recording.n_tokens: 5 is less than"),
    key("no batch", "recording.batch_size", 0, "at recording.batch_size: 0 is less than"),
    key("a section that is a list", "recording", [1], "at recording: "),
    key("empty study", "study", [], "at study: "),
    key("a model twice", "study", ["tiny-neox", "tiny-neox"], "at study: .* non-unique"),
    key("study of one word", "study", "tiny-neox", "at study: 'tiny-neox' is not of type 'array'"),
    key("no heads", f"{MODEL}.heads", 0, "at models.tiny-neox.heads: 0 is less than"),
    key("half a layer", f"{MODEL}.layers", 2.5, "at models.tiny-neox.layers: 2.5 is not of type"),
    key("unknown dtype", f"{MODEL}.dtype", "int4", "at models.tiny-neox.dtype: 'int4' is not one of"),
    key("unknown prompt format", f"{MODEL}.prompt_format", "story", "at models.tiny-neox.prompt_format: "),
    key("unknown weights", f"{MODEL}.weights", "frozen", "at models.tiny-neox.weights: "),
    key("unknown key of a model", f"{MODEL}.head", 4, "at models.tiny-neox: .*'head' was unexpected"),
    key("remote code", f"{MODEL}.trust_remote_code", True, "at models.tiny-neox: .*'trust_remote_code' was unexpected"),
    key("revisions of a folder", f"{MODEL}.revisions", ["step1"], "at models.tiny-neox.source: 'hub' is a required"),
    key("hub without revision", f"{MODEL}.source", {"hub": "a/b", "path": None}, "at models.tiny-neox.source"),
    key(
        "short hash",
        "models.new",
        {
            "source": {"pypi": "p", "version": "1", "sha256": "ab", "file": "f", "file_sha256": "ab"},
            "layers": 1,
            "heads": 1,
        },
        "at models.new.source.*: 'ab' does not match",
    ),
    key(
        "no geometry",
        "models.new",
        {"source": {"path": "x"}, "layers": 1},
        "at models.new: 'heads' is a required property",
    ),
    key("no source", "models.new", {"layers": 1, "heads": 1}, "at models.new: 'source' is a required property"),
    key(
        "capitals in a key",
        "models.New_Model",
        {"source": {"path": "x"}, "layers": 1, "heads": 1},
        "'New_Model' does not match",
    ),
    key("ablation step 0", f"{MODEL}.ablation_step", 0, "at models.tiny-neox.ablation_step: "),
    key("lag 0", "decomposition.lag", 0, "at decomposition.lag: 0 is less than"),
    key("unknown redundancy", "decomposition.redundancy", "imin", "at decomposition.redundancy: 'imin' is not one of"),
    key("unknown estimator", "decomposition.estimator", "kernel", "at decomposition.estimator: 'kernel' is not one of"),
    key("unknown null", "decomposition.null_model.kind", "none", "at decomposition.null_model.kind: 'none' is not one"),
    key("negative surrogates", "decomposition.null_model.surrogates", -1, "surrogates: -1 is less"),
    key("unknown score", "ranking.score", "sum", "at ranking.score: 'sum' is not one of"),
    key("no edges", "graphs.top_fraction", 0, "at graphs.top_fraction: 0 is less than or equal"),
    key("more than all edges", "graphs.top_fraction", 1.5, "at graphs.top_fraction: 1.5 is greater"),
    key("unknown method", "ablation.methods", ["shuffle"], "at ablation.methods.0: 'shuffle' is not one of"),
    key("unknown order", "ablation.orders.alphabetic", 1, "at ablation.orders: .*'alphabetic' was unexpected"),
    key("two synergistic orders", "ablation.orders.synergistic", 2, "at ablation.orders.synergistic: "),
    key("unknown cache", "ablation.residual_cache", "disk", "at ablation.residual_cache: 'disk' is not one of"),
    key("no noise", "math.sigmas", [0], "at math.sigmas.0: 0 is less than"),
    key("no noises", "math.sigmas", [], "at math.sigmas: "),
    key("hub set without revision", "math.problems", {"hub": "org/set"}, "at math.problems: "),
    key("unknown style", "math.prompt_style", "rhyme", "at math.prompt_style: 'rhyme' is not one of"),
    key("unknown key of a set", "problem_sets.mine", {"file": "p.jsonl"}, "at problem_sets.mine: "),
    key("certainty", "claims.significance", 1, "at claims.significance: 1 is greater than or equal"),
    key("few permutations", "claims.permutations", 10, "at claims.permutations: 10 is less than"),
    key("unknown variant", "robustness.variants", ["louder"], "at robustness.variants.0: 'louder' is not one of"),
    key("steps of words", "trajectory.checkpoints", {"tiny-neox": "first"}, "at trajectory.checkpoints.tiny-neox: "),
]
NAMES = [
    BadCall(
        "the null's former name", {"decomposition": {"null": {"surrogates": 8}}}, "null_model", "former name", "rename"
    ),
    BadCall(
        "unknown model in the study",
        {"study": ["gema3-4b"]},
        "registered under models: at study",
        "'gema3-4b'",
        "use gemma3-4b",
    ),
    BadCall(
        "the controls' former name",
        {"models": {"tiny-neox": {"control": "tiny-neox-random"}}},
        "models.tiny-neox.controls, a number of untrained twins",
        "its former key, control",
        "controls: 1",
    ),
    BadCall(
        "unknown model to follow", {"trajectory": {"model": "pythia"}}, "at trajectory.model", "'pythia'", "stanza"
    ),
    BadCall(
        "unknown checkpoint",
        {"trajectory": {"checkpoints": {"tiny-nix": 1}}},
        "at trajectory.checkpoints",
        "'tiny-nix'",
        "use tiny-neox",
    ),
    BadCall(
        "a sigma that is not swept",
        {"math": {"sigma": 0.3}},
        "math.sigma to be one of math.sigmas",
        "0.3",
        "add it to the list",
    ),
]
PATHS = [
    BadCall(f"path with {what}", {}, expected, found, hint, (f"results/{path}",))
    for what, path, expected, found, hint in [
        ("an unknown model", "figures/gpt5_graph_cores.png", "registered under models:", "'gpt5'", "add a stanza"),
        (
            "an unknown revision",
            "activations/pythia-1b-step7_tokens.json",
            "registered",
            "'pythia-1b-step7'",
            "use pythia-1b-step",
        ),
        (
            "an unknown variant",
            "robustness/tiny-neox/louder_head_rankings.csv",
            "the variant ccs",
            "'louder'",
            "correct",
        ),
        (
            "a model of one checkpoint",
            "figures/tiny-neox_training_trajectory.png",
            "two or more revisions",
            "0",
            "list revisions",
        ),
    ]
]
