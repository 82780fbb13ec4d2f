"""What people do with webhooks in the console: the guide, from an empty table to a delivered event, and what fails."""

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from local.torq import TOKEN
from tests.browser.conftest import OpenPage, Stack


def field(page: Page, label: str) -> Any:
    """The input with this label."""
    return page.get_by_label(label, exact=True).first


def fill_guide(page: Page, stack: Stack, *, name: str = "Torq", token: str = TOKEN) -> None:
    """The guide's webhook, typed in."""
    field(page, "Name").fill(name)
    field(page, "URL").fill(stack.torq)
    page.get_by_label("JSON with placeholders").fill(
        '{"body":{"event":"New Apono {{event_type}} request made by {{data.requester.name}}"}}'
    )
    page.get_by_role("button", name="Add header").click()
    header = page.get_by_role("group", name="header")
    header.get_by_label("Name").fill("Authorization")
    header.get_by_label("Secret").check()
    header.get_by_label("Value").fill(f"Bearer {token}")


def test_the_guide_from_an_empty_table_to_a_delivered_event(page: Page, stack: Stack) -> None:
    """Add Webhook → Request Webhook, the form, Test, View Invocation Data, Save Webhook, a green dot, an event."""
    expect(page.get_by_role("heading", name="No webhooks yet")).to_be_visible()
    page.locator("summary", has_text="Add Webhook").click()
    page.get_by_role("button", name="Request Webhook").click()
    fill_guide(page, stack)
    page.get_by_label("RequestGranted").check()
    expect(page.get_by_label("Rendered body")).to_have_text(
        re.compile("New Apono RequestCreated request made by Ana Lima")
    )
    page.get_by_role("button", name="Test", exact=True).click()
    expect(page.get_by_text("Test successful: the receiver answered 202")).to_be_visible()
    page.get_by_role("button", name="View Invocation Data").click()
    panel = page.get_by_role("dialog", name="Invocation data")
    expect(panel.get_by_text(f"POST {stack.torq}")).to_be_visible()
    expect(panel.get_by_text("execution_id")).to_be_visible()
    expect(panel.get_by_text("127.0.0.1", exact=True)).to_be_visible()
    panel.get_by_role("button", name="Close").click()
    page.get_by_role("button", name="Save Webhook").click()
    expect(page.get_by_role("heading", name="Torq")).to_be_visible()
    page.get_by_role("link", name="Webhooks").first.click()
    row = page.get_by_role("row", name=re.compile("Torq"))
    expect(row.locator(".dot.on")).to_be_visible()
    expect(row).to_contain_text("Active")
    (webhook,) = stack.ask("GET", "/webhooks")["items"]
    stack.event()
    stack.wait_for_deliveries(webhook["id"], state="succeeded")
    page.reload()
    expect(row.get_by_role("link", name="Succeeded")).to_be_visible()
    expect(row.get_by_text("100 % of 1")).to_be_visible()
    row.get_by_role("link", name="Torq").click()
    page.get_by_role("link", name="Deliveries").click()
    page.get_by_role("link", name="Succeeded").click()
    expect(page.get_by_text("New Apono RequestCreated request made by Ana Lima")).to_be_visible()


def test_a_failed_test_says_what_to_look_at(page: Page, stack: Stack) -> None:
    """The wrong token: Test failed, and in the invocation data a tip that names the header; nothing is stored."""
    page.goto(f"{stack.url}/#/webhooks/new")
    fill_guide(page, stack, token="wrong")
    page.get_by_role("button", name="Test", exact=True).click()
    expect(page.get_by_text("Test failed: the receiver answered 401.")).to_be_visible()
    page.get_by_role("button", name="View Invocation Data").click()
    panel = page.get_by_role("dialog", name="Invocation data")
    expect(panel.get_by_role("heading", name="What to look at")).to_be_visible()
    expect(panel.locator("section", has_text="What to look at").locator("li").first).to_contain_text(
        re.compile("token|credential|Authorization", re.I)
    )
    expect(panel.get_by_text(re.compile("would be sent again after"))).to_be_visible()
    assert stack.ask("GET", "/webhooks")["items"] == []


