"""The documentation: generated parts are current, artifacts and links exist, commands do what they say."""

import re
import shlex

import pytest
import yaml
from declarations import outputs, rules
from generate import MARK, PAGES, marks, renewed
from places import REPOSITORY
from rule_pages import direct
from workflow_run import copy_repository, planned_jobs, snakemake

MARKDOWN = [*REPOSITORY.glob("*.md"), *(REPOSITORY / "results").glob("*.md")]
MARKDOWN += [path for folder in ("docs", "config", "tests") for path in (REPOSITORY / folder).rglob("*.md")]


def name_of(path):
    return str(path.relative_to(REPOSITORY))


@pytest.mark.parametrize("page", PAGES)
def test_generated_parts_are_current(page):
    assert (REPOSITORY / page).read_text() == renewed(page), f"{page} is not what the code says: run `make docs`"


def test_marks_are_found_in_comments_and_docstrings():
    text = f'''
# {MARK} First, in a
# comment.
code = "{MARK} not a comment"
    """A definition.

    {MARK} Second, in a
    docstring.

    Parameters
    """
    # Words before it.
    # {MARK} Third.
    # {MARK} Fourth.
'''
    assert marks(text) == ["First, in a comment.", "Second, in a docstring.", "Third.", "Fourth."]


def test_every_mark_is_one_sentence_that_is_listed():
    listed = (REPOSITORY / "docs/departures.md").read_text()
    folders = [("workflow_scripts", "*.py"), ("rules", "*.smk"), ("config", "*.yaml")]
    found = 0
    for path in [path for folder, names in folders for path in (REPOSITORY / folder).rglob(names)]:
        text = path.read_text()
        assert len(marks(text)) == text.count(MARK), f"a mark in {name_of(path)} does not open its comment's line"
        for sentence in marks(text):
            assert re.fullmatch(r'["`]?(?:[A-Z]|\w+_).*[^.]\.', sentence), f"{name_of(path)}: {sentence}"
            assert f"- {sentence} (" in listed
            found += 1
    assert found == listed.count("\n- ")


def test_arrows_that_a_longer_way_implies_are_left_out():
    assert direct({("a", "b"), ("b", "c"), ("a", "c"), ("a", "d")}) == {("a", "b"), ("b", "c"), ("a", "d")}


def descriptions(node):
    for key, child in node.items():
        if key == "description":
            yield child
        elif isinstance(child, dict):
            yield from descriptions(child)


def test_descriptions_of_config_keys_are_sentences():
    found = list(descriptions(yaml.safe_load((REPOSITORY / "config/schema.yaml").read_text())))
    assert len(found) > 80
    for description in found:  # an unquoted comma in YAML's braces would cut one short
        assert description.endswith("."), description


def made_by():
    """Paths of all outputs but the PDF of a figure, blanks as *, to the rules that make them; results/ left out."""
    found = {}
    for rule in rules().values():
        for path in outputs(rule).values():
            if not path.endswith(".pdf"):
                found[re.sub(r"\{\w+\}", "*", path).removeprefix("results/")] = rule.name
    return found


def listed(page):
    """Artifacts in the tables of a page, blanks as *, to the rest of their rows."""
    found = {}
    for names, rest in re.findall(r"^\| (`[^|]+`) \| (.*) \|$", page.read_text(), re.MULTILINE):
        for name in re.findall(r"`([^`]+)`", names):
            found[re.sub(r"<i>-of-<n>|<\w+>", "*", name)] = rest
    return found


def test_complete_table_lists_each_output_with_its_rule_and_nothing_else():
    made, rows = made_by(), listed(REPOSITORY / "results/README.md")
    assert len(made) > 40
    assert rows.keys() == made.keys()
    for artifact, rule in made.items():
        assert rows[artifact].startswith(f"`{rule}` |"), artifact


