"""How long five filters take on an event of 2 KB, beside the same conditions in jsonpath-ng and in a Jinja2 sandbox.

All are compiled before the clock starts, as they are in a function that has seen the webhook before. They take turns,
and the fastest round of each counts, since whatever else the machine does only adds. Each must let the event pass, and
must not let one pass that differs in the value the last condition looks at.
"""

import argparse
import copy
import importlib.util
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from grantwire import filters
from grantwire.models import Filter, RequestEvent

TARGET_US: Final = 20.0
EVENT_BYTES: Final = 2048
_CALLS: Final = 40  # few, so that some rounds pass undisturbed
ROOT: Final = Path(__file__).parents[1]
FILTERS: Final = (
    ("integration", "is", ("staging-db", "prod-db")),
    ("requester", "ends_with", ("@example.com",)),
    ("resource", "matches", ("prod-db/pay*",)),
    ("data.access_groups[].access_units[].permission.name", "does_not_contain", ("admin", "owner")),
    ("duration", "less_than", ("28800",)),
)
_UNITS: Final = "data.access_groups | map(attribute='access_units') | sum(start=[])"
_JINJA: Final = (
    *(f"data.access_groups | map(attribute='integration.{key}') | select('wanted') | first" for key in ("id", "name")),
    *(f"data.requester.{key}.lower().endswith('@example.com')" for key in ("id", "name", "email")),
    *(f"{_UNITS} | map(attribute='resource.{key}') | select('payments') | first" for key in ("id", "name", "path")),
)
_EXPRESSION: Final = f"""
({" or ".join(_JINJA[:2])}) and ({" or ".join(_JINJA[2:5])}) and ({" or ".join(_JINJA[5:])})
and not ({_UNITS} | map(attribute='permission.name') | select('admins') | first)
and data.access_duration_in_seconds < 28800
"""

Passes = Callable[[RequestEvent], bool]


def payload() -> dict[str, Any]:
    """The payload of a created request, with units and a justification until it is as large as such events are."""
    detail: dict[str, Any] = json.loads((ROOT / "events/request_created.json").read_text(encoding="utf-8"))["detail"]
    units = detail["data"]["access_groups"][0]["access_units"]
    units += [copy.deepcopy(units[0]) for _ in range(2)]
    for number, unit in enumerate(units[:-1]):
        unit["resource"] |= {"id": f"res-{number}", "name": f"table-{number}", "path": f"prod-db/table-{number}"}
    missing = EVENT_BYTES - len(json.dumps(detail, separators=(",", ":")))
    detail["data"]["justification"] += "." * max(missing, 0)
    return detail


def grantwire(*, explained: bool) -> Passes:
    """Our own: with or without the values found."""
    ours = tuple(Filter(field=field, operator=operator, values=values) for field, operator, values in FILTERS)

    def explains(event: RequestEvent) -> bool:
        return all(verdict.holds for verdict in filters.explain(ours, event))

    def meets(event: RequestEvent) -> bool:
        return filters.first_unmet(ours, event) is None

    return explains if explained else meets


def jsonpath() -> Passes:
    """jsonpath-ng finds the values, Python compares them."""
    from jsonpath_ng import parse  # type: ignore[attr-defined]

    groups, units = "data.access_groups[*]", "data.access_groups[*].access_units[*]"
    integration = [parse(f"{groups}.integration.{key}") for key in ("id", "name")]
    requester = [parse(f"data.requester.{key}") for key in ("id", "name", "email")]
    resource = [parse(f"{units}.resource.{key}") for key in ("id", "name", "path")]
    permission = [parse(f"{units}.permission.name")]
    duration = [parse("data.access_duration_in_seconds")]

    def found(paths: list[Any], event: RequestEvent) -> list[Any]:
        return [node.value for path in paths for node in path.find(event.payload)]

    def passes(event: RequestEvent) -> bool:
        return (
            any(_wanted(one) for one in found(integration, event))
            and any(one.casefold().endswith("@example.com") for one in found(requester, event))
            and any(_payments(one) for one in found(resource, event))
            and not any(_admins(one) for one in found(permission, event))
            and any(one < 28800 for one in found(duration, event))
        )

    return passes


def jinja() -> Passes:
    """One compiled expression of the sandbox, with Python's own comparisons as its tests."""
    from jinja2.sandbox import SandboxedEnvironment

    environment = SandboxedEnvironment()
    environment.tests |= {"wanted": _wanted, "payments": _payments, "admins": _admins}
    expression = environment.compile_expression(_EXPRESSION)
    return lambda event: bool(expression(event.payload))


def _wanted(text: str) -> bool:
    return text.casefold() in ("staging-db", "prod-db")


def _payments(text: str) -> bool:
    return text.casefold().startswith("prod-db/pay")


def _admins(text: str) -> bool:
    return any(part in text.casefold() for part in ("admin", "owner"))


def event_of(detail: dict[str, Any]) -> RequestEvent:
    """An event with this payload."""
    return RequestEvent(id="evt_bench", trigger="RequestCreated", time=0.0, payload=detail)


def fastest(cases: dict[str, Passes], event: RequestEvent, rounds: int) -> dict[str, float]:
    """Microseconds of each case's fastest round; they take turns."""
    taken = dict.fromkeys(cases, float("inf"))
    for _ in range(rounds):
        for name, passes in cases.items():
            started = time.perf_counter()
            for _ in range(_CALLS):
                passes(event)
            taken[name] = min(taken[name], (time.perf_counter() - started) / _CALLS * 1e6)
    return taken


def main() -> None:
    """Print the figures, ours first."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=300)
    given = arguments.parse_args()
    cases = {"first_unmet": grantwire(explained=False), "explain": grantwire(explained=True), "jsonpath-ng": jsonpath()}
    if importlib.util.find_spec("jinja2"):
        cases["jinja2, sandboxed"] = jinja()
    detail = payload()
    other = copy.deepcopy(detail)
    other["data"]["access_duration_in_seconds"] = 28800
    for name, passes in cases.items():
        assert passes(event_of(detail)), f"{name} does not let the event pass"
        assert not passes(event_of(other)), f"{name} lets an event pass that it should not"
    figures = fastest(cases, event_of(detail), given.rounds)
    ours = figures["first_unmet"]
    for name, taken in figures.items():
        print(f"{name:40} {taken:7.1f} µs for five filters, {taken / ours:.1f} times first_unmet")
    if "jinja2, sandboxed" not in figures:
        print(f"{'jinja2, sandboxed':40} not measured: jinja2 is not installed here")
    verdict = "met" if ours <= TARGET_US else "MISSED"
    print(f"{'first_unmet, target':40} {ours:7.1f} µs (target ≤ {TARGET_US:g}: {verdict})")


if __name__ == "__main__":
    main()
