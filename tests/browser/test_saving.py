"""What one does while a save is under way: nothing of it is lost, and what is stored meanwhile is known to be."""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from local.torq import TOKEN
from tests.browser.conftest import SECONDS, OpenPage, Stack
from tests.browser.test_webhooks import field, fill_guide

PARTLY = "Saved, but not what you have changed since."
MASK = "••••"


def hold(page: Page, method: str = "PUT") -> list[Route]:
    """Keeps the requests of Save, from now on, until each is let go."""
    held: list[Route] = []
    saves = re.compile(r"/api/webhooks(/wh_\w+)?$")
    page.route(saves, lambda route: held.append(route) if route.request.method == method else route.fallback())
    return held


def save(page: Page, held: list[Route]) -> Route:
    """Presses Save and gives the request that waits then."""
    count = len(held) + 1
    page.get_by_role("button", name="Save Webhook").click()
    expect(page.get_by_role("button", name="Saving …")).to_be_visible()
    return asked(page, held, count)


def asked(page: Page, held: list[Route], count: int) -> Route:
    """The last of as many requests, once it is there."""
    until = time.monotonic() + SECONDS
    while len(held) < count:
        assert time.monotonic() < until
        page.wait_for_timeout(10)
    return held[count - 1]


def told(page: Page, words: str | re.Pattern[str]) -> None:
    """It is said aloud."""
    expect(page.get_by_role("status").filter(has_text=words)).to_be_visible()


def header(page: Page, number: int) -> Any:
    return page.get_by_role("group", name=f"header {number}", exact=True)


