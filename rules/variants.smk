# Needs the config. Gives what the variants of the analysis change, and where their files are.

VARIANTS = ["default", *config["robustness"]["variants"]]
# What a variant changes of the decomposition; the others change the series.
CHANGES = {
    "ccs": {"redundancy": "ccs"},
    "gaussian_copula": {"estimator": "gaussian_copula"},
    "discrete": {"estimator": "discrete"},
    "lag_2": {"lag": 2},
}
INTEGRATION = "integration"  # changes neither, but which measure of the default's decomposition is read
OTHER_SERIES = ["first_differences", "detrended", "natural_length", "half_of_prompts", "after_output"]
FEWER_SURROGATES = {**config["decomposition"]["null_model"], "surrogates": config["robustness"]["surrogates"]}


def of_known(name, pattern, artifact):
    """Function that gives the path of an artifact, if the wildcard `name` of the path that was asked for is right."""

    def path(wildcards):
        stanza(wildcards)
        if not re.fullmatch(pattern, wildcards[name]):
            stop(f"a path with the {name} {pattern}", repr(wildcards[name]), f"correct the {name} in the path")
        return artifact

    return path


def variant_activations(wildcards):
    """The series that a variant decomposes: as recorded, or its own."""
    own = "<activations>" if wildcards.variant in CHANGES else "<robustness>/{variant}_activations.npz"
    return of_known("variant", "|".join([*CHANGES, *OTHER_SERIES]), own)(wildcards)


def changed(setting):
    """Function that gives a setting of the decomposition as the variant of a job has it."""
    configured = config["decomposition"][setting]
    return lambda wildcards: CHANGES.get(wildcards.variant, {}).get(setting, configured)


def changed_decomposition(wildcards):
    """The settings of the decomposition as the variant of a job has them."""
    return {**config["decomposition"], **CHANGES.get(wildcards.variant, {})}


def measured_pairwise(wildcards):
    """The atoms whose networks are measured under a variant."""
    if wildcards.variant == INTEGRATION:
        return "<pairwise>"
    return "<robustness>/{variant}_pairwise_phiid.npz"


def measured_activations(wildcards):
    """The series that those atoms were made from."""
    return "<activations>" if wildcards.variant == INTEGRATION else variant_activations(wildcards)


def of_variants(artifact, ending, **values):
    """Paths of an artifact as it is and under every configured variant; `integration` shares the default's."""
    own = PATHVARS.apply(f"<robustness>/{{variant}}_{ending}")
    paths = {variant: own.replace("{variant}", variant) for variant in VARIANTS}
    default = PATHVARS.apply(f"<{artifact}>")
    paths |= dict.fromkeys(["default", INTEGRATION], default)
    return collect([paths[variant] for variant in VARIANTS], **values, allow_missing=True)


def of_twins_and_variants(artifact, ending):
    """Function that gives the paths of an artifact of each untrained twin, and of each under every variant in turn."""
    return lambda wildcards: [
        path for model in twins_of_model(wildcards) for path in of_variants(artifact, ending, model=model)
    ]
