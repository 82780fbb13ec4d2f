"""The console's files as HTTP answers: what a browser may keep, and what a page may do."""

import base64
import gzip
import html
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from grantwire import configurations
from grantwire.settings import ConsoleSettings
from site_files import FOLDER, Site
from tests.project.documents import ROOT

STATIC = ROOT / "functions" / "console" / "static"
NOBODY_SIGNS_IN = ConsoleSettings(sign_in_issuer="", sign_in_client_id="", sign_in_audience="", sign_in_origin="")
POOL = ConsoleSettings(
    sign_in_issuer="https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_pool",
    sign_in_client_id='client"<1>',
    sign_in_audience="",
    sign_in_origin="https://grantwire-1.auth.eu-west-1.amazoncognito.com",
)


def site(settings: ConsoleSettings = NOBODY_SIGNS_IN, static: Path = STATIC) -> Site:
    return Site(static, settings)


def get(path: str, found: Site | None = None, accept_encoding: str = "") -> dict[str, Any]:
    return (found or site()).answer(path, accept_encoding=accept_encoding)


def policy(answered: Mapping[str, Any]) -> dict[str, str]:
    directives = answered["headers"]["Content-Security-Policy"].split("; ")
    return {name: value for name, _, value in (one.partition(" ") for one in directives)}


def folder_of(page: Mapping[str, Any]) -> str:
    [folder] = set(re.findall(rf"{FOLDER}/\w+", page["body"]))
    return str(folder)


def test_the_page_may_run_its_own_code_and_ask_its_own_host_and_nothing_else() -> None:
    """Nothing is allowed unless it is named; no script may make elements of text; nobody frames the page."""
    found = policy(get("/"))
    style = found.pop("style-src")
    assert re.fullmatch(r"'sha256-[A-Za-z0-9+/]{43}='", style)
    assert found == {
        "default-src": "'none'",
        "script-src": "'self'",
        "img-src": "data:",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }


def test_who_signs_people_in_may_be_asked_too() -> None:
    """The issuer's host and, where it is another one, that of its tokens."""
    allowed = "'self' https://cognito-idp.eu-west-1.amazonaws.com https://grantwire-1.auth.eu-west-1.amazoncognito.com"
    assert policy(get("/", site(POOL)))["connect-src"] == allowed


def test_the_page_is_told_where_to_sign_in() -> None:
    """In an attribute that nothing breaks out of; null where nobody signs in."""
    for settings, expected in (
        (NOBODY_SIGNS_IN, None),
        (POOL, {"issuer": POOL.sign_in_issuer, "client_id": 'client"<1>', "audience": ""}),
    ):
        [told] = re.findall(r'data-sign-in="([^"]*)"', get("/", site(settings))["body"])
        assert json.loads(html.unescape(told)) == expected


def test_modules_are_kept_for_ever_under_an_address_of_their_own(tmp_path: Path) -> None:
    """A change of any of them changes the address of all; an older page still gets a module, and does not keep it."""
    page = get("/")
    module = get(f"{folder_of(page)}/main.js")
    assert module["headers"]["Cache-Control"] == "public, max-age=31536000, immutable"
    assert page["headers"]["Cache-Control"] == "no-cache"
    for path in STATIC.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    with (tmp_path / "api.js").open("a", encoding="utf-8") as file:
        file.write("// changed\n")
    changed = site(static=tmp_path)
    assert folder_of(get("/", changed)) != folder_of(page)
    assert get(f"{folder_of(page)}/main.js", changed)["headers"]["Cache-Control"] == "no-store"


@pytest.mark.parametrize("name", sorted(path.name for path in STATIC.glob("*.js")))
def test_a_module_is_compressed_for_who_takes_that(name: str) -> None:
    """And is the file to the byte, either way."""
    folder = folder_of(get("/"))
    plain, packed = get(f"{folder}/{name}"), get(f"{folder}/{name}", accept_encoding="br, gzip")
    content = (STATIC / name).read_bytes()
    assert plain["body"].encode() == content
    assert packed["headers"]["Content-Encoding"] == "gzip"
    assert gzip.decompress(base64.b64decode(packed["body"])) == content


@pytest.mark.parametrize(
    "path",
    ["/console/x/index.html", "/console/x/app.py", "/console/../app.py", "/console/main.js/", "/other/main.js", "//"],
)
def test_nothing_else_is_given(path: str) -> None:
    """404, with the same headers as everything else."""
    answered = get(path)
    assert answered["statusCode"] == 404
    assert answered["headers"]["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("name", sorted(path.name for path in STATIC.iterdir()))
def test_a_file_is_short_and_narrow(name: str) -> None:
    """Nothing formats them, as nothing builds them: at most 250 lines of 120 letters; the icon is one."""
    lines = (STATIC / name).read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 250
    assert [one for one in lines if len(one) > 120 and 'rel="icon"' not in one] == []


@pytest.mark.parametrize("name", sorted(path.name for path in STATIC.glob("*.js")))
def test_no_module_reads_markup_or_asks_on_its_own(name: str) -> None:
    """The policy would refuse it; so that nobody finds out on the deployed page, it is not even written."""
    text = (STATIC / name).read_text(encoding="utf-8")
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", text)
    assert name in ("api.js", "sign_in.js") or "fetch(" not in text
    for line in text.splitlines():
        assert not re.search(r'setAttribute\("(on|style)', line)
    imported = re.findall(r'(?:from|import\() ?"([^"]+)"', text)
    assert [one for one in imported if not (one.startswith("./") and (STATIC / one[2:]).is_file())] == []


def test_the_console_has_the_apis_rule_for_headers_that_are_always_secret() -> None:
    """Letter by letter: the page shows as secret what the API stores as such."""
    script = (STATIC / "webhook_parts.js").read_text(encoding="utf-8")
    assert re.findall(r"ALWAYS_SECRET =\s+/(.+)/i;", script) == [configurations._SECRET_NAME.pattern]
    assert configurations._SECRET_NAME.flags & re.IGNORECASE
