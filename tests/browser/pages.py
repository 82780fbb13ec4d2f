"""Every page of the console with something on it: for what must hold on each, and for the pictures in the docs."""

import re
from collections.abc import Callable
from typing import Any, Final

from playwright.sync_api import Page, expect

from tests.browser.conftest import Stack

FILTERS: Final = [{"field": "integration", "operator": "is", "values": ["prod-db", "prod-k8s"]}]


def prepare(stack: Stack) -> dict[str, str]:
    """Webhooks and deliveries such as people have them; gives the ids that `visit` needs."""
    wrong = [{"name": "Authorization", "value": "Bearer wrong", "secret": True}]
    torq = stack.webhook("Torq", triggers=["RequestCreated", "RequestGranted"], filters=FILTERS)
    stack.webhook("Torq on-call", url=stack.busy)
    slack = stack.webhook("Slack production", headers=wrong, retry={"max_attempts": 1})
    stack.webhook("Jira", url="https://example.atlassian.net/rest/api/3/issue", active=False)
    for name in ("Ana Lima", "Siobhán O'Neil", "Bo Chen"):
        stack.event(name)
    stack.wait_for_deliveries(torq["id"], 3, state="succeeded")
    (failed, *_) = stack.wait_for_deliveries(slack["id"], 3, state="failed")
    return {"webhook": torq["id"], "failing": slack["id"], "delivery": failed["id"]}


def empty(page: Page, stack: Stack, ids: dict[str, str]) -> None:
    """The table when nothing fits."""
    page.goto(f"{stack.url}/#/webhooks")
    page.get_by_label("Search by name").fill("none")
    expect(page.get_by_role("heading", name="No webhook fits")).to_be_visible()


def webhooks(page: Page, stack: Stack, ids: dict[str, str]) -> None:
    """The table, with a menu open."""
    page.goto(f"{stack.url}/#/webhooks")
    expect(page.get_by_role("link", name="Torq", exact=True)).to_be_visible()


def webhook(page: Page, stack: Stack, ids: dict[str, str]) -> None:
    """The form, with a preview."""
    page.goto(f"{stack.url}/#/webhooks/{ids['webhook']}")
    expect(page.get_by_label("Rendered body")).to_contain_text("Ana Lima")
    expect(page.get_by_text("RequestCreated passes.")).to_be_visible()


def problems(page: Page, stack: Stack, ids: dict[str, str]) -> None:
    """A form that is refused."""
    page.goto(f"{stack.url}/#/webhooks/new")
    expect(page.get_by_label("Rendered body")).to_contain_text("Ana Lima")
    page.get_by_label("JSON with placeholders").fill('{\n  "who": "{{data.requestor.name}}",\n  "what": "{{#data}}"\n}')
    page.get_by_label("Authentication", exact=True).select_option("oauth2_client_credentials")
    page.get_by_label("Signature").select_option("standard_webhooks")
    page.get_by_role("button", name="Save Webhook").click()
    expect(page.get_by_text("fields need attention.")).to_be_visible()


def invocation(page: Page, stack: Stack, ids: dict[str, str]) -> None:
    """The invocation data of a test that failed."""
    page.goto(f"{stack.url}/#/webhooks/{ids['failing']}")
    expect(page.get_by_label("Rendered body")).to_contain_text("Ana Lima")
    page.get_by_role("button", name="Test", exact=True).click()
    page.get_by_role("button", name="View Invocation Data").click()
    expect(page.get_by_role("dialog", name="Invocation data")).to_be_visible()


def schema(page: Page, stack: Stack, ids: dict[str, str]) -> None:
    """The payload's schema."""
    page.goto(f"{stack.url}/#/webhooks/{ids['webhook']}")
    page.get_by_role("button", name="View event's payload schema").click()
    expect(page.get_by_role("button", name="data.requester.email")).to_be_visible()


def recipes(page: Page, stack: Stack, ids: dict[str, str]) -> None:
    """Recipes to start from."""
    page.goto(f"{stack.url}/#/webhooks")
    page.locator("summary", has_text="Add Webhook").click()
    page.get_by_role("button", name="From a recipe …").click()
    expect(page.get_by_role("dialog", name="Start from a recipe")).to_be_visible()


def recipe(page: Page, stack: Stack, ids: dict[str, str]) -> None:
    """A form that a recipe has filled in."""
    page.goto(f"{stack.url}/#/webhooks/new?recipe=slack")
    expect(page.get_by_text("what to do there, and what to fill in here")).to_be_visible()


def deliveries(page: Page, stack: Stack, ids: dict[str, str]) -> None:
    """A webhook's deliveries."""
    page.goto(f"{stack.url}/#/webhooks/{ids['failing']}/deliveries")
    expect(page.get_by_role("link", name="Failed").first).to_be_visible()


def delivery(page: Page, stack: Stack, ids: dict[str, str]) -> None:
    """One that failed."""
    page.goto(f"{stack.url}/#/deliveries/{ids['delivery']}")
    expect(page.get_by_text("Unauthorized")).to_be_visible()


def replay(page: Page, stack: Stack, ids: dict[str, str]) -> None:
    """How many a replay would send."""
    deliveries(page, stack, ids)
    page.get_by_role("button", name="Replay failed …").click()
    page.get_by_role("button", name="Count").click()
    expect(page.get_by_text("3 deliveries failed in that time.")).to_be_visible()


def serve_many(page: Page, count: int) -> None:
    """Answers the list of webhooks in the API's place, since moto takes minutes to store so many."""

    def answer(route: Any) -> None:
        first = int(re.search(r"cursor=(\d+)", route.request.url)[1]) if "cursor" in route.request.url else 0  # type: ignore[index]
        items = [many(number) for number in range(first, min(first + 50, count))]
        after = first + 50
        route.fulfill(json={"items": items, "next_cursor": str(after) if after < count else None})

    page.route(re.compile(r"/api/webhooks\?"), answer)


def many(number: int) -> dict[str, Any]:
    """One of many webhooks, as the list has it."""
    return {
        "id": f"wh_{number:024}",
        "name": f"Webhook {number:04}",
        "active": number % 3 > 0,
        "inactive_reason": None,
        "problem": None,
        "url": f"https://host-{number}.example.com/hooks",
        "triggers": ["RequestCreated", "RequestGranted"],
        "version": 1,
    }


Visit = Callable[[Page, Stack, dict[str, str]], None]
PAGES: Final[dict[str, Visit]] = {
    "empty": empty,
    "webhooks": webhooks,
    "webhook": webhook,
    "problems": problems,
    "invocation-data": invocation,
    "payload-schema": schema,
    "recipes": recipes,
    "recipe": recipe,
    "deliveries": deliveries,
    "delivery": delivery,
    "replay": replay,
}