def test_short_table_lists_what_is_made():
    made = made_by()
    rows = [name for name in listed(REPOSITORY / "README.md") if name.startswith("results/")]
    assert len(rows) > 8
    for name in rows:
        wanted = re.escape(name.removeprefix("results/")).replace(r"\*", ".*")
        assert any(re.fullmatch(wanted, artifact) for artifact in made), name


def slugs(page):
    """Anchors that GitHub gives the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    plain = [re.sub(r"\[([^\]]*)\]\([^)]*\)|`", r"\1", heading) for heading in headings]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("page", MARKDOWN, ids=name_of)
def test_links_lead_somewhere(page):
    text = re.sub(r"^    .*$|`[^`\n]*`", "", page.read_text(), flags=re.MULTILINE)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not target.startswith("https://"):
            file, _, anchor = target.partition("#")
            found = page.parent / file if file else page
            assert found.exists(), f"{name_of(page)} links to {target}"
            assert not anchor or anchor in slugs(found), f"{name_of(page)} links to {target}"


@pytest.mark.parametrize("page", [page for page in MARKDOWN if page.name != "CHANGELOG.md"], ids=name_of)
def test_files_that_pages_name_exist(page):
    places = r"(?:docs|config|rules|workflow_scripts|tests|envs|profiles)"
    for path in re.findall(rf"`(?:python )?({places}/[\w./-]+)`?", page.read_text()):
        assert (REPOSITORY / path).exists(), f"{name_of(page)} names {path}"


def test_recipes_name_what_is_in_the_files():
    text = (REPOSITORY / "docs/architecture.md").read_text()
    recipes = re.findall(r"^\| \[[\w.]+\]\(\.\./([\w./]+)\) \| (.+) \|$", text, re.MULTILINE)
    assert len(recipes) > 20
    for path, change in recipes:
        for name in re.findall(r"`(\w+)`", change):
            assert re.search(rf"\b{name}\b", (REPOSITORY / path).read_text()), f"no {name} in {path}"


def test_citation_names_the_paper():
    citation = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text())
    assert citation.keys() >= {"cff-version", "message", "title", "authors", "license"}
    paper = citation["references"][0]
    assert paper["url"].endswith("2601.06851")
    assert all(author.keys() == {"given-names", "family-names"} for author in paper["authors"])


def commands(page):
    """Commands of Snakemake in a page's code blocks, without comments; lines that end in a backslash are joined."""
    text = page.read_text().replace("\\\n", "")
    for line in re.findall(r"^    (?:[A-Z_]+=\S+ )*(?:\.venv/bin/)?snakemake (.*)$", text, re.MULTILINE):
        yield shlex.split(line, comments=True)


def files(page):
    """Files that a page's code blocks tell the reader to write: from a line `# my.yaml` to an empty one."""
    for name, lines in re.findall(r"^    # (\w+\.yaml)\n((?:    .+\n)+)", page.read_text(), re.MULTILINE):
        yield name, re.sub("^    ", "", lines, flags=re.MULTILINE)


COMMANDS = {command: page for page in MARKDOWN for command in map(tuple, commands(page)) if "…" not in command}
SHOWN = {"--rulegraph", "--dag", "--list-rules"}  # commands that only show something
OF_A_RUN = {"--unlock", "--cleanup-metadata", "--report"}  # commands that need one that was made


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    return copy_repository(tmp_path_factory.mktemp("clone"))


@pytest.mark.parametrize("command", [c for c in COMMANDS if not OF_A_RUN & set(c)], ids=" ".join)
def test_commands_of_the_pages_plan_something(command, clone):
    for name, text in files(COMMANDS[command]):
        (clone / name).write_text(text)
    if SHOWN & set(command):
        assert len(snakemake(*command, cwd=clone).splitlines()) > 10
    else:
        assert planned_jobs(snakemake("-n", *command, cwd=clone))


def test_commands_and_files_are_found():
    assert len(COMMANDS) > 10
    assert [name for name, _ in files(REPOSITORY / "README.md")] == ["my.yaml"]