def test_a_save_waits_for_a_test_and_says_so(stack: Stack, open_page: OpenPage) -> None:
    """Save is dim while a test runs; pressed all the same, or Enter in a field, it says that nothing is saved yet."""
    webhook = stack.webhook()
    page = open_page(f"{stack.url}/#/webhooks/{webhook['id']}")
    waiting: list[Route] = []
    page.route(re.compile(r"/test$"), lambda route: waiting.append(route))
    save = page.get_by_role("button", name="Save Webhook")
    field(page, "Timeout in seconds").fill("7")
    page.get_by_role("button", name="Test", exact=True).click()
    expect(page.get_by_role("button", name="Testing …")).to_be_visible()
    expect(save).to_be_disabled()
    for press in (lambda: save.click(force=True), lambda: field(page, "Timeout in seconds").press("Enter")):
        press()
        expect(page.get_by_role("status").filter(has_text="Not saved yet: the test is still running.")).to_be_visible()
        field(page, "Timeout in seconds").fill("8")
        expect(page.get_by_text("Not saved yet")).to_have_count(0)
    assert stack.ask("GET", f"/webhooks/{webhook['id']}")["version"] == webhook["version"]
    waiting[0].continue_()
    expect(page.get_by_text("Test successful")).to_be_visible()
    expect(save).to_be_enabled()
    save.click()
    expect(page.get_by_text("Saved.", exact=True)).to_be_visible()
    assert stack.ask("GET", f"/webhooks/{webhook['id']}")["timeout_seconds"] == 8


def test_a_filter_that_keeps_the_sample_back_says_why(page: Page, stack: Stack) -> None:
    """While it is typed: what the sample has, and that it would not be delivered; a test is sent all the same."""
    page.goto(f"{stack.url}/#/webhooks/new")
    fill_guide(page, stack)
    page.get_by_role("button", name="Add filter").click()
    row = page.get_by_role("group", name="filter")
    row.get_by_label("Field").fill("integration")
    row.get_by_role("textbox", name="Values").fill("mongo-eu")
    row.get_by_role("textbox", name="Values").press("Enter")
    expect(row.get_by_text("Does not pass: the sample has int-pg-prod, prod-db.")).to_be_visible()
    expect(page.get_by_text("RequestCreated does not pass: it would not be delivered.")).to_be_visible()
    row.get_by_role("textbox", name="Values").fill("prod-db")
    row.get_by_role("textbox", name="Values").press("Enter")
    expect(page.get_by_text("RequestCreated passes.")).to_be_visible()
    row.get_by_role("button", name="Remove prod-db").click()
    page.get_by_role("button", name="Test", exact=True).click()
    page.get_by_role("button", name="View Invocation Data").click()
    expect(page.get_by_text("This event would not be delivered: a filter keeps it back.")).to_be_visible()


def test_a_template_error_stands_at_its_line(page: Page, stack: Stack) -> None:
    """Before anything is saved; the place is a button that leads there, and saving is refused with the same words."""
    page.goto(f"{stack.url}/#/webhooks/new")
    fill_guide(page, stack)
    body = page.get_by_label("JSON with placeholders")
    body.fill('{\n  "who": "{{#data.requester}}"\n}')
    expect(page.get_by_text(re.compile("This section is not closed"))).to_be_visible()
    assert page.locator(".line.wrong").evaluate("one => [...one.parentElement.children].indexOf(one)") == 1
    page.get_by_role("button", name="Line 2, column 11").click()
    assert body.evaluate("one => one.value.slice(one.selectionStart, one.selectionStart + 6)") == "{{#dat"
    page.get_by_role("button", name="Save Webhook").click()
    expect(page.get_by_text("One field needs attention.")).to_be_visible()
    expect(body).to_have_attribute("aria-invalid", "true")
    assert stack.ask("GET", "/webhooks")["items"] == []


