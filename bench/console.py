"""How the console feels: its first load, a table of 1,000 webhooks that one scrolls and searches, a template of 64 KB.

In a real Chromium against `make run`'s own stack; the list of webhooks is answered in the API's place, since moto takes
minutes to store so many. A frame is the time from one animation frame to the next, 16.7 ms when nothing holds it up; a
long task is what keeps the page from answering for more than 50 ms; a key's time is that from pressing it to seeing it.
What else the machine does is measured too: run it with nothing beside it.
"""

import sys
from collections.abc import Callable, Sequence
from typing import Any, Final

from playwright.sync_api import Browser, Page, sync_playwright

from local import ROOT
from tests.browser.conftest import CHROMIUM
from tests.browser.pages import serve_many
from tests.stack_process import running_stack

COUNT: Final = 1000
TEMPLATE_BYTES: Final = 64 * 1024
TYPED: Final = "a person types at sixteen keys a second"
DELAY_MS: Final = 60
SETTLED_MS: Final = 1500  # by then the preview has been shown
# Notes frames, long tasks and keys from the moment that `watched` is called until `seen` is.
WATCH: Final = """
    const lengths = [], tasks = [], keys = [];
    let last = null, watching = false;
    const tick = (now) => {
        if (watching && last !== null) lengths.push(now - last);
        last = now;
        requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
    const note = (into) => (list) => { if (watching) into.push(...list.getEntries().map((one) => one.duration)); };
    new PerformanceObserver(note(tasks)).observe({ type: "longtask" });
    new PerformanceObserver((list) => { if (watching) keys.push(...list.getEntries()
        .filter((one) => one.name === "keydown").map((one) => one.duration)); })
        .observe({ type: "event", durationThreshold: 16 });
    window.watched = () => { lengths.length = tasks.length = keys.length = 0; watching = true; };
    window.seen = () => { watching = false; return { lengths, tasks, keys }; };
"""


def main() -> int:
    """Prints a line for each."""
    with running_stack(ROOT / "webhooks") as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for name, measure in MEASURES.items():
            for line in measure(browser, url):
                sys.stdout.write(f"{name}: {line}\n")
        browser.close()
    return 0


def first_load(browser: Browser, url: str) -> list[str]:
    """With the stack's own webhooks; every request counted, the API's too."""
    page = _page(browser)
    answers: list[Any] = []
    page.on("response", lambda one: answers.append(one) if not one.url.startswith("data:") else None)
    page.goto(f"{url}/")
    page.locator("tbody tr").first.wait_for()
    shown = page.evaluate("performance.now()")
    page.wait_for_load_state("networkidle")
    whole = sum(len(one.body()) for one in answers)
    sent = page.evaluate(
        """() => [performance.getEntriesByType("navigation")[0], ...performance.getEntriesByType("resource")]
            .reduce((sum, one) => sum + one.transferSize, 0)"""
    )
    return [f"{len(answers)} requests, {whole:,} bytes ({sent:,} as sent); the table is there after {shown:.0f} ms"]


def scrolling(browser: Browser, url: str) -> list[str]:
    """From the first webhook to the last, as one turns a wheel without a pause, and back when all are there."""
    page = _table(browser, url)
    down = _watched(page, lambda: _scroll_down(page))
    back = _watched(page, lambda: _turn(page, -1200, 70))
    return [f"down, as they come: {down}", f"up again: {back}"]


def searching(browser: Browser, url: str) -> list[str]:
    """With all webhooks shown."""
    page = _table(browser, url)
    _scroll_down(page)
    page.evaluate("scrollTo(0, 0)")
    page.get_by_label("Search by name").focus()
    return [_watched(page, lambda: page.keyboard.type(TYPED, delay=DELAY_MS))]


def typing(browser: Browser, url: str) -> list[str]:
    """In the middle of a template of 64 KB: of many lines, and of a single one."""
    line = f'"{"x" * 40}": "{{{{data.id}}}}",'
    return [
        f"1,000 lines: {_typed_into(browser, url, f'  {line}{chr(10)}')}",
        f"one line: {_typed_into(browser, url, f'{line} ')}",
    ]


def _typed_into(browser: Browser, url: str, line: str) -> str:
    page = _page(browser)
    page.goto(f"{url}/#/webhooks/new")
    body = page.get_by_label("JSON with placeholders")
    body.fill((line * (TEMPLATE_BYTES // len(line)))[: TEMPLATE_BYTES - len(TYPED)])
    body.evaluate("one => one.setSelectionRange(one.value.length / 2, one.value.length / 2)")
    page.wait_for_timeout(SETTLED_MS)
    return _watched(page, lambda: page.keyboard.type(TYPED, delay=DELAY_MS))


MEASURES: Final[dict[str, Callable[[Browser, str], list[str]]]] = {
    "first load": first_load,
    f"scrolling through {COUNT:,} webhooks": scrolling,
    f"searching among {COUNT:,} webhooks": searching,
    "typing in a template of 64 KB": typing,
}


def _page(browser: Browser) -> Page:
    page = browser.new_page(viewport={"width": 1200, "height": 900}, locale="en-GB")
    page.add_init_script(WATCH)
    return page


def _table(browser: Browser, url: str) -> Page:
    page = _page(browser)
    serve_many(page, COUNT)
    page.goto(f"{url}/#/webhooks")
    page.locator("tbody tr").first.wait_for()
    return page


def _scroll_down(page: Page) -> None:
    while page.locator("tbody tr").count() < COUNT:
        _turn(page, 1200, 5)


def _turn(page: Page, pixels: int, times: int) -> None:
    for _ in range(times):
        page.mouse.wheel(0, pixels)
        page.wait_for_timeout(50)


def _watched(page: Page, act: Callable[[], None]) -> str:
    page.evaluate("watched()")
    act()
    page.wait_for_timeout(300)
    seen = page.evaluate("seen()")
    tasks = f"{len(seen['tasks'])} long tasks"
    parts = [
        _spread("frames", seen["lengths"]),
        f"{tasks}, the longest {max(seen['tasks']):.0f} ms" if seen["tasks"] else tasks,
    ]
    return "; ".join([*parts, *([_spread("keys", seen["keys"])] if seen["keys"] else [])])


def _spread(name: str, lengths: Sequence[float]) -> str:
    ordered = sorted(lengths)
    p50, p99 = (ordered[min(len(ordered) - 1, int(len(ordered) * part))] for part in (0.5, 0.99))
    return f"{name} p50 {p50:.1f} ms, p99 {p99:.1f} ms, worst {ordered[-1]:.1f} ms"


if __name__ == "__main__":
    sys.exit(main())
