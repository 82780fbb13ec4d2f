"""Where the focus is after each action, what is said aloud, and that nothing jumps: for keys and screen readers."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, Stack
from tests.browser.test_webhooks import field


def menu_of(page: Page, name: str) -> object:
    return page.locator("tr", has_text=name).locator("summary")


def test_the_focus_stays_in_the_table(stack: Stack, open_page: OpenPage) -> None:
    """Switched over: at the same menu. Deleted: at the next one's; after the last one at Add Webhook."""
    for name in ("Alpha", "Beta"):
        stack.webhook(name)
    page = open_page(f"{stack.url}/")
    for action, then in (("Switch off", "inactive"), ("Switch on", "active")):
        menu_of(page, "Alpha").press("Enter")  # type: ignore[attr-defined]
        page.get_by_role("button", name=action).press("Enter")
        expect(page.get_by_role("status").filter(has_text=f"Alpha is {then} now.")).to_be_visible()
        expect(menu_of(page, "Alpha")).to_be_focused()  # type: ignore[call-overload]
    for name, at in (("Alpha", menu_of(page, "Beta")), ("Beta", page.locator("summary", has_text="Add Webhook"))):
        menu_of(page, name).press("Enter")  # type: ignore[attr-defined]
        page.locator("tr", has_text=name).get_by_role("button", name="Delete …").press("Enter")
        expect(page.get_by_label("Type its name to delete it")).to_be_focused()
        page.keyboard.type(name)
        page.keyboard.press("Enter")
        expect(page.get_by_role("status").filter(has_text=f"{name} is deleted.")).to_be_visible()
        expect(at).to_be_focused()  # type: ignore[call-overload]


def test_a_row_that_is_removed_leaves_the_focus_at_the_next(page: Page, stack: Stack) -> None:
    """Rows are counted aloud; after the last one the focus is where one is added. A value that goes is told of."""
    page.goto(f"{stack.url}/#/webhooks/new")
    add = page.get_by_role("button", name="Add header")
    for name in ("X-First", "X-Second", "X-Third"):
        add.press("Enter")
        page.keyboard.type(name)
    page.get_by_role("button", name="Remove header 2").press("Enter")
    expect(page.get_by_role("group", name="header 2").get_by_label("Name")).to_have_value("X-Third")
    expect(page.get_by_role("button", name="Remove header 2")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Remove header 1")).to_be_focused()
    page.keyboard.press("Enter")
    expect(add).to_be_focused()
    page.get_by_role("button", name="Add filter").press("Enter")
    values = page.get_by_role("textbox", name="Values, any of")
    for value in ("one", "two"):
        values.press_sequentially(value)
        values.press("Enter")
    page.get_by_role("button", name="Remove one").press("Enter")
    expect(values).to_be_focused()
    expect(page.get_by_role("status").filter(has_text="one is removed.")).to_be_visible()
    values.press("Backspace")
    expect(page.get_by_role("button", name="Remove two")).to_have_count(0)


def test_saving_leaves_the_focus_where_it_was(stack: Stack, open_page: OpenPage) -> None:
    """By Enter in a field, though the whole form is filled anew with what is stored."""
    webhook = stack.webhook()
    page = open_page(f"{stack.url}/#/webhooks/{webhook['id']}")
    field(page, "Timeout in seconds").fill("7")
    field(page, "Timeout in seconds").press("Enter")
    expect(page.get_by_text("Saved.", exact=True)).to_be_visible()
    expect(field(page, "Timeout in seconds")).to_be_focused()


def test_a_panel_gives_the_focus_back_and_goes_with_its_page(stack: Stack, open_page: OpenPage) -> None:
    """Escape: back at its button. What is said while it is open is said in it. It does not lie over another page."""
    webhook = stack.webhook()
    page = open_page(f"{stack.url}/")
    page.get_by_role("link", name="Torq", exact=True).click()
    page.get_by_role("button", name="Test", exact=True).click()
    view = page.get_by_role("button", name="View Invocation Data")
    view.press("Enter")
    panel = page.get_by_role("dialog", name="Invocation data")
    panel.get_by_role("button", name="Copy").first.click()
    expect(panel.get_by_role("status")).to_have_text(re.compile("Copied|does not permit copying"))
    page.keyboard.press("Escape")
    expect(view).to_be_focused()
    view.press("Enter")
    expect(panel).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="Webhooks")).to_be_focused()
    expect(panel).to_have_count(0)
    assert page.title() == "Webhooks · Grantwire"
    expect(page.get_by_role("navigation", name="Main").get_by_role("link")).to_have_attribute("aria-current", "page")
    page.go_forward()
    expect(page.get_by_role("heading", name=webhook["name"])).to_be_focused()
    assert page.title() == "Torq · Grantwire"