def test_the_place_of_a_mistake_is_found_behind_an_emoji(page: Page, stack: Stack) -> None:
    """In its line and in those above: the caret stands at the tag, whatever a character takes in memory."""
    page.goto(f"{stack.url}/#/webhooks/new")
    body = page.get_by_label("JSON with placeholders")
    body.fill('{\n  "up": "🚀",\n  "who": "🚀🚀 {{#data.requester}}"\n}')
    page.get_by_role("button", name="Line 3, column 14").click()
    expect(body).to_be_focused()
    selected = "one => [one.value.slice(one.selectionStart, one.selectionEnd), one.value.slice(one.selectionStart)]"
    assert body.evaluate(selected) == ["{", '{{#data.requester}}"\n}']


def test_what_the_api_refuses_stands_at_its_field(page: Page, stack: Stack) -> None:
    """Each at its own, the first with the focus; a field's problem goes as soon as it is worked at."""
    page.goto(f"{stack.url}/#/webhooks/new")
    field(page, "URL").fill("http://hooks.torq.io/")
    page.get_by_label("RequestCreated").uncheck()
    field(page, "Timeout in seconds").fill("31")
    page.get_by_role("button", name="Save Webhook").click()
    expect(page.get_by_text("4 fields need attention.")).to_be_visible()
    expect(field(page, "Name")).to_be_focused()
    for label, words in (
        ("name", "It is required."),
        ("url", "The URL does not start with https://."),
        ("triggers", "It needs at least one of"),
        ("timeout_seconds", "It must be a number from 1 to 30."),
    ):
        expect(page.locator(f'[data-key="{label}"] > .error')).to_contain_text(words)
    field(page, "Name").fill("Torq")
    expect(page.locator('[data-key="name"] > .error')).to_be_hidden()


def test_a_secret_never_comes_back(page: Page, stack: Stack) -> None:
    """Saved, it is in no answer of the API and nowhere in the page; saved again behind its mask, it still works."""
    answers: list[str] = []
    page.on("response", lambda one: answers.append(one.text()) if "/api/" in one.url and one.status == 200 else None)
    page.goto(f"{stack.url}/#/webhooks/new")
    fill_guide(page, stack)
    page.get_by_role("button", name="Save Webhook").click()
    expect(page.get_by_role("heading", name="Torq")).to_be_visible()
    page.reload()
    header = page.get_by_role("group", name="header")
    expect(header.get_by_label("Value")).to_have_value("••••")
    expect(header.get_by_label("Value")).to_have_attribute("type", "password")
    assert TOKEN not in page.content() + "".join(answers)
    page.get_by_label("JSON with placeholders").fill('{"edited": true}')
    page.get_by_role("button", name="Test", exact=True).click()
    expect(page.get_by_text("Test successful")).to_be_visible()
    page.get_by_role("button", name="Save Webhook").click()
    expect(page.get_by_text("Saved.", exact=True)).to_be_visible()
    page.get_by_role("button", name="Test", exact=True).click()
    expect(page.get_by_text("Test successful")).to_be_visible()
    assert TOKEN not in page.content() + "".join(answers)


def test_a_header_that_is_always_secret_is_typed_unseen(page: Page, stack: Stack) -> None:
    """As soon as its name says so, and nobody can untick it; under another name it is hidden until unticked."""
    page.goto(f"{stack.url}/#/webhooks/new")
    page.get_by_role("button", name="Add header").click()
    header = page.get_by_role("group", name="header")
    secret, value = header.get_by_label("Secret"), header.get_by_label("Value")
    value.fill("Bearer secret")
    expect(value).to_have_attribute("type", "text")
    header.get_by_label("Name").fill("Authorization")
    expect(value).to_have_attribute("type", "password")
    expect(header.get_by_label("Always secret")).to_be_checked()
    expect(secret).to_be_disabled()
    header.get_by_label("Name").fill("X-Team")
    expect(value).to_have_attribute("type", "password")
    expect(header.get_by_label("Always secret")).to_have_count(0)
    secret.uncheck()
    expect(value).to_have_attribute("type", "text")


