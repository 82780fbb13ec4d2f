"""A store, a queue or a key as a worker sees it: each call takes time, and may fail before or after it took effect."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from grantwire.errors import StoreError
from grantwire.models import Delivery, RequestEvent, Webhook
from tests.fakes import FakeSubscription
from tests.simulation.faults import Fault, Faults
from tests.simulation.hub import CrashError, Hub

T = TypeVar("T")
_OWN_WRITE = frozenset(
    {"keep_event", "claim_new", "postpone"}
)  # written once more, the real store finds its own token in the row
_STALE = frozenset(
    {"overdue", "parked", "subscriptions"}
)  # these reads may be as old as they took: they are not consistent ones


class _Unreliable:
    """Stands for `inner`, whose methods it calls as steps."""

    def __init__(self, inner: object, service: str, hub: Hub, faults: Faults) -> None:
        self._inner, self._service, self._hub, self._faults = inner, service, hub, faults

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)

        def step(*args: Any, **kwargs: Any) -> Any:
            return self._step(name, lambda: method(*args, **kwargs))

        self.__dict__[name] = step
        return step

    def _step(self, name: str, effect: Callable[[], Any]) -> Any:
        hub, faults = self._hub, self._faults
        fault = faults.at_step(self._service, hub.now)
        early = effect() if name in _STALE else None
        hub.pause(faults.latency(hub.now))
        if fault is Fault.CRASH_BEFORE:
            raise CrashError(f"before {name}")
        if fault is Fault.ERROR_BEFORE:
            hub.trace(f"{name}: StoreError before its effect")
            raise StoreError(f"{name} failed")
        result = early if name in _STALE else effect()
        if fault is Fault.REPEATED:
            again = effect()
            result = result if name in _OWN_WRITE else again
        if hub.tracing and result != []:
            hub.trace(f"{name}{' (repeated)' if fault is Fault.REPEATED else ''} -> {spoken(result)}")
        if fault is Fault.CRASH_AFTER:
            raise CrashError(f"after {name}")
        if fault is Fault.ERROR_AFTER:
            hub.trace(f"{name}: StoreError after its effect")
            raise StoreError(f"{name} failed")
        return result


def unreliable(inner: T, service: str, hub: Hub, faults: Faults) -> T:
    """`inner`, whose methods take time and fail."""
    return cast(T, _Unreliable(inner, service, hub, faults))


def spoken(value: object) -> str:
    """A value in few words."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(spoken(one) for one in value)}]"
    if isinstance(value, Delivery):
        times = ("due_at", "lease_until", "sweep_at", "parked_for")
        said = [f"{name} {found}" for name in times if (found := getattr(value, name)) is not None]
        return f"{value.webhook_id} {value.event_id[:8]} {value.state} {value.attempts} {' '.join(said)}"
    if isinstance(value, RequestEvent):
        return value.id[:8]
    if isinstance(value, Webhook):
        return f"{value.id}{'' if value.active else ' (inactive)'}"
    if isinstance(value, FakeSubscription):
        return f"{value.webhook_id}{'' if value.active else ' (inactive)'}"
    return str(value)
