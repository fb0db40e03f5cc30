"""Ablation written as plainly as it can be: one prompt at a time, whole passes of the whole model, nothing kept.

It shares no code with the engine but the place of W_O's input. Everything after the model's logits is in float64.
"""

from contextlib import contextmanager

import numpy as np
import torch


@contextmanager
def replaced_heads(model, heads, instead):
    """The slices of the flat head indices `heads` are `instead` (n_heads_total, head_dim)."""
    layout = model.heads

    def replace(layer):
        def hook(_module, arguments):
            outputs = arguments[0].clone()
            for head in heads:
                if head // layout.heads == layer:
                    start = head % layout.heads * layout.head_dim
                    outputs[..., start : start + layout.head_dim] = instead[head]
            return (outputs, *arguments[1:])

        return hook

    hooks = [
        layout.output_projection(layer).register_forward_pre_hook(replace(layer)) for layer in range(layout.n_layers)
    ]
    yield
    for hook in hooks:
        hook.remove()


def plain_means(model, prompts, answers):
    """Mean output of each head over the positions that predict a generated token, (n_heads_total, head_dim)."""
    layout = model.heads
    seen = [[] for _ in range(layout.n_layers)]
    for prompt, answer in zip(prompts, answers, strict=True):
        hooks = []
        for layer in range(layout.n_layers):

            def hook(_module, arguments, layer=layer, answer=answer):
                outputs = arguments[0][0, -len(answer) - 1 : -1].double()
                seen[layer].append(outputs.unflatten(-1, (layout.heads, layout.head_dim)))

            hooks.append(layout.output_projection(layer).register_forward_pre_hook(hook))
        model.model(input_ids=torch.tensor([[*prompt, *answer]]))
        for hook in hooks:
            hook.remove()
    return torch.cat([torch.cat(layer).mean(0) for layer in seen]).float()


def plain_curve(model, prompts, answers, order, counts, method="zero"):
    """KL(original ‖ ablated), nats, (len(counts), n_prompts)."""
    instead = torch.zeros(model.n_heads_total, model.heads.head_dim)
    if method == "mean":
        instead = plain_means(model, prompts, answers)
    kl = np.empty((len(counts), len(prompts)))
    with torch.inference_mode():
        for row, (prompt, answer) in enumerate(zip(prompts, answers, strict=True)):

            def log_probabilities(heads, prompt=prompt, answer=answer):
                with replaced_heads(model, heads, instead):
                    logits = model.model(input_ids=torch.tensor([[*prompt, *answer]])).logits
                return logits[0, len(prompt) - 1 : -1].double().log_softmax(-1)

            original = log_probabilities([])
            for step, count in enumerate(counts):
                ablated = log_probabilities([int(head) for head in order[:count]])
                kl[step, row] = (original.exp() * (original - ablated)).sum(-1).mean()
    return kl