def test_a_stored_secret_is_not_lost_by_a_tick(stack: Stack, open_page: OpenPage) -> None:
    """Not secret any more, its mask is refused; ticked again, the stored value is kept; typing replaces the mask."""
    webhook = stack.webhook(headers=[{"name": "X-Shared", "value": "stored", "secret": True}])
    page = open_page(f"{stack.url}/#/webhooks/{webhook['id']}")
    header = page.get_by_role("group", name="header")
    header.get_by_label("Secret").uncheck()
    page.get_by_role("button", name="Save Webhook").click()
    words = "It is the mask of a secret: mark it secret, or enter the value."
    expect(page.locator('[data-key="value"] > .error')).to_have_text(words)
    assert stack.ask("GET", f"/webhooks/{webhook['id']}")["version"] == webhook["version"]
    header.get_by_label("Secret").check()
    page.get_by_role("button", name="Save Webhook").click()
    expect(page.get_by_text("Saved.", exact=True)).to_be_visible()
    assert stack.ask("GET", f"/webhooks/{webhook['id']}")["headers"] == webhook["headers"]
    header.get_by_label("Secret").uncheck()
    header.get_by_label("Value").click()
    page.keyboard.type("in sight")
    page.get_by_role("button", name="Save Webhook").click()
    expect(page.get_by_text("Saved.", exact=True)).to_be_visible()
    assert stack.ask("GET", f"/webhooks/{webhook['id']}")["headers"] == [{"name": "X-Shared", "value": "in sight"}]


def test_a_hostile_name_is_only_text(stack: Stack, open_page: OpenPage) -> None:
    """Markup as a requester's name: shown letter by letter in the delivery, and nothing of it becomes an element."""
    name = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    webhook = stack.webhook()
    stack.event(name)
    (delivery,) = stack.wait_for_deliveries(webhook["id"], state="succeeded")
    page = open_page(f"{stack.url}/#/deliveries/{delivery['id']}")
    page.on("dialog", lambda one: pytest.fail(f"a script ran: {one.message}"))
    page.get_by_text("The payload, as it came").click()
    expect(page.get_by_text(json.dumps(name)[1:-1]).first).to_be_visible()
    assert page.locator("main img, main script").count() == 0
    page.goto(f"{stack.url}/#/webhooks/new")
    page.get_by_label("Preview for the sample event").select_option("own")
    payload = json.dumps({"event_type": "RequestCreated", "data": {"requester": {"name": name}}})
    page.get_by_label("Your own payload, as JSON").fill(payload)
    expect(page.get_by_label("Rendered body")).to_contain_text(name)
    assert page.locator("main img, main script").count() == 0


def test_saving_keeps_every_field(stack: Stack, open_page: OpenPage) -> None:
    """What the form shows is the whole webhook: saved again, with one field changed, no other has."""
    authentication = {"kind": "api_key", "header": "X-Key", "value": "k"}
    given: dict[str, Any] = {
        "authentication": authentication,
        "deliveries_per_second": 2.5,
        "filters": [{"field": "requester", "operator": "contains", "values": ["ana"]}],
        "response_validators": [{"json_path": "$.data.ok", "expected_values": ["true"]}],
        "retry": {"max_attempts": 4},
        "signing": {"kind": "standard_webhooks"},
        "timeout_seconds": 7,
    }
    webhook = stack.webhook(**given)
    page = open_page(f"{stack.url}/#/webhooks/{webhook['id']}")
    field(page, "Name").fill("Renamed")
    page.get_by_role("button", name="Save Webhook").click()
    expect(page.get_by_text("Saved.", exact=True)).to_be_visible()
    shown = {"name", "version", "updated_at", "new_signing_secret"}
    before, after = webhook, stack.ask("GET", f"/webhooks/{webhook['id']}")
    assert {name: after[name] for name in before.keys() - shown} == {
        name: before[name] for name in before.keys() - shown
    }


