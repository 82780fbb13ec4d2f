"""`make screenshots`: a picture of every page of the console, light and dark, into docs/images/."""

import sys
from typing import Final

from playwright.sync_api import sync_playwright

from local import ROOT
from tests.browser.conftest import CHROMIUM, Stack
from tests.browser.pages import PAGES, prepare
from tests.stack_process import running_stack

FOLDER: Final = ROOT / "docs" / "images"
SIZE: Final = {"width": 1120, "height": 760}
QUALITY: Final = 72  # of a JPEG: some 60 KB a page, and letters without a halo


def main() -> int:
    """Starts a stack, fills it, goes through the pages."""
    FOLDER.mkdir(exist_ok=True)
    with running_stack(ROOT / "webhooks", pace=20.0) as url:
        urls = {one["name"]: one["url"] for one in Stack(url, "", "").ask("GET", "/webhooks")["items"]}
        stack = Stack(url, urls["Torq"], urls["Busy Torq"])
        stack.clear()
        ids = prepare(stack)
        for scheme in ("light", "dark"):
            take(stack, ids, scheme)
    return 0


def take(stack: Stack, ids: dict[str, str], scheme: str) -> None:
    """One picture of each page."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for name, visit in PAGES.items():
            page = browser.new_page(viewport=SIZE, color_scheme=scheme, locale="en-GB")  # type: ignore[arg-type]
            page.goto(f"{stack.url}/")
            visit(page, stack, ids)
            path = FOLDER / f"{name}-{scheme}.jpg"
            page.screenshot(path=path, quality=QUALITY, type="jpeg", animations="disabled", caret="hide")
            sys.stdout.write(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1024} KB\n")
            page.close()
        browser.close()


if __name__ == "__main__":
    sys.exit(main())
