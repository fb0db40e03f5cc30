# Needs the config. Gives what the variants of the analysis change, and where their files are.

VARIANTS = ["default", *config["robustness"]["variants"]]
# What a variant changes of the decomposition; the others change the series.
CHANGES = {
    "ccs": {"redundancy": "ccs"},
    "gaussian_copula": {"estimator": "gaussian_copula"},
    "discrete": {"estimator": "discrete"},
    "lag_2": {"lag": 2},
}
OTHER_SERIES = ["first_differences", "detrended", "natural_length", "half_of_prompts", "after_output"]
FEWER_SURROGATES = {**config["decomposition"]["null_model"], "surrogates": config["robustness"]["surrogates"]}


def variant_activations(wildcards):
    """The series that a variant decomposes: as recorded, or its own."""
    own = "<activations>" if wildcards.variant in CHANGES else "<robustness>/{variant}_activations.npz"
    return of_known("variant", "|".join([*CHANGES, *OTHER_SERIES]), own)(wildcards)


def changed(setting):
    """Function that gives a setting of the decomposition as the variant of a job has it."""
    configured = config["decomposition"][setting]
    return lambda wildcards: CHANGES.get(wildcards.variant, {}).get(setting, configured)


def of_variants(ending, **values):
    """Paths of an artifact of every configured variant."""
    path = PATHVARS.apply(f"<robustness>/{{variant}}_{ending}")
    return collect(path, variant=config["robustness"]["variants"], **values, allow_missing=True)


def control_rankings(wildcards):
    """Rankings of the model's untrained control, as it is and under every variant, if it has one."""
    control = stanza(wildcards).get("control")
    return [*control_ranking(wildcards), *of_variants("head_rankings.csv", model=control)] if control else []
