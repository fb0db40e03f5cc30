"""What tests of downloads from the hub share: a token, files that must not travel, and troubles to meet."""

import socket

RANDOM = {"kind": "random", "seed": 0}
TOKEN = "hf_PlantedTokenThatNobodyMaySee"
JUNK = {
    "README.md": b"# Model",
    "pytorch_model.bin": b"pickle",
    "pytorch_model.bin.index.json": b"{}",
    "model.fp16.safetensors": b"half",
    "consolidated.safetensors": b"again",
    "consolidated-00001-of-00002.safetensors": b"again",
    "adapter_model.safetensors": b"adapter",
    "model.gguf": b"gguf",
    "tf_model.h5": b"tf",
    "preprocessor_config.json": b"{}",
    "original/config.json": b"{}",
    "original/tokenizer.model": b"tokens",
    "onnx/model-00001-of-00001.safetensors": b"onnx",
}


def shards(files):
    return sorted(name for name in files if name.endswith(".safetensors") and name not in JUNK)


def gate(hub, **_):
    hub.repositories["models", "org/tiny"].gated = True


def private(hub, **_):
    hub.repositories["models", "org/tiny"].private = True


def server_down(hub, monkeypatch):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", url)


def unknown_host(hub, monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr("socket.getaddrinfo", unknown)
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://no-such-host.invalid")


def firewall(hub, monkeypatch):
    """A connection that nobody answers: a port that listens, with a full queue."""
    busy = socket.socket()
    busy.bind(("127.0.0.1", 0))
    busy.listen(0)
    hub.busy = [busy]
    for _ in range(4):
        waiting = socket.socket()
        waiting.setblocking(False)
        waiting.connect_ex(busy.getsockname())
        hub.busy.append(waiting)
    be_impatient(monkeypatch)
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", f"http://127.0.0.1:{busy.getsockname()[1]}")


def be_impatient(monkeypatch):
    for name in ("HF_HUB_DOWNLOAD_TIMEOUT", "HF_HUB_ETAG_TIMEOUT"):
        monkeypatch.setattr(f"huggingface_hub.constants.{name}", 0.3)


def silent(path):
    def trouble(hub, monkeypatch):
        hub.fail(path, stall_s=1.0)
        be_impatient(monkeypatch)

    return trouble


def failing(path, **how):
    return lambda hub, **_: hub.fail(path, **how)
