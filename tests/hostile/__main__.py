"""`make hostile`: every case in a table, then each family without one of its guards; exits with 1 if one fell short.

python -m tests.hostile [--family NAME] [--case TEXT] [--without GUARD]

With --without, the named guard is taken out of the code in memory; that cases then fall short is what is wanted.
"""
# ruff: noqa: T201 - a command prints

import argparse
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterable

from tests.hostile.guards import GUARDS, Guard, named, take_out
from tests.hostile.offline import only_loopback

ENVIRONMENT = {
    "POWERTOOLS_SERVICE_NAME": "hostile",
    "POWERTOOLS_METRICS_NAMESPACE": "Grantwire",
    "POWERTOOLS_METRICS_DISABLED": "true",
    "POWERTOOLS_LOG_LEVEL": "CRITICAL",
}


def main() -> int:
    """The exit status: 1 when a case fell short, or when none did without a guard."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--family", help="only this family's cases")
    parser.add_argument("--case", default="", help="only cases with this in their name")
    parser.add_argument("--without", metavar="GUARD", choices=[one.name for one in GUARDS], help="take a guard out")
    given = parser.parse_args()
    os.environ |= ENVIRONMENT
    only_loopback()
    if given.without:
        guard = named(given.without)
        take_out(guard)
        return 1 if run_all(guard.family, guard.cases, of_memory=guard.of_memory) else 0
    short = run_all(given.family, given.case)
    if given.case:
        return 1 if short else 0
    kept = [guard for guard in GUARDS if given.family in (None, guard.family) and not shown(guard)]
    return 1 if short or kept else 0


def run_all(family: str | None, part: str, *, of_memory: bool = True) -> int:
    """Run the cases that are asked for and print the table; how many fell short."""
    from tests.hostile.all import CASES  # not before a guard was taken out
    from tests.hostile.cases import run
    from tests.hostile.world import World

    chosen = [one for one in CASES if family in (None, one.family) and part in one.title]
    world, began, short, most = World(of_memory=of_memory), time.monotonic(), 0, 0.0
    print(f"{'case':<62} {'outcome':<66} {'time':>8} {'memory':>8}  verdict")
    for case in chosen:
        verdict = run(case, world)
        short += bool(verdict.short)
        most = max(most, verdict.megabytes)
        figures = f"{verdict.seconds:6.2f} s {verdict.megabytes:5.1f} MB"
        print(f"{_cut(case.title, 62)} {_cut(verdict.outcome, 66)} {figures}  {_said(verdict.short)}", flush=True)
    seconds = time.monotonic() - began
    print(f"{len(chosen)} cases, {short} fall short; most memory {most:.1f} MB; {seconds:.0f} s")
    return short


def _said(short: Iterable[str]) -> str:
    return "FALLS SHORT: " + _plain("; ".join(short)) if short else "holds"


def _cut(text: str, width: int) -> str:
    text = _plain(text)
    return f"{text if len(text) <= width else text[: width - 3] + '...':<{width}}"


def _plain(text: str) -> str:
    return " ".join(text.split()).encode("ascii", "backslashreplace").decode()


def shown(guard: Guard) -> bool:
    """Whether cases fall short without the guard, in a process of its own; prints how many."""
    command = [sys.executable, "-m", "tests.hostile", "--without", guard.name]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    found = re.search(r"(\d+) cases, (\d+) fall short", done.stdout)
    cases, short = (int(found[1]), int(found[2])) if found else (0, 0)
    said = f"{short} of {cases} cases fall short" if short else f"NOTHING FALLS SHORT {done.stderr[-300:]}"
    print(f"without the guard {guard.family + ': ' + guard.name:<60} {said}", flush=True)
    return short > 0


if __name__ == "__main__":
    sys.exit(main())
