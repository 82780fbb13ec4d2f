"""`make browser`: the local stack of `make run`, and a real Chromium that a person's hands are played with."""

import json
import os
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from local import ROOT
from local.torq import TOKEN
from tests.stack_process import running_stack

CHROMIUM: Final = os.environ.get("CHROMIUM", "/usr/bin/chromium")
BODY: Final = '{"body": {"event": "New Apono {{event_type}} request made by {{data.requester.name}}"}}'
SECONDS: Final = 20.0


@dataclass(frozen=True)
class Stack:
    """The local stack by its HTTP API. `torq`: its receiver's URL; `busy`: of one that takes each at the third try."""

    url: str
    torq: str
    busy: str

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> Any:
        """The JSON that the API answers with, None when it has none. Raises HTTPError."""
        sent = {"Content-Type": "application/json", **headers}
        request = Request(f"{self.url}/api{path}", json.dumps(body).encode() if body else None, sent, method=method)
        with urlopen(request, timeout=SECONDS) as answer:
            return json.loads(answer.read() or b"null")

    def webhook(self, name: str = "Torq", **fields: object) -> dict[str, Any]:
        """Stores one that Torq accepts, but for what `fields` say."""
        headers = [{"name": "Authorization", "value": f"Bearer {TOKEN}", "secret": True}]
        document = {"name": name, "active": True, "url": self.torq, "body_template": BODY, "headers": headers}
        made: dict[str, Any] = self.ask("POST", "/webhooks", document | {"triggers": ["RequestCreated"]} | fields)
        return made

    def event(self, name: str = "Ana Lima", trigger: str = "RequestCreated") -> str:
        """Puts a request of its own on the bus, and gives the event's id."""
        payload = json.loads((ROOT / "events" / "request_created.json").read_text(encoding="utf-8"))["detail"]
        requester = {"id": "usr-1", "name": name, "email": "ana@example.com"}
        payload |= {"event_type": trigger, "event_time": time.time()}
        payload["data"] |= {"id": str(uuid.uuid4()), "requester": requester}
        return str(self.ask("POST", "/events", payload)["event_id"])

    def deliveries(self, webhook_id: str, **wanted: str) -> list[dict[str, Any]]:
        """A webhook's deliveries with these facts, the newest first."""
        items = self.ask("GET", f"/webhooks/{webhook_id}/deliveries")["items"]
        return [one for one in items if wanted.items() <= one.items()]

    def wait_for_deliveries(self, webhook_id: str, count: int = 1, **wanted: str) -> list[dict[str, Any]]:
        """The deliveries with these facts, once there are as many."""
        until = time.monotonic() + SECONDS
        while len(found := self.deliveries(webhook_id, **wanted)) < count:
            assert time.monotonic() < until, f"{len(found)} of {count} deliveries: {self.deliveries(webhook_id)}"
            time.sleep(0.1)
        return found

    def clear(self) -> None:
        """Deletes every webhook."""
        while items := self.ask("GET", "/webhooks?limit=100")["items"]:
            for one in items:
                self.ask("DELETE", f"/webhooks/{one['id']}", **{"If-Match": "*"})


@pytest.fixture(scope="session")
def running() -> Iterator[Stack]:
    """One stack for all tests; a minute of its schedule takes three seconds."""
    with running_stack(ROOT / "webhooks", pace=20.0) as url:
        urls = {one["name"]: one["url"] for one in Stack(url, "", "").ask("GET", "/webhooks")["items"]}
        yield Stack(url, urls["Torq"], urls["Busy Torq"])


@pytest.fixture
def stack(running: Stack) -> Stack:
    """The stack without a webhook."""
    running.clear()
    return running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all tests."""
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Opens pages, each in a context of its own. None may report an error or a breach of policy, or leave its host."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def opened(url: str, *, permitted: tuple[str, ...] = (), expected: str = "", **options: Any) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1200, "height": 900}, "locale": "en-GB"} | options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(SECONDS * 1000)
        page.on("pageerror", lambda error: faults.append(f"error: {error}"))
        page.on("console", partial(_note, faults, expected))
        hosts = ("{0.scheme}://{0.netloc}/".format(urlsplit(url)), "data:", *permitted)
        page.on("request", lambda one: None if one.url.startswith(hosts) else faults.append(f"asked {one.url}"))
        page.goto(url)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert faults == []


def _note(faults: list[str], expected: str, message: Any) -> None:
    """A refusal by the API is in the console too, though it is no fault of the page: those are told by their words."""
    refused = "Failed to load resource" in message.text and any(
        f"status of {one}" in message.text for one in (401, 404, 412, 422)
    )
    if message.type in ("error", "warning") and not refused and not (expected and expected in message.text):
        faults.append(f"{message.type}: {message.text}")


@pytest.fixture
def page(stack: Stack, open_page: OpenPage) -> Page:
    """The console's first page."""
    return open_page(f"{stack.url}/")