def test_somebody_else_has_saved_it_meanwhile(stack: Stack, open_page: OpenPage) -> None:
    """Nobody's change gets lost: theirs or mine, as I say."""
    webhook = stack.webhook()
    page = open_page(f"{stack.url}/#/webhooks/{webhook['id']}")
    field(page, "Timeout in seconds").fill("7")
    stack.ask("PATCH", f"/webhooks/{webhook['id']}", {"timeout_seconds": 9}, **{"If-Match": "*"})
    page.get_by_role("button", name="Save Webhook").click()
    expect(page.get_by_text("Version 2 is stored now; you began with version 1.")).to_be_visible()
    page.get_by_role("button", name="Show theirs, drop mine").click()
    expect(field(page, "Timeout in seconds")).to_have_value("9")
    field(page, "Timeout in seconds").fill("7")
    stack.ask("PATCH", f"/webhooks/{webhook['id']}", {"timeout_seconds": 8}, **{"If-Match": "*"})
    page.get_by_role("button", name="Save Webhook").click()
    page.get_by_role("button", name="Save mine over it").click()
    expect(page.get_by_text("Saved.", exact=True)).to_be_visible()
    assert stack.ask("GET", f"/webhooks/{webhook['id']}")["timeout_seconds"] == 7


def test_what_somebody_else_has_deleted_can_be_a_new_webhook(stack: Stack, open_page: OpenPage) -> None:
    """Neither Save nor Test is a dead end: what was typed stays, the secrets are entered again, and leaving asks."""
    webhook = stack.webhook(signing={"kind": "standard_webhooks"})
    page = open_page(f"{stack.url}/#/webhooks/{webhook['id']}")
    save = page.get_by_role("button", name="Save Webhook")
    field(page, "Timeout in seconds").fill("7")
    stack.ask("DELETE", f"/webhooks/{webhook['id']}", **{"If-Match": "*"})
    save.click()
    page.get_by_role("button", name="Not now").click()
    expect(page.get_by_text("This webhook has been deleted. Save it again to make it a new one.")).to_be_visible()
    page.get_by_role("button", name="Test", exact=True).click()
    page.get_by_role("button", name="Make it a new webhook").click()
    expect(page.get_by_role("heading", name="New Request Webhook")).to_be_visible()
    expect(page.get_by_text("This webhook has been deleted. Enter its secrets again and save it.")).to_be_visible()
    page.get_by_role("link", name="Webhooks").first.click()
    page.get_by_role("button", name="Stay here").click()
    save.click()
    problem = "It is required: a secret header needs its value."
    expect(page.locator('[data-key="value"] > .error')).to_have_text(problem)
    page.get_by_role("group", name="header").get_by_label("Value").fill(f"Bearer {TOKEN}")
    page.get_by_role("button", name="Test", exact=True).click()
    expect(page.get_by_text("Test successful")).to_be_visible()
    save.click()
    page.get_by_role("dialog", name="The signing secret").get_by_role("button", name="Done").click()
    expect(page.get_by_role("heading", name="Torq")).to_be_visible()
    (saved,) = stack.ask("GET", "/webhooks")["items"]
    assert saved["id"] != webhook["id"]
    assert stack.ask("GET", f"/webhooks/{saved['id']}")["timeout_seconds"] == 7