def stored(stack: Stack, webhook: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = stack.ask("GET", f"/webhooks/{webhook['id']}")
    return found


def test_what_is_typed_during_a_save_stays_and_is_saved_next(stack: Stack, open_page: OpenPage) -> None:
    """The caret too. Leaving asks, the next Save meets no conflict, and the form then shows what is stored."""
    webhook = stack.webhook()
    page = open_page(f"{stack.url}/#/webhooks/{webhook['id']}")
    held = hold(page)
    field(page, "Timeout in seconds").fill("7")
    first = save(page, held)
    body = page.get_by_label("JSON with placeholders")
    body.fill('{"first": 1}')
    body.press("Home")
    page.keyboard.press("ArrowRight")
    page.keyboard.type('"typed": 2, ')
    field(page, "Name").fill("Torq on-")
    first.continue_()
    told(page, PARTLY)
    page.keyboard.type("call")
    expect(field(page, "Name")).to_be_focused()
    expect(field(page, "Name")).to_have_value("Torq on-call")
    expect(body).to_have_value('{"typed": 2, "first": 1}')
    told(page, PARTLY)
    assert (stored(stack, webhook)["version"], stored(stack, webhook)["name"]) == (2, "Torq")
    page.get_by_role("link", name="Webhooks").first.click()
    page.get_by_role("button", name="Stay here").click()
    save(page, held).continue_()
    told(page, re.compile(r"^Saved\.$"))
    expect(page.get_by_role("heading", name="Torq on-call")).to_be_visible()
    after = stored(stack, webhook)
    shown = (after["version"], after["name"], after["timeout_seconds"], after["body_template"])
    assert shown == (3, "Torq on-call", 7, '{"typed": 2, "first": 1}')
    page.get_by_role("link", name="Webhooks").first.click()
    expect(page.get_by_role("heading", name="Webhooks")).to_be_visible()


def test_a_key_in_the_middle_of_a_word_is_no_less(stack: Stack, open_page: OpenPage) -> None:
    """What makes no other document yet, a blank at the end or a row that is empty, is not taken from who goes on."""
    webhook = stack.webhook(name="Torq")
    page = open_page(f"{stack.url}/#/webhooks/{webhook['id']}")
    held = hold(page)
    under_way = save(page, held)
    field(page, "Name").press("End")
    page.keyboard.type(" ")
    under_way.continue_()
    told(page, re.compile(r"^Saved\.$"))
    page.keyboard.type("two")
    expect(field(page, "Name")).to_have_value("Torq two")
    under_way = save(page, held)
    page.get_by_role("button", name="Add header").click()
    under_way.continue_()
    told(page, re.compile(r"^Saved\.$"))
    page.keyboard.type("X-Team")
    expect(header(page, 2).get_by_label("Name")).to_have_value("X-Team")


def test_without_a_key_the_form_shows_what_was_answered(stack: Stack, open_page: OpenPage) -> None:
    """A secret is sealed, a value without its Enter is one of the values, and the name is as it was stored."""
    webhook = stack.webhook(filters=[{"field": "integration", "operator": "is", "values": ["prod"]}])
    page = open_page(f"{stack.url}/#/webhooks/{webhook['id']}")
    held = hold(page)
    field(page, "Name").fill(" Torq ")
    header(page, 1).get_by_label("Value").fill("Bearer other")
    field(page, "Values, any of").fill("staging")
    under_way = save(page, held)
    under_way.continue_()
    told(page, re.compile(r"^Saved\.$"))
    expect(field(page, "Name")).to_have_value("Torq")
    expect(header(page, 1).get_by_label("Value")).to_have_value(MASK)
    expect(page.get_by_role("button", name="Remove staging")).to_be_visible()


def test_a_secret_that_was_sent_is_sealed_and_one_typed_since_stays(stack: Stack, open_page: OpenPage) -> None:
    """In headers, whichever rows come and go, and in the authentication: none is sent twice, and none is lost."""
    secret = {"name": "X-First", "value": "first", "secret": True}
    webhook = stack.webhook(headers=[{"name": "X-Plain", "value": "plain"}, secret])
    page = open_page(f"{stack.url}/#/webhooks/{webhook['id']}")
    held = hold(page)
    header(page, 2).get_by_label("Value").fill("sent")
    page.get_by_role("button", name="Add header").click()
    header(page, 3).get_by_label("Name").fill("X-Second-Token")
    header(page, 3).get_by_label("Value").fill("sent as well")
    page.get_by_label("Authentication", exact=True).select_option("bearer")
    field(page, "Token").fill("bearer-sent")
    under_way = save(page, held)
    header(page, 3).get_by_label("Value").fill("typed since")
    page.get_by_role("button", name="Add header").click()
    header(page, 4).get_by_label("Name").fill("X-Third-Token")
    header(page, 4).get_by_label("Value").fill("new since")
    page.get_by_role("button", name="Remove header 1").click()
    under_way.continue_()
    told(page, PARTLY)
    assert "bearer-sent" in (under_way.request.post_data or "")
    values = [header(page, number).get_by_label("Value").input_value() for number in (1, 2, 3)]
    assert values == [MASK, "typed since", "new since"]
    expect(field(page, "Token")).to_have_value(MASK)
    page.get_by_label("Authentication", exact=True).select_option("none")
    page.get_by_label("Authentication", exact=True).select_option("bearer")
    expect(field(page, "Token")).to_have_value(MASK)
    second = save(page, held)
    sent: Any = second.request.post_data_json
    assert [one["value"] for one in sent["headers"]] == values
    assert sent["authentication"] == {"kind": "bearer", "token": MASK}
    second.continue_()
    told(page, re.compile(r"^Saved\.$"))
    assert [one["name"] for one in stored(stack, webhook)["headers"]] == ["X-First", "X-Second-Token", "X-Third-Token"]


def test_a_secret_that_gets_another_name_since_is_sent_under_it(stack: Stack, open_page: OpenPage) -> None:
    """What is stored is found by the header's name: behind a mask it would have to be typed again."""
    webhook = stack.webhook(headers=[])
    page = open_page(f"{stack.url}/#/webhooks/{webhook['id']}")
    held = hold(page)
    page.get_by_role("button", name="Add header").click()
    header(page, 1).get_by_label("Name").fill("X-Tokn")
    header(page, 1).get_by_label("Secret").check()
    header(page, 1).get_by_label("Value").fill("sent")
    under_way = save(page, held)
    header(page, 1).get_by_label("Name").fill("X-Token")
    under_way.continue_()
    told(page, PARTLY)
    save(page, held).continue_()
    told(page, re.compile(r"^Saved\.$"))
    expect(header(page, 1).get_by_label("Value")).to_have_value(MASK)
    assert stored(stack, webhook)["headers"] == [{"name": "X-Token", "value": MASK, "secret": True}]


def test_a_secret_that_was_sealed_under_the_caret_is_replaced_by_what_is_typed(
    stack: Stack, open_page: OpenPage
) -> None:
    """As everywhere, the mask goes with the first key; and undoing does not bring back what it hides."""
    webhook = stack.webhook()
    page = open_page(f"{stack.url}/#/webhooks/{webhook['id']}")
    held = hold(page)
    value = header(page, 1).get_by_label("Value")
    value.click()
    page.keyboard.type("Bearer sent")
    under_way = save(page, held)
    field(page, "Name").press("End")
    page.keyboard.type(" too")
    value.focus()
    under_way.continue_()
    told(page, PARTLY)
    page.keyboard.type("x")
    expect(value).to_have_value("x")
    for _ in range(30):
        page.keyboard.press("Control+z")
    assert value.input_value() in (MASK, "x", "")


def test_a_change_that_is_undone_is_none(stack: Stack, open_page: OpenPage) -> None:
    """The answer leaves what was typed where undo finds it."""
    webhook = stack.webhook()
    page = open_page(f"{stack.url}/#/webhooks/{webhook['id']}")
    held = hold(page)
    field(page, "Timeout in seconds").fill("7")
    under_way = save(page, held)
    field(page, "Name").press("End")
    page.keyboard.type("!")
    under_way.continue_()
    told(page, PARTLY)
    page.keyboard.press("Control+z")
    expect(field(page, "Name")).to_have_value("Torq")
    page.get_by_role("link", name="Webhooks").first.click()
    expect(page.get_by_role("heading", name="Webhooks")).to_be_visible()


def test_a_signing_secret_that_was_sent_is_kept_as_stored(stack: Stack, open_page: OpenPage) -> None:
    """Its field says so then, and is empty again; one that is typed since stays, the caret with it."""
    webhook = stack.webhook()
    page = open_page(f"{stack.url}/#/webhooks/{webhook['id']}")
    held = hold(page)
    page.get_by_label("Signature").select_option("standard_webhooks")
    field(page, "Secret of your own (optional)").fill("whsec_" + "QUFB" * 8)
    under_way = save(page, held)
    field(page, "Name").fill("Torq too")
    under_way.continue_()
    told(page, PARTLY)
    expect(field(page, "Another secret")).to_have_value("")
    expect(page.get_by_role("button", name="Rotate the secret …")).to_be_visible()
    page.get_by_label("Signature").select_option("none")
    save(page, held).continue_()
    told(page, re.compile(r"^Saved\.$"))
    page.get_by_label("Signature").select_option("standard_webhooks")
    under_way = save(page, held)
    own = field(page, "Secret of your own (optional)")
    own.click()
    page.keyboard.type("whsec_QFB")
    for _ in range(2):
        page.keyboard.press("ArrowLeft")
    under_way.continue_()
    dialog = page.get_by_role("dialog", name="The signing secret")
    dialog.get_by_role("button", name="Done").click()
    expect(field(page, "Another secret")).to_be_focused()
    page.keyboard.type("U")
    expect(field(page, "Another secret")).to_have_value("whsec_QUFB")


@pytest.mark.parametrize("refused", [True, False])
def test_a_save_that_fails_takes_nothing(stack: Stack, open_page: OpenPage, *, refused: bool) -> None:
    """What is refused stands at the row that was sent, wherever it is now, and nobody is taken from where they type."""
    webhook = stack.webhook(headers=[{"name": "X-One", "value": "1"}])
    page = open_page(f"{stack.url}/#/webhooks/{webhook['id']}", expected="Failed to load resource")
    held = hold(page)
    page.get_by_role("button", name="Add header").click()
    header(page, 2).get_by_label("Name").fill("not a name")
    header(page, 2).get_by_label("Value").fill("2")
    under_way = save(page, held)
    page.get_by_role("button", name="Remove header 1").click()
    field(page, "Name").fill("Torq ")
    if refused:
        under_way.continue_()
    else:
        under_way.abort()
    told(page, "One field needs attention." if refused else "The API cannot be reached.")
    page.keyboard.type("too")
    expect(field(page, "Name")).to_have_value("Torq too")
    told(page, "One field needs attention." if refused else "The API cannot be reached.")
    expect(header(page, 1).get_by_label("Value")).to_have_value("2")
    expect(page.locator(".field.wrong")).to_have_count(1 if refused else 0)
    header(page, 1).get_by_label("Name").fill("X-Two")
    save(page, held).continue_()
    told(page, re.compile(r"^Saved\.$"))
    after = stored(stack, webhook)
    assert (after["name"], after["headers"]) == ("Torq too", [{"name": "X-Two", "value": "2"}])


def test_mine_is_what_stands_there_when_i_say_so(stack: Stack, open_page: OpenPage) -> None:
    """Somebody else has saved it too: over theirs goes what was typed up to then, not only up to Save."""
    webhook = stack.webhook()
    page = open_page(f"{stack.url}/#/webhooks/{webhook['id']}")
    expect(page.get_by_role("heading", name="Torq")).to_be_visible()
    stack.ask("PATCH", f"/webhooks/{webhook['id']}", {"timeout_seconds": 9}, **{"If-Match": "*"})
    held = hold(page)
    under_way = save(page, held)
    field(page, "Name").fill("Torq too")
    under_way.continue_()
    page.get_by_role("button", name="Save mine over it").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    asked(page, held, 2).continue_()
    told(page, re.compile(r"^Saved\.$"))
    after = stored(stack, webhook)
    assert (after["name"], after["timeout_seconds"]) == ("Torq too", 10)


def test_a_new_webhook_gets_its_address_under_the_hand(stack: Stack, open_page: OpenPage) -> None:
    """It is a saved one from its first save on, with its name and address; Back leads to where it led before."""
    page = open_page(f"{stack.url}/")
    page.get_by_role("link", name="Request Webhook").click()
    held = hold(page, "POST")
    fill_guide(page, stack)
    under_way = save(page, held)
    field(page, "Name").fill("Torq on-")
    under_way.continue_()
    told(page, PARTLY)
    page.keyboard.type("call")
    (webhook,) = stack.ask("GET", "/webhooks")["items"]
    expect(page).to_have_url(f"{stack.url}/#/webhooks/{webhook['id']}")
    expect(page.get_by_role("heading", name="Torq", exact=True)).to_be_visible()
    expect(page).to_have_title("Torq · Grantwire")
    expect(page.get_by_role("link", name="Deliveries")).to_be_visible()
    expect(header(page, 1).get_by_label("Value")).to_have_value(MASK)
    assert TOKEN not in page.content()
    page.get_by_role("button", name="Save Webhook").click()
    told(page, re.compile(r"^Saved\.$"))
    (after,) = stack.ask("GET", "/webhooks")["items"]
    assert (after["name"], after["version"]) == ("Torq on-call", 2)
    page.go_back()
    expect(page.get_by_role("heading", name="Webhooks")).to_be_visible()
    page.go_forward()
    expect(field(page, "Name")).to_have_value("Torq on-call")


@pytest.mark.parametrize("leaves", [True, False])
def test_a_new_webhook_is_saved_while_one_is_asked_whether_to_leave(
    stack: Stack, open_page: OpenPage, *, leaves: bool
) -> None:
    """Who stays is at the saved webhook, with its address; who leaves is not fetched back, and hears of it."""
    page = open_page(f"{stack.url}/")
    page.get_by_role("link", name="Request Webhook").click()
    held = hold(page, "POST")
    fill_guide(page, stack)
    under_way = save(page, held)
    page.get_by_role("link", name="Webhooks").first.click()
    answer: Callable[[], None] = page.get_by_role("button", name="Leave" if leaves else "Stay here", exact=True).click
    if leaves:
        answer()
        expect(page.get_by_role("heading", name="No webhooks yet")).to_be_visible()
        under_way.continue_()
        told(page, "Torq is saved.")
        expect(page).to_have_url(f"{stack.url}/#/webhooks")
        return
    with page.expect_response(re.compile(r"/api/webhooks$")):
        under_way.continue_()
    expect(page.locator("main h1")).to_have_text("Torq")
    answer()
    (webhook,) = stack.ask("GET", "/webhooks")["items"]
    expect(page).to_have_url(f"{stack.url}/#/webhooks/{webhook['id']}")
    page.get_by_role("link", name="Webhooks").first.click()
    expect(page.get_by_role("link", name="Torq", exact=True)).to_be_visible()