def test_a_one_time_secret_is_not_lost_by_a_click_beside_it(stack: Stack, open_page: OpenPage) -> None:
    """Only its own buttons and Escape close it."""
    webhook = stack.webhook(signing={"kind": "standard_webhooks"})
    page = open_page(f"{stack.url}/#/webhooks/{webhook['id']}")
    page.get_by_role("button", name="Rotate the secret …").click()
    dialog = page.get_by_role("dialog", name="The signing secret")
    expect(dialog).to_be_visible()
    page.mouse.click(5, 5)
    expect(dialog).to_be_visible()


def test_a_mistake_in_a_template_moves_nothing(stack: Stack, open_page: OpenPage) -> None:
    """The preview stays, as that of before; the line that is marked can still be read."""
    webhook = stack.webhook()
    page = open_page(f"{stack.url}/#/webhooks/{webhook['id']}")
    output = page.get_by_label("Rendered body")
    expect(output).to_contain_text("Ana Lima")
    before = output.bounding_box()
    body = page.get_by_label("JSON with placeholders")
    pictures = []
    for words in ("{{#data}}", "{{#abcd}}"):
        body.fill(f'{{\n  "what": "{words}"\n}}')
        expect(page.get_by_text(re.compile(f"close it with {words.replace('#', '/')}")).first).to_be_visible()
        expect(page.get_by_text("As it was before. The template has a mistake.")).to_be_visible()
        assert output.bounding_box() == before
        page.mouse.move(0, 0)
        pictures.append(page.locator(".line.wrong").screenshot(caret="hide"))
    assert pictures[0] != pictures[1], "the mark lies over the words"
    body.fill('{"who": "{{data.requester.name}}"}')
    expect(page.get_by_text("As it was before.")).to_have_count(0)


def test_a_job_that_is_watched_leaves_the_focus_alone(stack: Stack, open_page: OpenPage) -> None:
    """Cancel stays the same button while progress is shown; it can be pressed by keyboard, and the end is told."""
    webhook = stack.webhook()
    page = open_page(f"{stack.url}/#/nowhere", expected="404")
    job = {"id": "rpl_1", "state": "running", "total": 9, "replayed": 0, "created_at": "2026-11-26T08:00:00Z"}
    page.route(re.compile(r"/replays$"), lambda route: route.fulfill(json={"items": [job]}))

    def progress(route: object) -> None:
        job["replayed"] = int(str(job["replayed"])) + 1
        route.fulfill(json=job)  # type: ignore[attr-defined]

    page.route(re.compile(r"/replays/rpl_1$"), progress)
    page.route(re.compile(r"/cancel$"), lambda route: route.fulfill(json=job | {"state": "cancelled"}))
    page.goto(f"{stack.url}/#/webhooks/{webhook['id']}/deliveries")
    page.get_by_role("button", name="Cancel").focus()
    expect(page.locator(".job")).to_contain_text("2 of 9")
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="Cancelled:")).to_be_visible()
    expect(page.locator(".job")).to_be_focused()


def test_a_replay_leaves_what_one_reads_as_it_is(stack: Stack, open_page: OpenPage) -> None:
    """The focus on Replay, and an attempt's headers open, while the new attempt comes in."""
    webhook = stack.webhook()
    stack.event()
    (delivery,) = stack.wait_for_deliveries(webhook["id"], state="succeeded")
    page = open_page(f"{stack.url}/#/deliveries/{delivery['id']}")
    page.get_by_text(re.compile("^Headers")).first.click()
    page.get_by_role("button", name="Replay").press("Enter")
    expect(page.locator("details.attempt")).to_have_count(2, timeout=15_000)
    expect(page.get_by_role("button", name="Replay")).to_be_focused()
    expect(page.get_by_role("status").filter(has_text="Replayed: succeeded.")).to_be_visible()
