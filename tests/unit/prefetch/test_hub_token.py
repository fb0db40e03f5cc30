"""The token for the hub: where it comes from, and that nobody sees it."""

from pathlib import Path

import pytest
from hub_downloads import TOKEN
from places import MODELS
from stand_in_replies import SIGNATURE

from synergy.files.errors import InputError
from synergy.prefetch.hub import hub_token, without_secrets


@pytest.mark.parametrize(
    "line",
    ["HF_TOKEN={}", "export HF_TOKEN = '{}'  # mine", '\ufeffHF_TOKEN="{}"\r', "HF_TOKEN=\nHF_TOKEN={}\nOTHER=x"],
)
def test_token_is_read_from_dotenv(hub, line):
    Path(".env").write_text("# a comment\n" + line.format(TOKEN) + "\n" if "\ufeff" not in line else line.format(TOKEN))
    assert hub_token() == TOKEN


def test_environment_comes_before_dotenv_and_dotenv_before_the_login(hub, monkeypatch, tmp_path):
    assert hub_token() is None
    login = tmp_path / "hf_home/token"
    login.parent.mkdir()
    login.write_text("hf_of_the_login\n")
    assert hub_token() == "hf_of_the_login"
    Path(".env").write_text("#HF_TOKEN=no\nHF_TOKEN=\n")
    assert hub_token() == "hf_of_the_login"
    Path(".env").write_text("HF_TOKEN=hf_of_dotenv")
    assert hub_token() == "hf_of_dotenv"
    monkeypatch.setenv("HF_TOKEN", "hf_of_the_environment\n")
    assert hub_token() == "hf_of_the_environment"


@pytest.mark.parametrize(
    "content",
    [
        f"HF_TOKEN={TOKEN}\r\n".encode("utf-16"),  # PowerShell: echo … > .env
        f"OTHER=x\nHF_TOKEN='{TOKEN}'".encode("utf-16-be").join([b"\xfe\xff", b""]),
        f"set HF_TOKEN={TOKEN}\r\n".encode(),
        f'set "HF_TOKEN={TOKEN}"\r\n'.encode(),
        f'$env:HF_TOKEN = "{TOKEN}"\n'.encode(),
        f"HUGGING_FACE_HUB_TOKEN={TOKEN}\n".encode(),
        f"HUGGING_FACE_HUB_TOKEN=hf_former\nHF_TOKEN={TOKEN}  # mine\n".encode(),
    ],
)
def test_token_is_read_from_what_other_shells_and_editors_write(hub, content):
    Path(".env").write_bytes(content)
    assert hub_token() == TOKEN


@pytest.mark.parametrize("name", ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"])
@pytest.mark.parametrize("quote", ["", "'", '"'])
def test_quotes_around_the_variable_are_no_part_of_it(hub, monkeypatch, name, quote):
    monkeypatch.setenv(name, quote + TOKEN + quote)
    assert hub_token() == TOKEN


@pytest.mark.parametrize("line", ["HF_TOKEN='{}", 'OTHER=1\nexport HF_TOKEN="{}  # mine'])
def test_an_unclosed_quote_is_named_with_its_line(hub, line):
    Path(".env").write_text(line.format(TOKEN))
    with pytest.raises(InputError, match=rf"HF_TOKEN in line {1 + line.count(chr(10))} of .*unclosed quote") as raised:
        hub_token()
    assert TOKEN not in str(raised.value)


def test_a_quote_mark_in_the_variable_is_named(hub, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", f'"{TOKEN}')
    with pytest.raises(InputError, match=r"HF_TOKEN in the environment .* a quote mark in it"):
        hub_token()


def test_dotenv_is_also_read_where_the_run_was_started_from(hub, monkeypatch, tmp_path):
    (tmp_path / "start").mkdir()
    (tmp_path / "start/.env").write_text(f"HF_TOKEN={TOKEN}")
    monkeypatch.setenv("SYNERGY_STARTED_FROM", str(tmp_path / "start"))
    assert hub_token() == TOKEN
    Path(".env").write_text("HF_TOKEN=hf_of_the_working_directory")
    assert hub_token() == "hf_of_the_working_directory"


@pytest.mark.parametrize("token", ["hf_two words", "hf_smart”quote"])
def test_a_token_that_cannot_be_one_is_refused_unseen(hub, monkeypatch, token):
    monkeypatch.setenv("HF_TOKEN", token)
    with pytest.raises(InputError, match="copy the token anew") as raised:
        hub_token()
    assert token[3:6] not in str(raised.value)


def test_secrets_are_taken_out_of_text():
    text = (
        f"GET https://cdn/a.bin?{SIGNATURE}&x=1 by me:pass@host, Bearer abc.def, {TOKEN}, http://me:pass@proxy:80/ own"
    )
    clean = without_secrets(text, "own")
    assert clean == "GET https://cdn/a.bin?*** by me:pass@host, Bearer *** hf_***, http://***@proxy:80/ ***"


def test_env_example_names_the_variable_and_holds_no_token():
    text = (MODELS.parent.parent / ".env.example").read_text()
    assert [line for line in text.splitlines() if not line.startswith("#")] == ["HF_TOKEN="]
    assert ".env" in (MODELS.parent.parent / ".gitignore").read_text().splitlines()