def test_what_somebody_else_has_changed_is_looked_at_before_it_is_deleted(stack: Stack, open_page: OpenPage) -> None:
    """So also before it is switched off: in words of the console, with the way out, which then works."""
    webhook = stack.webhook()
    page = open_page(f"{stack.url}/")
    row = page.get_by_role("row", name=re.compile("Torq"))
    expect(row).to_be_visible()
    stack.ask("PATCH", f"/webhooks/{webhook['id']}", {"timeout_seconds": 9}, **{"If-Match": "*"})
    words = "Somebody has changed this webhook since you opened it. Reload the page and look at it, then try again."
    row.locator("summary").click()
    row.get_by_role("button", name="Switch off").click()
    expect(page.get_by_role("status").filter(has_text=words)).to_be_visible()
    for refused in (True, False):
        row.locator("summary").click()
        row.get_by_role("button", name="Delete …").click()
        page.get_by_label("Type its name to delete it").fill("Torq")
        page.get_by_role("button", name="Delete Webhook").click()
        if refused:
            expect(page.get_by_role("alert")).to_have_text(words)
            assert [one["name"] for one in stack.ask("GET", "/webhooks")["items"]] == ["Torq"]
            page.reload()
    expect(page.get_by_role("status").filter(has_text="Torq is deleted.")).to_be_visible()
    assert stack.ask("GET", "/webhooks")["items"] == []


def test_unsaved_changes_are_asked_after(stack: Stack, open_page: OpenPage) -> None:
    """Leaving the form: stay, or lose them. Without a change nobody asks."""
    webhook = stack.webhook()
    page = open_page(f"{stack.url}/#/webhooks/{webhook['id']}")
    field(page, "Name").fill("Torq too")
    page.get_by_role("link", name="Webhooks").first.click()
    page.get_by_role("button", name="Stay here").click()
    expect(field(page, "Name")).to_have_value("Torq too")
    page.get_by_role("link", name="Webhooks").first.click()
    page.get_by_role("button", name="Leave").click()
    page.get_by_role("link", name="Torq", exact=True).click()
    expect(field(page, "Name")).to_have_value("Torq")
    page.get_by_role("link", name="Webhooks").first.click()
    expect(page.get_by_role("heading", name="Webhooks")).to_be_visible()


def test_staying_leaves_the_history_as_it_was(stack: Stack, open_page: OpenPage) -> None:
    """After Back and after a link: Back leads to where it led before, and Forward too."""
    webhook = stack.webhook()
    page = open_page(f"{stack.url}/")
    link = page.get_by_role("link", name="Torq", exact=True)
    for _ in range(2):
        link.click()
        field(page, "Name").fill("Torq too")
        for leave in (page.go_back, page.get_by_role("link", name="Webhooks").first.click):
            leave()
            page.get_by_role("button", name="Stay here").click()
            expect(page).to_have_url(re.compile(f"{webhook['id']}$"))
            expect(field(page, "Name")).to_have_value("Torq too")
        page.go_back()
        expect(page.get_by_role("dialog", name="Leave without saving?")).to_be_visible()
        page.get_by_role("button", name="Leave").click()
        expect(page.get_by_role("heading", name="Webhooks")).to_be_visible()
        page.go_forward()
        expect(field(page, "Name")).to_have_value("Torq")
        page.go_back()
        expect(link).to_be_visible()


