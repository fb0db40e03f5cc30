"""Chat templates of every kind: what the model is asked holds the question, or nothing is asked."""

import json
import shutil

import pytest
from places import MODELS

from synergy.files.errors import InputError
from synergy.models.chat_templates import mark_after_answer
from synergy.models.loading import load_tokenizer, prompt_ids
from synergy.perturbation.problem_prompts import format_prompt

TURN = "{% if add_generation_prompt %}<assistant>{% endif %}"
PARTS = "{% for m in messages %}<{{ m.role }}>{% for part in m.content %}{{ part.text }}{% endfor %}{% endfor %}" + TURN
STRICT = "{% for m in messages %}<user>{{ m['content'][0]['text'] | trim }}{% endfor %}" + TURN
TYPED = (
    "{% macro said(m) %}{% for part in m.content %}{% if part.type == 'text' %}{{ part.text }}{% endif %}{% endfor %}"
    "{% endmacro %}{{ '<' + messages[0].role + '>' + said(messages[0]) }}" + TURN
)
TEXT = "{% for m in messages %}{{ '<' + m['role'] + '>' + m['content'] }}{% endfor %}" + TURN
EITHER = (
    "{% for m in messages %}<user>{% if m.content is string %}{{ m.content }}{% else %}parts{% endif %}{% endfor %}"
    + TURN
)
QUESTIONS = ["Is 3 < 4?", "  Größe {{ x }} {% raw %}\n\n 'why' "]


@pytest.fixture
def tokenizer(tmp_path):
    """Function that gives the tokenizer of a tiny model with another template, as it is loaded."""
    folder = tmp_path / "model"

    def load(template=None, **config):
        shutil.copytree(MODELS / "tiny-qwen3", folder)
        (folder / "chat_template.jinja").unlink()
        settings = json.loads((folder / "tokenizer_config.json").read_text())
        (folder / "tokenizer_config.json").write_text(json.dumps(settings | config))
        if template is not None:
            (folder / "chat_template.jinja").write_text(template)
        return load_tokenizer(folder)

    load.folder = folder
    return load


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("template", [PARTS, STRICT, TYPED, TEXT, EITHER])
def test_the_question_is_asked_whether_a_template_takes_text_or_parts(tokenizer, template, question):
    asked = tokenizer(template)
    text = asked.decode(prompt_ids(asked, question, "chat", {}))
    assert text in {f"<user>{question}<assistant>", f"<user>{question.strip()}<assistant>"}
    assert question in format_prompt(question, "chat", asked).text or template is STRICT


def test_a_template_that_takes_text_stays_as_it_is(tokenizer):
    assert tokenizer(TEXT).chat_template == TEXT


def test_a_template_in_the_older_file_is_taken(tokenizer):
    shutil.copytree(MODELS / "tiny-qwen3", tokenizer.folder)
    (tokenizer.folder / "chat_template.jinja").unlink()
    (tokenizer.folder / "chat_template.json").write_text(json.dumps({"chat_template": PARTS}))
    asked = load_tokenizer(tokenizer.folder)
    assert asked.decode(prompt_ids(asked, "Hi?", "chat", {})) == "<user>Hi?<assistant>"
    (tokenizer.folder / "chat_template.json").write_text("{}")
    with pytest.raises(InputError, match=r"key chat_template in .*chat_template\.json"):
        load_tokenizer(tokenizer.folder)


def test_a_named_template_is_chosen_in_the_stanza(tokenizer):
    named = [{"name": "rag", "template": PARTS}, {"name": "tools", "template": TEXT.replace("assistant", "tool")}]
    asked = tokenizer(chat_template=named)
    with pytest.raises(InputError, match="named default; found templates named rag, tools") as raised:
        prompt_ids(asked, "Hi?", "chat", {})
    assert "chat_template_arguments: {chat_template: rag}" in raised.value.hint
    for name, start in (("rag", "<assistant>"), ("tools", "<tool>")):
        assert asked.decode(prompt_ids(asked, "Hi?", "chat", {"chat_template": name})) == f"<user>Hi?{start}"


@pytest.mark.parametrize(
    ("template", "found"),
    [
        (None, "a tokenizer without one"),
        ("{% for m in messages %}{{ m.content ", "TemplateSyntaxError"),
        ("{{ raise_exception('Only system turns!') }}", "Only system turns!"),
        ("{{ messages[1].content.strip() }}", "UndefinedError"),
        ("<user><assistant>", "leaves it out"),
        ("{% for m in messages %}<user>{{ m.text }}{% endfor %}" + TURN, "'<user><assistant>', which leaves it out"),
        ("{% for m in messages %}<user>{{ m.content[:8] }}{% endfor %}", "leaves it out"),
    ],
)
def test_a_template_that_cannot_ask_the_question_is_one_message(tokenizer, template, found):
    broken = tokenizer(template)
    with pytest.raises(InputError) as raised:
        prompt_ids(broken, "Why is the sky blue?", "chat", {})
    assert found in raised.value.found
    assert "prompt_format: plain" in raised.value.hint
    assert broken.decode(prompt_ids(broken, "Hi?", "plain", {})) == "Hi?\n\nAnswer:"


def test_arguments_reach_a_template_that_cannot_do_without(tokenizer):
    asked = tokenizer("{{ '<' + mode + '>' + messages[0].content }}")
    with pytest.raises(InputError, match="chat_template_arguments"):
        prompt_ids(asked, "Hi?", "chat", {})
    assert asked.decode(prompt_ids(asked, "Hi?", "chat", {"mode": "calm"})) == "<calm>Hi?"


@pytest.mark.parametrize("mark", ["<eos>", "<|done|>", ""])
def test_the_mark_after_an_answer_is_what_the_template_puts_there(tokenizer, mark):
    assert mark_after_answer(tokenizer("{% for m in messages %}" + "{{ m.content }}" + mark + "{% endfor %}")) == mark
