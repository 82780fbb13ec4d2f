"""An API that fails, a receiver that means harm, a console that was updated: what the page makes of it."""

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import OpenPage, Stack
from tests.browser.test_webhooks import fill_guide

MARKUP = "<img src=x onerror=alert(1)><script>alert(2)</script>"
LIST = re.compile(r"/api/webhooks\?")
FAILED = "Failed to load resource"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"status": 500, "body": "<h1>oops</h1>", "content_type": "text/html"}, "The API answered 500. Try again."),
        ({"status": 429, "json": {"message": "slow down"}}, "The API is asked too often at the moment."),
        ({"status": 413, "json": {"message": "the body has more than 256 KB"}}, "the body has more than 256 KB"),
        ({"status": 503, "body": ""}, "The API cannot answer at the moment. Nothing is lost: try again."),
        ({"status": 200, "body": "<p>a proxy", "content_type": "text/html"}, "That was no answer of the API's."),
        (None, "The API cannot be reached. Check the connection, then try again."),
    ],
)
def test_an_answer_that_is_none_is_told_in_words(
    stack: Stack, open_page: OpenPage, answer: dict[str, Any] | None, words: str
) -> None:
    """In place of the page, with a way out that works; and at the bottom while one searches."""
    stack.webhook()
    page = open_page(f"{stack.url}/#/nowhere", expected=FAILED)

    def fail(route: Route) -> None:
        route.fulfill(**answer) if answer else route.abort()

    page.route(LIST, fail)
    page.goto(f"{stack.url}/#/webhooks")
    expect(page.get_by_role("alert").get_by_text(words)).to_be_visible()
    page.unroute(LIST)
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("link", name="Torq")).to_be_visible()
    page.route(LIST, fail)
    page.get_by_label("Search by name").fill("x")
    expect(page.get_by_role("status").filter(has_text=words)).to_be_visible()
    expect(page.get_by_role("link", name="Torq")).to_be_visible()


def test_an_api_that_takes_its_time_is_waited_for_aloud(stack: Stack, open_page: OpenPage) -> None:
    """The page that was there stays until the next one is, and says that it is coming."""
    page = open_page(f"{stack.url}/")
    expect(page.get_by_role("heading", name="No webhooks yet")).to_be_visible()
    waiting: list[Route] = []
    page.route(re.compile(r"/api/samples"), lambda route: waiting.append(route))
    page.get_by_role("link", name="Request Webhook").click()
    expect(page.get_by_role("status").filter(has_text="Loading …")).to_be_visible()
    expect(page.locator("main")).to_have_attribute("aria-busy", "true")
    expect(page.get_by_role("heading", name="No webhooks yet")).to_be_visible()
    waiting[0].continue_()
    expect(page.get_by_role("heading", name="New Request Webhook")).to_be_visible()
    expect(page.locator("main")).not_to_have_attribute("aria-busy", "true")


def test_a_module_that_is_gone_asks_for_a_reload(stack: Stack, open_page: OpenPage) -> None:
    """After an update, or offline: the browser does not ask for it again by itself."""
    page = open_page(f"{stack.url}/", expected=FAILED)
    page.route(re.compile(r"/webhook\.js$"), lambda route: route.abort())
    page.get_by_role("link", name="Request Webhook").click()
    expect(page.get_by_text("A part of the console could not be loaded")).to_be_visible()
    page.unroute(re.compile(r"/webhook\.js$"))
    page.get_by_role("button", name="Reload").click()
    expect(page.get_by_role("heading", name="New Request Webhook")).to_be_visible()


def test_what_a_receiver_answers_is_only_text(page: Page, stack: Stack) -> None:
    """Markup, a prototype's name, a number that JavaScript cannot hold, JSON too deep to look at: as they came."""
    page.on("dialog", lambda one: pytest.fail(f"a script ran: {one.message}"))
    body = f'{{"__proto__": {{"holds": true}}, "id": 9007199254740993, "html": {json.dumps(MARKUP)}}}'
    deep = "[" * 4000 + "]" * 4000

    def answered(route: Route) -> None:
        told = route.fetch().json()
        told["response"]["body"], told["response"]["headers"] = body, [{"name": MARKUP, "value": MARKUP}]
        told["request"]["body"] = deep
        told["tips"] = [MARKUP]
        told["sentence"] = f"Test failed: {MARKUP}"
        told["validators"] = [{"json_path": "$", "expected_values": [MARKUP], "found": [{MARKUP: 1}], "holds": False}]
        route.fulfill(json=told)

    page.route(re.compile(r"/api/webhooks/test$"), answered)
    page.goto(f"{stack.url}/#/webhooks/new")
    fill_guide(page, stack)
    page.get_by_role("button", name="Test", exact=True).click()
    page.get_by_role("button", name="View Invocation Data").click()
    panel = page.get_by_role("dialog", name="Invocation data")
    shown = panel.get_by_label("Body of the response")
    expect(shown).to_contain_text('"__proto__": {')
    expect(shown).to_contain_text('"id": 9007199254740993')
    expect(shown).to_contain_text(MARKUP)
    expect(panel.locator("li", has_text=MARKUP).first).to_be_visible()
    assert len(panel.get_by_label("Body of the request").inner_text()) < 1_000_000
    assert page.locator("img, main script, dialog script").count() == 0


def test_what_a_problem_says_is_only_text(page: Page, stack: Stack) -> None:
    """At its field, and at the bottom for a field that the form does not have."""
    problems = [{"path": "url", "rule": MARKUP}, {"path": "__proto__", "rule": MARKUP}]
    refusal = {"status": 422, "json": {"message": "no", "problems": problems}}
    page.route(re.compile(r"/api/webhooks$"), lambda route: route.fulfill(**refusal))
    page.goto(f"{stack.url}/#/webhooks/new")
    fill_guide(page, stack)
    page.get_by_role("button", name="Save Webhook").click()
    expect(page.locator('[data-key="url"] > .error')).to_contain_text(MARKUP)
    expect(page.get_by_text(f"2 fields need attention. __proto__ {MARKUP}")).to_be_visible()
    assert page.locator("main img, main script").count() == 0
