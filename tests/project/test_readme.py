"""Promises of README and docs: short, and true where a machine can tell."""

import json
import re
from pathlib import Path

import pytest

from grantwire.configurations import parse_webhook
from grantwire.observability import Metric
from grantwire.retrying import SCHEDULE_SECONDS
from tests.project.documents import ROOT, template

PAPERS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "local").glob("*.md")])
README = ROOT / "README.md"
FOLDERS = ("bench", "cli", "deployment", "e2e", "functions", "layers/common/grantwire", "local", "tests")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def read(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def named(file: Path) -> str:
    return str(file.relative_to(ROOT))


def test_the_readme_is_short() -> None:
    """Whoever comes by reads it to its end."""
    assert len(read(README).splitlines()) <= 150


@pytest.mark.parametrize("file", PAPERS, ids=named)
def test_every_make_target_it_names_exists(file: Path) -> None:
    """In code, inline or in a block."""
    targets = set(re.findall(r"^([a-z0-9-]+):(?!=)", read(ROOT / "Makefile"), re.MULTILINE))
    code = "\n".join([block for _, block in BLOCK.findall(read(file))] + re.findall(r"`(make [^`]+)`", read(file)))
    assert set(re.findall(r"\bmake ([a-z][a-z0-9-]*)", code)) <= targets


SOURCES = [file for folder in FOLDERS for file in (ROOT / folder).rglob("*.*")]


@pytest.mark.parametrize("file", PAPERS, ids=named)
def test_every_module_it_names_exists(file: Path) -> None:
    """A file of Python or of the console, by its name or with folders before it; and what `python -m` runs."""
    text = read(file)
    names = {
        name for code in re.findall(r"`([^`\n]+)`", text) for name in re.findall(r"[\w./*-]+\.(?:py|js|css)\b", code)
    }
    assert {name for name in names if not any(source.match(name) for source in SOURCES)} == set()
    modules = set(re.findall(r"\bpython -m ([\w.]+)", text)) - {"pytest"}
    files = {ROOT / module.replace(".", "/") for module in modules}
    assert [one for one in files if not one.with_suffix(".py").exists() and not (one / "__main__.py").exists()] == []


def test_the_readme_names_what_people_run() -> None:
    """The targets with which everybody starts."""
    assert {"run", "test", "check", "deploy"} <= set(re.findall(r"\bmake ([a-z0-9-]+)", read(README)))


@pytest.mark.parametrize("file", PAPERS, ids=named)
def test_every_json_block_parses(file: Path) -> None:
    """And one that is a webhook is one that can be saved."""
    for language, block in BLOCK.findall(read(file)):
        if language != "json":
            continue
        value = json.loads(block)
        if isinstance(value, dict) and {"name", "url", "triggers"} <= value.keys():
            parse_webhook(value, webhook_id="wh_1", now=0.0)


@pytest.mark.parametrize("name", [*template()["Parameters"], *template()["Outputs"]])
def test_every_parameter_and_output_is_described(name: str) -> None:
    """In docs/deploy.md."""
    assert f"`{name}`" in read(ROOT / "docs" / "deploy.md")


def test_every_variable_is_described() -> None:
    """docs/deploy.md lists what the functions read from their environment."""
    settings = read(ROOT / "layers" / "common" / "grantwire" / "settings.py")
    names = set(re.findall(r'"([A-Z][A-Z_]+)"', settings))
    assert names
    assert {name for name in names if f"`{name}`" not in read(ROOT / "docs" / "deploy.md")} == set()


@pytest.mark.parametrize("metric", Metric)
def test_every_metric_is_described(metric: Metric) -> None:
    """In docs/operations.md, where an alarm's name is looked up."""
    assert f"`{metric}`" in read(ROOT / "docs" / "operations.md")


@pytest.mark.parametrize("file", PAPERS, ids=named)
def test_every_link_leads_somewhere(file: Path) -> None:
    """Links into the project: the file is there, and so is the heading."""
    for target in re.findall(r"\]\((?!https?:|mailto:)([^)\s]+)\)", read(file)):
        path, _, anchor = target.partition("#")
        linked = (file.parent / path).resolve() if path else file
        assert linked.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", read(linked), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}, target


def test_the_schedule_of_retries_is_the_codes() -> None:
    """docs/retries.md: the wait before each attempt, and what they come to."""
    rows = re.findall(r"^\| (\d+) \| (\d+) (s|min|h) \|", read(ROOT / "docs" / "retries.md"), re.MULTILINE)
    seconds = {"s": 1, "min": 60, "h": 3600}
    told = {int(number): int(amount) * seconds[unit] for number, amount, unit in rows}
    assert told == dict(enumerate(SCHEDULE_SECONDS[1:], 2))