def test_the_table_switches_copies_and_deletes(stack: Stack, open_page: OpenPage) -> None:
    """A white dot and the word; a copy says which secrets to enter again; deleting asks for the name."""
    webhook = stack.webhook()
    page = open_page(f"{stack.url}/")
    row = page.get_by_role("row", name=re.compile("Torq"))
    menu = row.locator("summary")
    menu.click()
    row.get_by_role("button", name="Switch off").click()
    expect(row.locator(".dot.off")).to_be_visible()
    expect(row).to_contain_text("Inactive")
    assert stack.ask("GET", f"/webhooks/{webhook['id']}")["active"] is False
    menu.click()
    row.get_by_role("button", name="Duplicate").click()
    expect(page.get_by_role("heading", name="Torq copy")).to_be_visible()
    expect(page.get_by_text("Enter the header Authorization again before you make it active.")).to_be_visible()
    page.locator("summary", has_text="⋯").click()
    page.get_by_role("button", name="Delete …").click()
    confirm = page.get_by_role("button", name="Delete Webhook")
    expect(confirm).to_be_disabled()
    page.get_by_label("Type its name to delete it").fill("Torq copy")
    confirm.click()
    expect(page.get_by_role("heading", name="Webhooks")).to_be_visible()
    assert [one["name"] for one in stack.ask("GET", "/webhooks")["items"]] == ["Torq"]


def test_the_table_is_searched(stack: Stack, open_page: OpenPage) -> None:
    """By a part of the name and by status; a search that finds nothing says so, and what it was is still there."""
    stack.webhook("Torq")
    stack.webhook("Slack", active=False)
    page = open_page(f"{stack.url}/")
    page.get_by_label("Search by name").fill("lac")
    expect(page.get_by_role("link", name="Torq")).to_be_hidden()
    expect(page.get_by_role("link", name="Slack")).to_be_visible()
    page.get_by_label("Status").select_option("active")
    expect(page.get_by_role("heading", name="No webhook fits")).to_be_visible()
    page.get_by_label("Search by name").fill("")
    expect(page.get_by_role("link", name="Torq")).to_be_visible()
    expect(page.get_by_role("link", name="Slack")).to_be_hidden()


def test_a_search_is_there_again_after_back(stack: Stack, open_page: OpenPage) -> None:
    """The words and the status; so also after a reload. The link to all webhooks leads to all of them."""
    for name in ("Torq", "Slack one", "Slack one off"):
        stack.webhook(name, active=name != "Slack one off")
    page = open_page(f"{stack.url}/")
    search, torq = page.get_by_label("Search by name"), page.get_by_role("link", name="Torq", exact=True)
    found, other = (page.get_by_role("link", name=name, exact=True) for name in ("Slack one", "Slack one off"))
    search.fill("slack one")
    expect(torq).to_have_count(0)
    page.get_by_label("Status").select_option("active")
    found.click()
    expect(field(page, "Name")).to_have_value("Slack one")
    page.go_back()
    for again in (lambda: None, page.reload):
        again()
        expect(found).to_be_visible()
        expect(search).to_have_value("slack one")
        expect(page.get_by_label("Status")).to_have_value("active")
        expect(torq).to_have_count(0)
        expect(other).to_have_count(0)
        assert page.url.endswith("#/webhooks?search=slack+one&status=active")
    page.get_by_role("navigation", name="Main").get_by_role("link").click()
    expect(torq).to_be_visible()
    expect(search).to_have_value("")
    expect(other).to_be_visible()


def test_a_search_that_is_still_typed_stays_with_its_list(stack: Stack, open_page: OpenPage) -> None:
    """Who opens a webhook right after a key is at that webhook, whatever the list does afterwards."""
    webhook = stack.webhook()
    page = open_page(f"{stack.url}/")
    expect(page.get_by_role("link", name="Torq", exact=True)).to_be_visible()
    page.get_by_label("Search by name").fill("to")
    page.get_by_role("link", name="Torq", exact=True).click()
    expect(field(page, "Name")).to_have_value("Torq")
    page.wait_for_timeout(400)
    expect(page).to_have_url(re.compile(f"#/webhooks/{webhook['id']}$"))


def test_a_recipe_fills_the_form(page: Page, stack: Stack) -> None:
    """Slack's: its body and filters, what to do there, what to fill in; inactive until somebody has done so."""
    page.get_by_role("button", name="From a recipe …").last.click()
    page.get_by_role("button", name=re.compile("^Slack")).click()
    expect(field(page, "Name")).to_have_value(re.compile("Slack"))
    expect(page.get_by_text("what to do there, and what to fill in here")).to_be_visible()
    expect(page.get_by_label("Status")).not_to_be_checked()
    assert page.get_by_role("group", name="filter").count() > 0


