"""Downloads from the hub that go wrong: what each trouble says, and what is fetched again."""

import errno
import logging
import os
import re

import pytest
from hub_downloads import failing, firewall, gate, private, server_down, shards, silent, unknown_host
from stand_in_replies import SIGNATURE

from synergy.files.errors import InputError


@pytest.mark.parametrize(
    ("trouble", "token", "found", "hint"),
    [
        (
            gate,
            None,
            "gated repository and no token",
            r"accept the licence .* HF_TOKEN, in the environment or in \.env",
        ),
        (gate, "hf_good_token", "licence that the owner of the token has not accepted", "accept the licence"),
        (gate, "hf_wrong_token", "does not accept: expired, revoked or mistyped", "make a new one .* HF_TOKEN"),
        (None, "hf_wrong_token", "does not accept: expired, revoked or mistyped", "make a new one .* HF_TOKEN"),
        (private, None, "no such repository, or a private one and no token", "check its id .* HF_TOKEN"),
        (private, "hf_good_token", "no such repository for this token", "check its id"),
        (server_down, None, r"no network \(.*refused", "login node"),
        (unknown_host, None, r"no network \(", "login node"),
        (failing("/api/", status=503), None, r"fault of the hub \(503", "run again later"),
        (failing("/cdn/", status=500), None, r"fault of the hub \(500", "run again later"),
        (failing("/resolve/", method="HEAD", status=502), None, r"fault of the hub \(502", "run again later"),
        (failing("/api/", status=429), None, r"too many requests \(429\)", "wait some minutes"),
        (failing("/api/", status=403), "hf_good_token", r"refusal \(403", "fine grain must allow gated"),
        (failing("/cdn/", status=403), None, r"refusal \(403", "HF_TOKEN"),
        (silent("/api/"), None, "no answer in time", "HF_HUB_DOWNLOAD_TIMEOUT"),
        (silent("/cdn/"), None, "no answer in time", "HF_HUB_DOWNLOAD_TIMEOUT"),
        (firewall, None, r"no network \(", "login node"),
        (failing("/cdn/", cut_after=0), None, "connection that broke", "complete are kept"),
        (failing("/cdn/", content=b"short"), None, "Consistency check failed", "complete are kept"),
    ],
)
def test_every_trouble_has_its_message_with_the_next_step(
    hub, checkpoint, fetch, monkeypatch, caplog, trouble, token, found, hint
):
    hub.add("org/tiny", checkpoint[0])
    hub.tokens["hf_good_token"] = set()
    if token:
        monkeypatch.setenv("HF_TOKEN", token)
    if trouble:
        trouble(hub=hub, monkeypatch=monkeypatch)
    with caplog.at_level(logging.DEBUG), pytest.raises(InputError) as raised:
        fetch()
    assert raised.value.expected == "org/tiny at revision main from the hub"
    assert re.search(found, raised.value.found, re.DOTALL)
    assert re.search(hint, raised.value.hint)
    for secret in (SIGNATURE, "hf_good_token", "hf_wrong_token"):
        assert secret not in f"{raised.value} {caplog.text}"


@pytest.mark.parametrize(
    ("name", "revision", "found"),
    [("org/tiny", "step7", "no such revision"), ("org/tyni", "main", "no such repository"), ("a b", "main", "a b")],
)
def test_misspelt_ids_and_revisions_are_named(hub, checkpoint, fetch, name, revision, found):
    hub.add("org/tiny", checkpoint[0])
    with pytest.raises(InputError, match=found) as raised:
        fetch(name, revision)
    assert raised.value.expected == f"{name} at revision {revision} from the hub"


def test_a_connection_cut_midway_goes_on_at_the_same_byte(hub, checkpoint, fetch, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 1000)  # written and counted at a time
    files, _ = checkpoint
    hub.add("org/tiny", files)
    first = shards(files)[0]
    hub.fail(f"/{first}?", method="GET", times=1, cut_after=10_000)
    fetch()
    asked = [request for request in hub.requests if request.path.startswith("/cdn/") and first in request.path]
    assert [request.status for request in asked] == [200, 206]
    assert {name.lower(): value for name, value in asked[1].headers.items()}["range"] == "bytes=10000-"
    assert hub.sent(first) == len(files[first])


def test_after_a_broken_download_the_next_run_fetches_only_what_is_not_complete(hub, checkpoint, fetch):
    files, _ = checkpoint
    hub.add("org/tiny", files)
    first, *_, last = shards(files)
    hub.fail(f"/{last}?", method="GET", times=6, cut_after=0)
    with pytest.raises(InputError, match="connection that broke"):
        fetch()
    assert hub.sent(first) == len(files[first])
    folder, _ = fetch()
    assert hub.sent(first) == len(files[first])
    assert (folder / last).read_bytes() == files[last]


def test_bytes_damaged_on_their_way_are_refused_and_fetched_anew(hub, checkpoint, fetch):
    files, _ = checkpoint
    hub.add("org/tiny", files)
    first = shards(files)[0]
    hub.fail(f"/{first}?", times=1, content=files[first][:-1] + bytes([files[first][-1] ^ 1]))
    with pytest.raises(InputError, match="as the hub announced it; found sha256") as raised:
        fetch()
    assert "run again to fetch it anew" in raised.value.hint
    folder, _ = fetch()
    assert (folder / first).read_bytes() == files[first]


def test_a_full_disk_is_one_message_and_leaves_nothing_half_written(hub, checkpoint, fetch, monkeypatch, tmp_path):
    files, _ = checkpoint
    hub.add("org/tiny", files)

    def write_until_full(url, temp_file, **_):
        temp_file.write(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("huggingface_hub.file_download.http_get", write_until_full)
        with pytest.raises(InputError, match="room on the disk") as raised:
            fetch()
    assert re.search(r"\d GB free", raised.value.found)
    assert "work/cache" in raised.value.expected
    left = [path for path in tmp_path.rglob("*") if path.is_file() and path.read_bytes() == b"half"]
    assert not left
    fetch()
