"""Runs the simulation: `make simulate SEEDS=100000`, or one seed with every step: `make simulate SEED=123`."""
# ruff: noqa: T201 - a command prints

import argparse
import contextlib
import itertools
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Generator, Iterable

from tests.simulation.world import Code, Seen, World, silence


def simulate(seeds: Iterable[int], code: Code | None = None) -> Generator[Seen, None, None]:
    """What each seed came to."""
    with silence():
        for seed in seeds:
            yield World(seed, code or Code()).run()


def broken(seeds: Iterable[int], code: Code | None = None) -> Seen | None:
    """The first seed that breaks a promise, None when all of them hold."""
    with contextlib.closing(simulate(seeds, code)) as all_seen:
        return next((seen for seen in all_seen if seen.violation), None)


def story(seed: int) -> str:
    """Every step of one seed, and what it came to."""
    with silence():
        seen = World(seed, tracing=True).run()
    return "\n".join([*seen.lines, seen.violation or "every promise held"])


def told(seen: Seen) -> str:
    """What was broken, and the command that shows how."""
    return f"{seen.violation}\n    make simulate SEED={seen.seed}"


def _chunk(seeds: range) -> tuple[int, list[str], Counter[str]]:
    counts: Counter[str] = Counter()
    failures = []
    for seen in simulate(seeds):
        counts.update(seen.counts)
        if seen.violation:
            failures.append(told(seen))
    return len(seeds), failures, counts


def _many(first: int, seeds: int) -> int:
    began, done, failed = time.monotonic(), 0, 0
    counts: Counter[str] = Counter()
    chunks = [range(start, min(start + 500, first + seeds)) for start in range(first, first + seeds, 500)]
    with multiprocessing.Pool() as pool:
        for number, failures, some in pool.imap_unordered(_chunk, chunks):
            done, failed = done + number, failed + len(failures)
            counts.update(some)
            for failure in itertools.islice(failures, max(0, 10 - failed + len(failures))):
                print(failure)
    seconds = time.monotonic() - began
    print(f"{done} seeds, {failed} failed, {done / seconds:.0f} a second")
    print(", ".join(f"{what} {number}" for what, number in sorted(counts.items())))
    return 1 if failed else 0


def main() -> int:
    """The exit status: 1 when a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20_000, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--seed", type=int, help="one only, with every step")
    given = parser.parse_args()
    if given.seed is None:
        return _many(given.first, given.seeds)
    text = story(given.seed)
    print(text)
    return 0 if text.endswith("every promise held") else 1


if __name__ == "__main__":
    sys.exit(main())
