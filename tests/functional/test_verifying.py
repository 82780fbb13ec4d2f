"""docs/verifying.md: its code, as it stands there, looks at a request that was really sent and signed."""

import json
import re
import subprocess
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import playwright
import pytest

from grantwire.signing import make_secret, signature
from tests.functional.conftest import World, event_file
from tests.project.documents import ROOT
from tests.receivers import Authority, answer, answering, receiving

GUIDE = (ROOT / "docs" / "verifying.md").read_text(encoding="utf-8")
SECRET = make_secret(lambda size: b"\x07" * size).value
OTHER = make_secret(lambda size: b"\x08" * size).value
HARNESS = """
import { readFileSync } from "node:fs";
import { verify } from "./verify.mjs";
const { secret, headers, body, now } = JSON.parse(readFileSync(0, "utf8"));
verify(secret, headers, Buffer.from(body, "base64"), now);
"""

NODE = Path(playwright.__file__).parent / "driver" / "node"  # the one that drives the browser: every set-up has it
Verify = Callable[[str, Mapping[str, str], bytes, float], None]


def code(language: str) -> str:
    """The guide's code in a language."""
    [block] = re.findall(rf"^```{language}\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
    return str(block)


@pytest.fixture(params=["python", "js"])
def verify(request: pytest.FixtureRequest, tmp_path: Path) -> Verify:
    """The guide's function; it raises ValueError for what it refuses."""
    if request.param == "python":
        names: dict[str, Any] = {}
        exec(code("python"), names)
        return names["verify"]  # type: ignore[no-any-return]
    (tmp_path / "verify.mjs").write_text(code("js"))
    (tmp_path / "harness.mjs").write_text(HARNESS)

    def by_node(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> None:
        given = {"secret": secret, "headers": headers, "body": b64encode(body).decode(), "now": now}
        command = [str(NODE), "harness.mjs"]
        done = subprocess.run(
            command, cwd=tmp_path, input=json.dumps(given), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise ValueError(done.stderr)

    return by_node


@pytest.fixture(scope="module")
def sent() -> dict[str, Any]:
    """What a receiver got, once for all tests."""
    return {}


@pytest.fixture
def request_(world: World, authority: Authority, sent: dict[str, Any]) -> tuple[dict[str, str], bytes]:
    """The headers and the body of a signed request that went over the wire."""
    if not sent:
        with receiving(answering(answer()), authority.server_context()) as receiver:
            signing = {"kind": "standard_webhooks", "secret": SECRET}
            content = {"name": "Content-Type", "value": "application/vnd.grantwire+json"}
            world.webhook(
                receiver.url, signing=signing, headers=[content], body_template='{"who": "{{data.requester.name}} ✓"}'
            )
            world.dispatch(event_file("request_created"))
            head, _, body = receiver.requests[0].partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")[1:]
        sent |= {
            "headers": {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)},
            "body": body,
        }
    return dict(sent["headers"]), sent["body"]


def test_what_was_sent_is_ours(verify: Verify, request_: tuple[dict[str, str], bytes]) -> None:
    """Also while a secret is rotated: whichever of the two the receiver has."""
    headers, body = request_
    assert json.loads(body) == {"who": "Ana Lima ✓"}
    verify(SECRET, headers, body, time.time())
    other = signature(OTHER, message_id=headers["webhook-id"], timestamp=headers["webhook-timestamp"], body=body)
    verify(SECRET, headers | {"webhook-signature": f"{other} {headers['webhook-signature']}"}, body, time.time())


@pytest.mark.parametrize("change", ["secret", "body", "id", "old", "future", "version", "none", "timestamp"])
def test_anything_else_is_not(verify: Verify, request_: tuple[dict[str, str], bytes], change: str) -> None:
    """A changed byte, another id or time, another secret, another version of the scheme, no time at all."""
    headers, body = request_
    now, secret = float(headers["webhook-timestamp"]), OTHER if change == "secret" else SECRET
    body += b" " if change == "body" else b""
    now += {"old": 301.0, "future": -301.0}.get(change, 0.0)
    signed = headers["webhook-signature"]
    headers |= {
        "id": {"webhook-id": "dlv_other"},
        "version": {"webhook-signature": signed.replace("v1,", "v2,")},
        "none": {"webhook-signature": "v1,"},
        "timestamp": {"webhook-timestamp": "soon"},
    }.get(change, {})
    with pytest.raises(ValueError, match=r"."):
        verify(secret, headers, body, now)