def test_the_payload_schema_inserts_a_field(page: Page, stack: Stack) -> None:
    """Where the caret was: a plain field as a placeholder, one in a list as a loop that joins what it finds."""
    page.goto(f"{stack.url}/#/webhooks/new")
    body = page.get_by_label("JSON with placeholders")
    body.fill('{"who": ""}')
    body.evaluate("one => one.setSelectionRange(9, 9)")
    page.get_by_role("button", name="View event's payload schema").click()
    page.get_by_label("Search fields").fill("requester.email")
    page.get_by_role("button", name="data.requester.email").click()
    expect(body).to_have_value('{"who": "{{data.requester.email}}"}')
    page.get_by_role("button", name="View event's payload schema").click()
    page.get_by_role("button", name="data.access_groups[].integration.name").click()
    expect(page.get_by_label("Rendered body")).to_contain_text("ana.lima@example.comprod-db")


@pytest.mark.parametrize(("label", "typed"), [("JSON with placeholders", '{"who": "'), ("URL", "https://a.b/?c=")])
def test_an_inserted_field_can_be_undone(page: Page, stack: Stack, label: str, typed: str) -> None:
    """With one press, and what was typed before and after it with others; then all of it done again."""
    page.goto(f"{stack.url}/#/webhooks/new")
    place = field(page, label)
    place.fill("")
    place.press_sequentially(typed)
    page.get_by_role("button", name="View event's payload schema").click()
    page.get_by_role("button", name="data.requester.email").click()
    inserted = typed + "{{data.requester.email}}"
    expect(place).to_have_value(inserted)
    expect(place).to_be_focused()
    place.press("x")
    expect(place).to_have_value(f"{inserted}x")
    place.press("Control+z")
    expect(place).to_have_value(inserted)
    place.press("Control+z")
    expect(place).to_have_value(typed)
    place.press("Control+Shift+z")
    expect(place).to_have_value(inserted)
    if label != "URL":
        assert page.locator(".copy .line").inner_text().startswith(inserted)


def test_a_field_is_inserted_where_the_browser_cannot_type_it(page: Page, stack: Stack) -> None:
    """It is there all the same, and the preview has it."""
    page.goto(f"{stack.url}/#/webhooks/new")
    page.evaluate("document.execCommand = () => false")
    body = page.get_by_label("JSON with placeholders")
    body.fill('{"who": ""}')
    body.evaluate("one => one.setSelectionRange(9, 9)")
    page.get_by_role("button", name="View event's payload schema").click()
    page.get_by_role("button", name="data.requester.email").click()
    expect(body).to_have_value('{"who": "{{data.requester.email}}"}')
    expect(page.get_by_label("Rendered body")).to_contain_text("ana.lima@example.com")


def test_a_signing_secret_is_shown_once(page: Page, stack: Stack) -> None:
    """When it is made and when it is rotated; never after that."""
    page.goto(f"{stack.url}/#/webhooks/new")
    fill_guide(page, stack)
    page.get_by_label("Signature").select_option("standard_webhooks")
    page.get_by_role("button", name="Save Webhook").click()
    dialog = page.get_by_role("dialog", name="The signing secret")
    expect(dialog.locator("code")).to_have_text(re.compile("^whsec_"))
    secret = dialog.locator("code").inner_text()
    dialog.get_by_role("button", name="Done").click()
    page.get_by_role("button", name="Rotate the secret …").click()
    expect(dialog.locator("code")).to_have_text(re.compile("^whsec_"))
    assert dialog.locator("code").inner_text() != secret
    page.reload()
    expect(field(page, "Name")).to_have_value("Torq")
    assert "whsec_" not in page.locator("main").inner_text()
