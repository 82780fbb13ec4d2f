"""What must hold on every page: for eyes that see little, for narrow screens, for the keyboard, for slow lines."""

import json
from importlib.resources import files
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from local.torq import TOKEN
from tests.browser.conftest import OpenPage, Stack
from tests.browser.pages import PAGES, prepare, serve_many

AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
MOST_BYTES, MOST_REQUESTS = 60 * 1024, 6


@pytest.fixture(scope="module")
def ids(running: Stack) -> dict[str, str]:
    """Webhooks and deliveries that stay as they are for all of these tests."""
    running.clear()
    return prepare(running)


def faults(page: Page) -> list[str]:
    """What axe-core finds: the rule, how grave, and where."""
    page.evaluate(AXE)
    options = {"runOnly": {"type": "tag", "values": TAGS}}
    found: list[dict[str, Any]] = page.evaluate("options => axe.run(document, options)", options)["violations"]
    return [
        f"{one['impact']} {one['id']}: {one['help']}: {[' '.join(node['target']) for node in one['nodes']][:3]}"
        for one in found
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_no_fault(running: Stack, ids: dict[str, str], open_page: OpenPage, name: str, scheme: str) -> None:
    """Not a serious one, nor a slight one."""
    page = open_page(f"{running.url}/", color_scheme=scheme)
    PAGES[name](page, running, ids)
    assert faults(page) == []


def test_axe_finds_what_is_wrong(running: Stack, ids: dict[str, str], open_page: OpenPage) -> None:
    """The test above can fail: an input that has lost its label is found."""
    page = open_page(f"{running.url}/")
    PAGES["webhook"](page, running, ids)
    page.evaluate("document.querySelector('[data-key=url] label').remove()")
    page.evaluate("document.querySelector('[data-key=url] input').removeAttribute('placeholder')")
    assert any("critical label" in one for one in faults(page))


@pytest.mark.parametrize("name", PAGES)
def test_a_narrow_screen_needs_no_sideways_scrolling(
    running: Stack, ids: dict[str, str], open_page: OpenPage, name: str
) -> None:
    """At 360 pixels, in the page and in a dialog over it."""
    page = open_page(f"{running.url}/", viewport={"width": 360, "height": 740})
    PAGES[name](page, running, ids)
    wider = page.evaluate(
        """() => [document.documentElement, ...document.querySelectorAll("dialog")]
            .filter((one) => one.scrollWidth > one.clientWidth).map((one) => [one.tagName, one.scrollWidth])"""
    )
    assert wider == []


def test_the_apis_description_fits_a_narrow_screen(running: Stack, open_page: OpenPage) -> None:
    """At 360 pixels; code in its sentences looks like code, without the backticks it is written with."""
    page = open_page(f"{running.url}/api/docs", viewport={"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    expect(page.get_by_role("code").filter(has_text="x-scope").first).to_be_visible()
    told = page.locator("p, td, h1, h2, h3").all_inner_texts()
    assert [one for one in told if "`" in one] == []


def test_the_first_load_is_small(running: Stack, ids: dict[str, str], browser: Browser) -> None:
    """The table with its webhooks: bytes as they are before compression, and every request counted, the API's too."""
    with browser.new_context() as context:
        page = context.new_page()
        answers = []
        page.on("response", lambda one: answers.append(one) if not one.url.startswith("data:") else None)
        page.goto(f"{running.url}/")
        expect(page.get_by_role("link", name="Torq", exact=True)).to_be_visible()
        page.wait_for_load_state("networkidle")
        assert len(answers) <= MOST_REQUESTS, [one.url for one in answers]
        assert sum(len(one.body()) for one in answers) <= MOST_BYTES


def test_modules_are_kept_and_the_page_is_asked_for(running: Stack, ids: dict[str, str], open_page: OpenPage) -> None:
    """On the second visit nothing but the page itself and the API's data comes over the line."""
    page = open_page(f"{running.url}/")
    expect(page.get_by_role("link", name="Torq", exact=True)).to_be_visible()
    page.reload()
    expect(page.get_by_role("link", name="Torq", exact=True)).to_be_visible()
    sizes = page.evaluate(
        """() => performance.getEntriesByType("resource").filter((one) => one.name.endsWith(".js"))
            .map((one) => one.transferSize)"""
    )
    assert sizes
    assert set(sizes) == {0}


def test_a_thousand_webhooks_come_as_one_scrolls(running: Stack, ids: dict[str, str], open_page: OpenPage) -> None:
    """Fifty at a time, all of them in the end."""
    page = open_page(f"{running.url}/#/nowhere", expected="404")
    serve_many(page, 1000)
    page.goto(f"{running.url}/#/webhooks")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(50)
    for _ in range(60):
        page.mouse.wheel(0, 20_000)
        page.wait_for_timeout(50)
    expect(rows).to_have_count(1000)
    assert len(set(rows.evaluate_all("rows => rows.map((one) => one.dataset.id)"))) == 1000


def test_the_form_by_keyboard_alone(running: Stack, open_page: OpenPage) -> None:
    """From the table to a saved webhook without touching the mouse: Tab, Enter, space, arrows, typing."""
    running.clear()
    page = open_page(f"{running.url}/")
    expect(page.get_by_role("heading", name="No webhooks yet")).to_be_visible()
    keys = page.keyboard
    tab_to(page, "summary", "Add Webhook")
    keys.press("Enter")
    keys.press("Tab")
    keys.press("Enter")
    expect(page.get_by_role("heading", name="New Request Webhook")).to_be_focused()
    tab_to(page, "input", "Name")
    keys.type("By keyboard")
    tab_to(page, "input", "URL")
    keys.type(running.torq)
    tab_to(page, "button", "Add header")
    keys.press("Enter")
    keys.type("Authorization")
    tab_to(page, "input", "Value")
    keys.type(f"Bearer {TOKEN}")
    tab_to(page, "input", "RequestGranted")
    keys.press("Space")
    tab_to(page, "button", "Add filter")
    keys.press("Enter")
    keys.type("integration")
    tab_to(page, "input", "Values, any of")
    keys.type("prod-db")
    keys.press("Enter")
    tab_to(page, "button", "Test")
    keys.press("Enter")
    expect(page.get_by_text("Test successful")).to_be_visible()
    tab_to(page, "button", "Save Webhook")
    keys.press("Enter")
    expect(page.get_by_role("heading", name="By keyboard")).to_be_visible()
    (saved,) = running.ask("GET", "/webhooks")["items"]
    stored = running.ask("GET", f"/webhooks/{saved['id']}")
    assert stored["triggers"] == ["RequestCreated", "RequestGranted"]
    assert stored["filters"] == [{"field": "integration", "operator": "is", "values": ["prod-db"]}]


def tab_to(page: Page, tag: str, label: str) -> None:
    """Presses Tab until the focus is where it is to be; what has it must be seen to have it."""
    for _ in range(80):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            """() => {
                const one = document.activeElement;
                const name = one.labels?.[0]?.innerText ?? one.getAttribute("aria-label") ?? one.innerText;
                const style = getComputedStyle(one);
                const lined = style.outlineStyle !== "none" || one.closest(".editor") !== null;
                const bar = document.querySelector(".bottom");
                const { bottom } = one.getBoundingClientRect();
                const below = bar && !bar.contains(one) && bottom > bar.getBoundingClientRect().top;
                return [one.tagName.toLowerCase(), name ?? "", lined && !below];
            }"""
        )
        assert focused[2], f"nobody sees that {focused} has the focus"
        if focused[0] == tag and focused[1].startswith(label):
            return
    raise AssertionError(f"Tab does not lead to {label}: {json.dumps(focused)}")
