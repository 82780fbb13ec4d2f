"""Deliveries in the console: what became of each, why, and sending again."""

import re

from playwright.sync_api import expect

from local.torq import TOKEN
from tests.browser.conftest import OpenPage, Stack

WRONG = [{"name": "Authorization", "value": "Bearer wrong", "secret": True}]
RIGHT = [{"name": "Authorization", "value": f"Bearer {TOKEN}", "secret": True}]


def test_failed_deliveries_are_replayed(stack: Stack, open_page: OpenPage) -> None:
    """Three that failed for a wrong token: counted, replayed once it is mended, with progress, until all succeeded."""
    webhook = stack.webhook(headers=WRONG, retry={"max_attempts": 1})
    for _ in range(3):
        stack.event()
    stack.wait_for_deliveries(webhook["id"], 3, state="failed")
    stack.ask("PATCH", f"/webhooks/{webhook['id']}", {"headers": RIGHT}, **{"If-Match": "*"})
    page = open_page(f"{stack.url}/#/webhooks/{webhook['id']}/deliveries")
    page.get_by_label("State").select_option("failed")
    expect(page.get_by_role("link", name="Failed")).to_have_count(3)
    page.get_by_role("button", name="Replay failed …").click()
    dialog = page.get_by_role("dialog", name="Replay failed deliveries")
    expect(dialog.get_by_role("button", name="Replay", exact=True)).to_be_disabled()
    dialog.get_by_role("button", name="Count").click()
    expect(dialog.get_by_text("3 deliveries failed in that time.")).to_be_visible()
    dialog.get_by_role("button", name="Replay 3 deliveries").click()
    expect(page.get_by_text("Replaying: 0 of 3 deliveries taken up.")).to_be_visible()
    expect(page.locator(".job")).to_contain_text("Replayed: 3 of 3 deliveries.", timeout=20_000)
    expect(page.get_by_role("status").filter(has_text="Replayed: 3 of 3 deliveries.")).to_be_visible()
    stack.wait_for_deliveries(webhook["id"], 3, state="succeeded")
    page.get_by_label("State").select_option("succeeded")
    expect(page.get_by_role("link", name="Succeeded")).to_have_count(3)


def test_what_deliveries_are_looked_for_is_there_again_after_back(stack: Stack, open_page: OpenPage) -> None:
    """State and trigger, with those that fit and no other."""
    webhook = stack.webhook(headers=WRONG, retry={"max_attempts": 1})
    stack.event()
    stack.wait_for_deliveries(webhook["id"], state="failed")
    stack.ask("PATCH", f"/webhooks/{webhook['id']}", {"headers": RIGHT}, **{"If-Match": "*"})
    stack.event()
    stack.wait_for_deliveries(webhook["id"], state="succeeded")
    page = open_page(f"{stack.url}/#/webhooks/{webhook['id']}/deliveries")
    page.get_by_label("State").select_option("failed")
    page.get_by_label("Trigger").select_option("RequestCreated")
    expect(page.get_by_role("link", name="Succeeded")).to_have_count(0)
    page.get_by_role("link", name="Failed").click()
    expect(page.get_by_text("Unauthorized")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("link", name="Failed")).to_have_count(1)
    expect(page.get_by_role("link", name="Succeeded")).to_have_count(0)
    expect(page.get_by_label("State")).to_have_value("failed")
    expect(page.get_by_label("Trigger")).to_have_value("RequestCreated")


def test_a_range_without_failures_has_nothing_to_replay(stack: Stack, open_page: OpenPage) -> None:
    """It says so, and the button stays as it is; a range that ends before it begins is refused in words."""
    webhook = stack.webhook()
    page = open_page(f"{stack.url}/#/webhooks/{webhook['id']}/deliveries")
    expect(page.get_by_role("heading", name="No deliveries yet")).to_be_visible()
    page.get_by_role("button", name="Replay failed …").click()
    dialog = page.get_by_role("dialog", name="Replay failed deliveries")
    dialog.get_by_role("button", name="Count").click()
    expect(dialog.get_by_text("No delivery failed in that time.")).to_be_visible()
    expect(dialog.get_by_role("button", name="Replay", exact=True)).to_be_disabled()
    dialog.get_by_label("Until").fill("2020-01-01T00:00:00")
    dialog.get_by_role("button", name="Count").click()
    expect(dialog.get_by_text(re.compile("since: Is later than until|It is later than until"))).to_be_visible()


def test_one_delivery_shows_each_attempt_and_is_replayed(stack: Stack, open_page: OpenPage) -> None:
    """A failed one: why, the answer as it came, its attempts; Replay, and it succeeds before one's eyes."""
    webhook = stack.webhook(headers=WRONG, retry={"max_attempts": 1})
    stack.event()
    (failed,) = stack.wait_for_deliveries(webhook["id"], state="failed")
    page = open_page(f"{stack.url}/#/deliveries/{failed['id']}")
    expect(page.get_by_text("Unauthorized")).to_be_visible()
    expect(page.get_by_role("code").filter(has_text=failed["id"])).to_be_visible()
    stack.ask("PATCH", f"/webhooks/{webhook['id']}", {"headers": RIGHT}, **{"If-Match": "*"})
    page.get_by_role("button", name="Replay").click()
    expect(page.locator("dl .state")).to_have_text("Succeeded", timeout=15_000)
    attempts = page.locator("details.attempt")
    expect(attempts).to_have_count(2)
    expect(attempts.first.locator("summary").first).to_contain_text("202")
    expect(attempts.last.locator("summary").first).to_contain_text("401")
    expect(attempts.last.locator("summary").first).to_contain_text("before the replay")


def test_a_delivery_that_waits_says_when_it_is_next(stack: Stack, open_page: OpenPage) -> None:
    """A busy receiver: waiting, why, and when the next attempt is."""
    webhook = stack.webhook(url=stack.busy)
    stack.event()
    stack.wait_for_deliveries(webhook["id"], state="waiting")
    page = open_page(f"{stack.url}/#/webhooks/{webhook['id']}/deliveries")
    row = page.get_by_role("row", name=re.compile("AR-123"))
    expect(row).to_contain_text("the receiver answered 503; next attempt")
    page.get_by_label("Trigger").select_option("RequestExpired")
    expect(page.get_by_role("heading", name="No delivery fits")).to_be_visible()


def test_a_delivery_that_is_not_there_is_said_to_be_so(stack: Stack, open_page: OpenPage) -> None:
    """In the API's words, with a way out; so is a page that there is none of."""
    page = open_page(f"{stack.url}/#/deliveries/dlv_none")
    expect(page.get_by_text("there is no delivery dlv_none")).to_be_visible()
    page.goto(f"{stack.url}/#/nowhere")
    expect(page.get_by_text("There is no page /nowhere.")).to_be_visible()
    page.get_by_role("link", name="All webhooks").click()
    expect(page.get_by_role("heading", name="No webhooks yet")).to_be_visible()
