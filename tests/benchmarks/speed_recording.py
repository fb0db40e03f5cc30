"""Speed and memory of recording: a batch of all prompts, and one prompt at a time."""

from measuring import MODEL, ROOT, Row, fresh, markdown, options_of, peak_gb, seconds, weights_gb

N_TOKENS, N_ALONE, TOP_LOGPROBS = 100, 6, 20
TRAINED = {"kind": "trained"}


def rows(given: dict) -> list[Row]:
    """All prompts of the study in a batch, and some one at a time."""
    own = fresh("speed_recording", "compared", given, "float32")
    size = f"{own['n_prompts']} prompts x {N_TOKENS} tokens, SmolLM2-135M"
    words = f"one prompt at a time: {own['alone_s']:.0f} s (from {N_ALONE})"
    ratio = f"{own['alone_s'] / own['batch_s']:.1f}"
    return [Row("recording", size, f"{own['batch_s']:.1f} s", words, ratio, "≤ 35 s", own["batch_s"] <= 35)]


def details(given: dict) -> None:
    """Print the table of both dtypes, each in a process of its own."""
    lines = []
    for dtype in ("float32", "bfloat16"):
        own = fresh("speed_recording", "compared", given, dtype)
        times = f"{own['load_s']:.1f}", f"{own['batch_s']:.1f}", f"{own['n_prompts'] * N_TOKENS / own['batch_s']:.0f}"
        alone = f"{own['alone_s']:.0f} (from {N_ALONE})", f"{own['alone_s'] / own['batch_s']:.1f}"
        memory = f"{own['weights_gb']:.2f} + {own['rest_gb']:.2f}"
        lines.append((f"{MODEL}, {dtype}", f"{own['n_prompts']} x {N_TOKENS}", *times, *alone, memory))
    columns = "model", "prompts x tokens", "load, s", "batch, s", "tokens/s", "one at a time, s", "ratio"
    print(markdown((*columns, "weights + rest, GB"), lines))


def compared(given: dict, dtype: str) -> dict:
    """Seconds and memory of all prompts at once, and seconds of as many one at a time, from some of them."""
    import torch

    from synergy.models.loading import load_model, prompt_ids
    from synergy.recording.prompts import load_prompts
    from synergy.recording.recorder import record

    options = options_of(given)
    torch.set_num_threads(options.threads)
    loaded = []
    load_s = seconds(lambda: loaded.append(load_model(options.run / f"resources/models/{MODEL}", TRAINED, dtype)))
    (model,) = loaded
    ids = [prompt_ids(model.tokenizer, p.text, "chat", {}) for p in load_prompts(ROOT / "config/prompts.yaml")]
    batch_s = seconds(lambda: record(model, ids, N_TOKENS, TOP_LOGPROBS))
    memory = {"weights_gb": weights_gb(model), "rest_gb": peak_gb() - weights_gb(model)}
    some = ids[:: max(1, len(ids) // N_ALONE)][:N_ALONE]
    alone_s = seconds(lambda: [record(model, [prompt], N_TOKENS, TOP_LOGPROBS) for prompt in some])
    alone_s *= len(ids) / len(some)
    times = {"load_s": load_s, "batch_s": batch_s, "alone_s": alone_s}
    return {"n_prompts": len(ids), **times, **memory}
