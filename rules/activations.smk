# Needs a model and the prompts. Gives what every head did while the model answered.


rule record_activations:
    """Record the output norm of every attention head at every token of the model's answers."""
    input:
        model=unless_own(ancient("<model_files>"), "activations"),
        record=unless_own("<prefetch_record>", "activations"),
        prompts=ours(config["prompts"]),
    output:
        # What is there stays until the new is whole, and where the job refuses to replace it.
        activations=update("<activations>"),
        logits=update("<logits>"),
        tokens=update("<tokens>"),
    log:
        "<logs>/record_activations/{model}.log",
    benchmark:
        "<benchmarks>/record_activations/{model}.jsonl"
    conda:
        "../envs/models.yaml"
    threads: 8
    resources:
        mem=growing(of_model("resources/mem")),
        runtime=growing(of_model("resources/runtime")),
        gpu=of_model("resources/gpu"),
    params:
        code=code("record_activations", config["prompts"]),
        settings=settings(
            dtype=of_model("dtype"),
            prompt_format=of_model("prompt_format"),
            template_arguments=of_model("chat_template_arguments"),
            n_tokens=lookup("recording/n_tokens", within=config),
            top_logprobs=lookup("recording/top_logprobs", within=config),
            batch_size=lookup("recording/batch_size", within=config),
        ),
        kept=aside(KEPT),
        gpus=aside(of_model("resources/gpu")),
    message:
        "Record every head of {wildcards.model} while it answers the prompts."
    script:
        "../workflow_scripts/record_activations.py"
