"""A hostile case: what is done to Grantwire, what must come of it, and how it is measured and judged."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from tests.hostile.world import World

LATE_SECONDS: Final = 0.25  # how much later than its deadline an exchange may end
MOST_MEGABYTES: Final = 20.0


@dataclass(frozen=True, kw_only=True)
class Came:
    """What came of a case: the outcome in the words a user sees, and what was harmed by it; empty when nothing was."""

    outcome: str
    harm: str = ""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One hostile case.

    attack   does it, and says what came of it
    expects  the outcome, as a pattern for the whole of it
    within   seconds it may take: its deadline, for what has one
    works    whether it is work and no waiting: then these are seconds of the processor
    slow     left to `make hostile`, since it takes its whole deadline or megabytes
    """

    family: str
    name: str
    attack: Callable[[World], Came]
    expects: str
    within: float = 1.0
    works: bool = False
    slow: bool = False

    @property
    def title(self) -> str:
        """Family and name."""
        return f"{self.family}: {self.name}"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A case that was run: how long it took, by how much memory grew at most, and in what it fell short."""

    case: Case
    outcome: str
    seconds: float
    megabytes: float
    short: tuple[str, ...]


def run(case: Case, world: World, *, late_seconds: float = LATE_SECONDS) -> Verdict:
    """Run a case, and judge it. An exception is an outcome that no case expects."""
    meter = world.meter
    meter.start()
    try:
        came = case.attack(world)
    except Exception as exc:
        came = Came(outcome=f"{type(exc).__name__}: {exc}"[:200])
    meter.stop()
    seconds = meter.cpu_seconds if case.works else meter.seconds
    short = _short(case, came, seconds - late_seconds, meter.megabytes)
    return Verdict(case=case, outcome=came.outcome, seconds=seconds, megabytes=meter.megabytes, short=tuple(short))


def _short(case: Case, came: Came, seconds: float, megabytes: float) -> Iterable[str]:
    if not re.fullmatch(case.expects, came.outcome, re.DOTALL):
        yield f"expected {case.expects}"
    if came.harm:
        yield came.harm
    if seconds > case.within:
        yield f"later than its {case.within:g} s"
    if megabytes > MOST_MEGABYTES:
        yield f"{megabytes:.0f} MB more memory"
