"""What was asked for, what was measured, and what stands in the way where it is missed."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """One target.

    way_out  what stands in the way, or what to do; shown when it is missed
    """

    what: str
    asked: str
    measured: str
    holds: bool
    way_out: str = ""

    def row(self) -> tuple[str, str, str, str]:
        """A row of the table."""
        return self.what, self.asked, self.measured, verdict(holds=self.holds) + self._reason()

    def _reason(self) -> str:
        return f": {self.way_out}" if self.way_out and not self.holds else ""


HEAD: Sequence[str] = ("", "target", "measured", "")


def verdict(*, holds: bool) -> str:
    """Whether a target is met, in words."""
    return "met" if holds else "**missed**"


def at_most(what: str, value: float, target: float, *, unit: str = "", way_out: str = "") -> Target:
    """A target that is met by little."""
    return Target(what, f"≤ {unit}{target:g}", f"{unit}{value:.2f}", holds=value <= target, way_out=way_out)
