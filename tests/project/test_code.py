"""Promises of the code: sizes, docstrings, who imports what, and nothing of the machine it was written on."""

import ast
import io
import re
import tokenize
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grantwire import __version__
from tests.project.documents import ROOT, template

PACKAGE = sorted((ROOT / "layers" / "common" / "grantwire").rglob("*.py"))
APPS = sorted((ROOT / "functions").glob("*/app.py"))
PRODUCTION = [*PACKAGE, *APPS, *sorted((ROOT / "cli").rglob("*.py"))]
BESIDE = [file for folder in ("functions", "deployment", "local") for file in sorted((ROOT / folder).rglob("*.py"))]
OURS = sorted({*PRODUCTION, *BESIDE})
MOST_LINES_OF_A_FUNCTION, MOST_LINES_OF_A_MODULE, MOST_LINES_OF_AN_APP = 40, 250, 60

Function = ast.FunctionDef | ast.AsyncFunctionDef
Documented = Function | ast.ClassDef | ast.Module


def named(file: Path) -> str:
    return str(file.relative_to(ROOT))


def parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def code_lines(file: Path) -> set[int]:
    """The numbers of the lines that hold code: no docstring, no comment, nothing blank."""
    text = file.read_text(encoding="utf-8")
    passing = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in passing:
            lines |= set(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(parsed(file)):
        if isinstance(node, Documented) and ast.get_docstring(node) is not None:
            docstring = node.body[0]
            lines -= set(range(docstring.lineno, (docstring.end_lineno or docstring.lineno) + 1))
    return lines


def functions(file: Path) -> Iterator[Function]:
    return (node for node in ast.walk(parsed(file)) if isinstance(node, Function))


@pytest.mark.parametrize("file", OURS, ids=named)
def test_a_module_is_short(file: Path) -> None:
    """At most 250 lines of code; a function's app.py, which only wires things together, at most 60."""
    most = MOST_LINES_OF_AN_APP if file in APPS else MOST_LINES_OF_A_MODULE
    assert len(code_lines(file)) <= most


@pytest.mark.parametrize("file", OURS, ids=named)
def test_a_function_is_short(file: Path) -> None:
    """At most 40 lines of code, its signature included."""
    lines = code_lines(file)
    long = {
        node.name: size
        for node in functions(file)
        if (size := len(lines & set(range(node.lineno, (node.end_lineno or 0) + 1)))) > MOST_LINES_OF_A_FUNCTION
    }
    assert long == {}


def undocumented(body: list[ast.stmt], inside: str = "") -> Iterator[str]:
    """Public functions and classes without a docstring; a class's methods too, unless they are plain properties."""
    for node in body:
        if not isinstance(node, Function | ast.ClassDef) or node.name.startswith("_"):
            continue
        if ast.get_docstring(node) is None:
            yield f"{inside}{node.name}"


@pytest.mark.parametrize("file", OURS, ids=named)
def test_everything_public_says_what_it_is(file: Path) -> None:
    """The module, its functions and its classes."""
    module = parsed(file)
    assert ast.get_docstring(module)
    assert list(undocumented(module.body)) == []


def imports(file: Path) -> dict[str, list[str]]:
    """Every module that a file imports, with the names it takes from it."""
    found: dict[str, list[str]] = {}
    for node in ast.walk(parsed(file)):
        if isinstance(node, ast.Import):
            for one in node.names:
                found.setdefault(one.name, [])
        elif isinstance(node, ast.ImportFrom):
            found.setdefault(node.module or "", []).extend(one.name for one in node.names)
    return found


def test_only_chevrons_tokenizer_is_used() -> None:
    """Its renderer looks up attributes, calls what is callable and reads files: it is never even imported."""
    users = {
        (named(file), module, *names)
        for file in (ROOT / "layers").rglob("*.py")
        for module, names in imports(file).items()
        if module.partition(".")[0] == "chevron"
    }
    assert users == {("layers/common/grantwire/tags.py", "chevron.tokenizer", "tokenize")}
    for file in PRODUCTION:
        assert not re.search(r"chevron\.render|importlib|__import__", file.read_text(encoding="utf-8")), named(file)


def test_only_jsonpaths_plain_parser_is_used() -> None:
    """Its extensions have regular expressions that never end."""
    users = {
        (named(file), module, *names)
        for file in PRODUCTION
        for module, names in imports(file).items()
        if module.partition(".")[0] == "jsonpath_ng"
    }
    validators = "layers/common/grantwire/validators.py"
    assert users == {
        (validators, "jsonpath_ng", "parse"),
        (validators, "jsonpath_ng.exceptions", "JSONPathError"),
    }


@pytest.mark.parametrize(
    ("library", "users"),
    [
        ("urllib3", {"egress.py", "failures.py"}),
        ("botocore", {"stores"}),
        ("boto3", set()),
        ("aws_lambda_powertools", {"observability.py"}),
    ],
)
def test_a_library_has_one_user(library: str, users: set[str]) -> None:
    """One third-party library, one module of the package."""
    package = ROOT / "layers" / "common" / "grantwire"
    found = {
        file.relative_to(package).parts[0]
        for file in PACKAGE
        if any(module.partition(".")[0] == library for module in imports(file))
    }
    assert found <= users


PURE = [
    *("addresses", "configurations", "errors", "filters", "filter_catalogue", "filter_fields"),
    *("credentials", "signing", "tags", "json_places", "linting"),
    *("identifiers", "judging", "models", "reading", "redaction"),
    *("rendering", "request_events", "samples", "spelling", "templates", "urls", "validators"),
]


@pytest.mark.parametrize("name", PURE)
def test_a_pure_module_reaches_nothing(name: str) -> None:
    """No network, no file, no clock, no environment, no log; and nothing of what does."""
    [file] = [file for file in PACKAGE if file.stem == name]
    reaching = {
        "socket",
        "ssl",
        "time",
        "logging",
        "threading",
        "subprocess",
        "urllib.request",
        "http.client",
        "random",
    }
    ours = {"egress", "stores", "settings", "observability", "invoking", "delivering", "dispatching"}
    found = imports(file)
    assert not found.keys() & reaching
    assert not {part for module in found for part in module.split(".")[1:2] if module.startswith("grantwire.")} & ours
    calls = {
        node.func.id
        for node in ast.walk(parsed(file))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert not calls & {"open", "eval", "exec", "getattr", "setattr", "compile", "print", "input"}


# Places of one machine, and where packages are fetched from: neither is anybody else's.
FOREIGN = re.compile(
    r"(?<![\w.}-])/(?:work|home|root|Users|mnt|srv|data|workspace)/\w"
    r"|[A-Za-z]:\\\\|\.\./shared|(?:pypi|npm|registry|artifactory|nexus|mirror)[\w-]*\.[\w.-]+\.\w{2,}/?"
    r"|files\.pythonhosted\.org|pypi\.org/simple"
)
TEXTS = {".py", ".md", ".toml", ".yaml", ".yml", ".txt", ".in", ".json", ".html", ".js", ".css", ""}
NOT_OURS = {".git", ".aws-sam", ".hypothesis", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".local", "__pycache__"}


def project_files() -> Iterator[Path]:
    """Every text of the project; virtual environments and caches are none."""
    for path in sorted(ROOT.iterdir()):
        if path.name in NOT_OURS or path.name.startswith(".venv"):
            continue
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and file.suffix in TEXTS and not NOT_OURS & set(file.parts):
                yield file


def test_nothing_names_the_machine_it_was_written_on() -> None:
    """No absolute path of a machine, no host of a package index."""
    found: list[Any] = []
    for file in project_files():
        if file == Path(__file__):
            continue
        for number, line in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            found += [f"{named(file)}:{number}: {match.group()}" for match in FOREIGN.finditer(line)]
    assert found == []


def test_the_version_is_one() -> None:
    """In pyproject.toml, in the package and so in User-Agent, in what is published, at the top of the changelog."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == __version__
    published = template()["Metadata"]["AWS::ServerlessRepo::Application"]
    assert published["SemanticVersion"] == __version__
    assert published["SpdxLicenseId"] == project["license"]
    assert all((ROOT / published[key]).is_file() for key in ("LicenseUrl", "ReadmeUrl"))
    released = re.findall(r"^## \[?(\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert released[:1] in ([], [__version__])
