"""What the JSON files that rules read from one another must hold."""

from pathlib import Path
from sys import float_info

from synergy.files.errors import InputError

NUMBER = "a number, or null where there is none"
REAL = "a number"
TEXT = "text"
YES_NO = "true or false"
WHOLE = "a whole number"
EVERY = "*"  # stands for each key that there is

_METRIC = {"value": NUMBER, "null_mean": NUMBER, "relative_to_null": NUMBER, "null_draws": [NUMBER]}
_NETWORK = {"global_efficiency": _METRIC, "modularity": _METRIC}
_NETWORKS = {"synergy": _NETWORK, "redundancy": _NETWORK}
_CONTRAST = {"estimate": NUMBER, "standard_error": NUMBER}
_PROFILE = {
    **{"p_value": NUMBER, "extent": NUMBER, "extent_by_chance_95": NUMBER},
    **{"spearman_with_last": NUMBER, "spearman_with_published": NUMBER},
}
_NATS = dict.fromkeys(("synergy", "null_synergy", "excess_synergy", "redundancy"), NUMBER)

MODEL_RECORD = {
    "weights": {"kind": TEXT},
    "sha256": {},
    "geometry": {"layers": WHOLE, "heads": WHOLE},
    "provenance": {},
}
WEIGHTS = {"source": {}, "weights": {}, "sha256": {EVERY: TEXT}}  # the part of it that tells weights apart
PROBLEMS_RECORD = {"exemplars": [{"problem": TEXT, "solution": TEXT}]}
RANKING_SUMMARY = {"split_half": {"score": NUMBER}}
GRAPH_METRICS = {
    "top_fraction": NUMBER,
    "contrasts_synergy_minus_redundancy": {"global_efficiency": _CONTRAST, "modularity": _CONTRAST},
    "definitions": {"top_fraction": _NETWORKS, "dense_weighted": _NETWORKS, EVERY: _NETWORKS},
}
_VALUES = {metric: {"value": NUMBER} for metric in _NETWORK}
WEIGHTED_METRICS = {"definitions": {"dense_weighted": dict.fromkeys(_NETWORKS, _VALUES)}}  # what the paper shows
ABLATION_STATISTICS = {"ratios": {EVERY: {"estimate": NUMBER, "ci_low": NUMBER, "ci_high": NUMBER, "p_value": NUMBER}}}
CONDITION = {"condition": TEXT, "sigma": REAL, "seed": WHOLE, "provenance": {"parameters": {}}}
MATH_STATISTICS = {
    "pooled": [
        {
            **{"first": TEXT, "second": TEXT, "sigma": REAL, "measure": TEXT, "by_seed": [REAL]},
            **{"difference": REAL, "ci_low": REAL, "ci_high": REAL, "p_value": REAL},
        }
    ]
}
TRAINING_SUMMARY = {
    "identical_weights": [[TEXT]],
    "checkpoints": [{"training_step": WHOLE, "score": _PROFILE, "excess_score": _PROFILE, "extent_nats": _NATS}],
}
RUN_RECORD = {
    "config": {"models": {}},
    "models": [{}],
    "problems": {},
    "cost": [dict.fromkeys(("seconds", "longest_job_s", "peak_memory_mib"), REAL) | {"rule": TEXT, "jobs": WHOLE}],
    "provenance": {"code_version": TEXT, "python": TEXT, "packages": {}},
}

TOKENS = {
    "prompts": [{"id": TEXT, "category": TEXT, "prompt_ids": [WHOLE], "generated_ids": [WHOLE]}],
    "provenance": {"model": {}},
}
PROBLEM_SHARD = {
    **{"condition": TEXT, "first_problem": WHOLE, "last_problem": WHOLE, "n_problems": WHOLE, "fingerprint": TEXT},
    **{"parameters": {}, "noise": {"matrices": [{"matrix": TEXT, "heads": [WHOLE]}]}},
}
GRADED = {
    **{"id": TEXT, "type": TEXT, "level": TEXT, "grading": TEXT, "solution_nll": REAL},
    **{"correct": YES_NO, "correct_strict": YES_NO, "truncated": YES_NO},
}
_KINDS = {NUMBER: (int, float, type(None)), REAL: (int, float), TEXT: str, WHOLE: int, YES_NO: bool}


def require_form(record: object, form: object, path: str | Path, place: str = "") -> None:
    """Refuse a record that lacks what its readers rely on.

    Parameters
    ----------
    record : object
        What was read.
    form : dict, list or str
        A dict: an object with at least these keys, each of its form; `EVERY` stands for any key.
        A list of one: a list whose items have that form.
        Else one of `NUMBER`, `REAL`, `TEXT`, `WHOLE` and `YES_NO`.
    path : str or Path
        Where it was read, for the message.
    place : str
        The part that is looked at.

    Raises
    ------
    InputError
        Naming file and key.
    """
    named, remake = place or "the whole", f"delete {path} and run the workflow again"
    if isinstance(form, dict):
        right, expected = isinstance(record, dict), "an object"
    elif isinstance(form, list):
        right, expected = isinstance(record, list), "a list"
    else:
        right, expected = isinstance(record, _KINDS[form]) and isinstance(record, bool) == (form == YES_NO), form
    if form in (NUMBER, REAL) and right and record is not None:
        right = abs(record) <= float_info.max  # neither NaN nor infinite nor too large for a float
    if not right:
        raise InputError(f"{expected} for {named} of {path}", repr(record)[:60], remake)
    if isinstance(form, dict):
        for key, own in form.items():
            if key == EVERY:
                for name, item in record.items():
                    require_form(item, own, path, f"{place}.{name}".lstrip("."))
                continue
            if key not in record:
                raise InputError(f"a key {key} in {named} of {path}", f"keys {', '.join(record)}"[:120], remake)
            require_form(record[key], own, path, f"{place}.{key}".lstrip("."))
    elif isinstance(form, list):
        for number, item in enumerate(record):
            require_form(item, form[0], path, f"{place}[{number}]")
