"""`circuits`: what counts against a receiver, when it opens the circuit, and how those of many receivers go on."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from grantwire.circuits import (
    FEWEST_ATTEMPTS,
    FIRST_PROBE_SECONDS,
    GIVE_UP_SECONDS,
    LOOKED_AT_FOR_A_PROBE,
    SETTLED_SECONDS,
    WINDOW_SECONDS,
    Circuit,
    CircuitKeeper,
    Circuits,
    Window,
    receiver_failed,
)
from grantwire.ending import Ender
from grantwire.judging import Outcome
from grantwire.models import Delivery, State, Webhook
from tests.fakes import FakeBus, FakeCircuits, FakeDeliveries, FakeWakeups, FakeWebhooks
from tests.unit.conftest import waiting_of, webhook_of

NOW = 1_795_000_000.0
HOST = "down.example.com"
RECEIVER = f"{HOST} wh_1"
WEBHOOK = replace(webhook_of(url=f"https://{HOST}/", active=True, retry={"max_attempts": 5}), id="wh_1")


def outcome(code: str) -> Outcome:
    return Outcome(State.WAITING, code, "")


@pytest.mark.parametrize(
    ("code", "failed"),
    [
        *((code, True) for code in ("dns", "connect", "tls", "timeout", "connection_lost", "protocol")),
        *((code, True) for code in ("http_500", "http_503", "http_599", "http_429")),
        *((code, False) for code in ("http_200", "http_302", "http_401", "http_404", "http_410", "validator")),
        *((code, None) for code in ("address_not_allowed", "url_unusable", "template")),
    ],
)
def test_what_counts_against_a_host(code: str, failed: bool | None) -> None:
    """No answer, or one that says it is overloaded; an answer about the request shows that the host is there."""
    assert receiver_failed(outcome(code)) is failed


def test_ten_failures_in_a_row_open_the_circuit_and_nine_do_not() -> None:
    """A receiver that fails once or twice is left to the schedule."""
    window = Window()
    verdicts = [window.add(NOW + second, failed=True) for second in range(FEWEST_ATTEMPTS)]
    assert verdicts == [False] * (FEWEST_ATTEMPTS - 1) + [True]


@pytest.mark.parametrize(("successes", "opens"), [(2, True), (3, False)])
def test_a_few_successes_among_many_failures_do_not_keep_it_closed(successes: int, opens: bool) -> None:
    """Eight in ten must fail."""
    window = Window()
    for _ in range(successes):
        window.add(NOW, failed=False)
    verdicts = [window.add(NOW, failed=True) for _ in range(FEWEST_ATTEMPTS - successes)]
    assert verdicts[-1] is opens


def test_a_success_does_not_open_it() -> None:
    """Nine failures, and the host is there again: whether it is down is asked anew when it next fails."""
    window = Window()
    for _ in range(FEWEST_ATTEMPTS - 1):
        window.add(NOW, failed=True)
    assert [window.add(NOW, failed=failed) for failed in (False, True)] == [False, True]


def test_what_is_long_ago_does_not_count() -> None:
    """A slow trickle of failures opens nothing: the window slides."""
    window = Window()
    apart = WINDOW_SECONDS / (FEWEST_ATTEMPTS - 2)
    assert not any(window.add(NOW + number * apart, failed=True) for number in range(100))


@dataclass
class Outage:
    """Circuits as the sweep and the processes that send see them, at a moment that the test sets."""

    now: float = NOW
    circuits: FakeCircuits = field(default_factory=FakeCircuits)
    rows: FakeDeliveries = field(default_factory=FakeDeliveries)
    wakeups: FakeWakeups = field(default_factory=FakeWakeups)
    bus: FakeBus = field(default_factory=FakeBus)
    webhooks: FakeWebhooks = field(default_factory=lambda: FakeWebhooks({"wh_1": WEBHOOK}))

    def process(self) -> Circuits:
        """One of those that send."""
        return Circuits(records=self.circuits, clock=lambda: self.now)

    def sweep(self, has_time: Callable[[], bool] = lambda: True) -> None:
        """What is done each minute."""
        keeper = CircuitKeeper(
            records=self.circuits,
            rows=self.rows,
            wakeups=self.wakeups,
            ender=Ender(rows=self.rows, bus=self.bus),
            webhook=self.webhooks.readable,
            clock=lambda: self.now,
        )
        keeper.look_after(has_time=has_time)

    def park(self, receiver: str = RECEIVER, **facts: Any) -> Delivery:
        """A delivery that waits for the receiver from now on."""
        known: dict[str, Any] = {"attempts": 0, "parked_for": receiver, "parked_at": self.now}
        parked = waiting_of(len(self.rows.rows), **(known | facts))
        assert self.rows.queue_new(parked)
        return parked

    def stored(self, delivery: Delivery) -> Delivery:
        """As it is now."""
        found = self.rows.get(delivery.webhook_id, delivery.sort_key)
        assert found
        return found


def test_who_still_takes_the_circuit_for_open_parks_nothing_for_ever() -> None:
    """The probe came long after it was due, when a process had just read that it is down: what that one parks
    is released, since the circuit stays for a while from the moment it was found to be back.
    """
    outage = Outage()
    outage.circuits.open(Circuit(receiver=RECEIVER, opened_at=NOW, probe_at=NOW + 30))
    outage.park()
    outage.now += 40
    outage.sweep()
    late, other = outage.process(), outage.process()
    outage.now = NOW + 295
    assert late.is_open(RECEIVER)
    outage.now = NOW + 300
    other.attempted(RECEIVER, Outcome(State.SUCCEEDED, "http_202", ""))
    outage.now = NOW + 302
    outage.sweep()
    outage.now = NOW + 304
    assert late.is_open(RECEIVER)
    parked = outage.park()
    outage.now = NOW + 360
    outage.sweep()
    assert outage.stored(parked).parked_for is None
    outage.now += SETTLED_SECONDS
    outage.sweep()
    assert outage.circuits.all() == []


def test_many_hosts_that_were_down_for_days_leave_time_for_the_sweep() -> None:
    """What is given up takes turns and stops when time is over, like what is released; it comes first the next time."""
    outage = Outage()
    hosts = [f"{number}.example.com" for number in range(20)]
    for host in hosts:
        outage.circuits.open(Circuit(receiver=host, opened_at=NOW, probe_at=NOW + 30))
    parked = [outage.park(host) for _ in range(10) for host in hosts]
    outage.now += GIVE_UP_SECONDS + 60
    for host in hosts:  # none is due for a probe
        outage.circuits.circuits[host] = replace(outage.circuits.circuits[host], probe_at=outage.now + 60)
    left = iter([True] * (2 * len(hosts) + len(hosts)))  # to look at each host, and to end two deliveries of each
    outage.sweep(lambda: next(left, False))
    ended = [one for one in parked if outage.stored(one).state is State.FAILED]
    assert len(ended) == 2 * len(hosts)
    outage.sweep()
    assert all(outage.stored(one).state is State.FAILED for one in parked)


@pytest.mark.parametrize(
    "webhook",
    [
        pytest.param(None, id="deleted"),
        pytest.param(replace(WEBHOOK, active=False), id="switched off"),
        pytest.param(replace(WEBHOOK, url="https://up.example.com/"), id="leads elsewhere"),
        pytest.param(replace(WEBHOOK, max_attempts=2), id="fewer attempts"),
    ],
)
def test_what_would_prove_nothing_goes_on_and_is_no_probe(webhook: Webhook | None) -> None:
    """Thousands of them, minute by minute, and not one for each wait between two probes."""
    outage = Outage()
    outage.circuits.open(Circuit(receiver=RECEIVER, opened_at=NOW, probe_at=NOW + 30, probes=3))
    parked = [outage.park(attempts=2) for _ in range(LOOKED_AT_FOR_A_PROBE + 100)]
    outage.webhooks.webhooks = {"wh_1": webhook} if webhook else {}
    for minute in (1, 2):
        outage.now = NOW + 60 * minute
        outage.sweep()
        assert outage.circuits.all()[0].probes == 3
    assert all(outage.stored(one).due_at for one in parked)
    assert [wakeup.probe for wakeup, _ in outage.wakeups.messages] == [False] * len(parked)


def test_a_probe_is_the_first_that_proves_something() -> None:
    """What stands before it goes on; what stands behind it waits for what it proves."""
    outage = Outage()
    outage.circuits.open(Circuit(receiver=RECEIVER, opened_at=NOW, probe_at=NOW + 30))
    spent, probe, behind = outage.park(attempts=5), outage.park(attempts=4), outage.park()
    outage.now = NOW + 60
    outage.sweep()
    assert [(wakeup.sort_key, wakeup.probe) for wakeup, _ in outage.wakeups.messages] == [
        (spent.sort_key, False),
        (probe.sort_key, True),
    ]
    assert outage.stored(behind).parked_for == RECEIVER
    assert outage.circuits.all()[0].probe_at == outage.now + FIRST_PROBE_SECONDS


def test_a_probe_stops_when_time_is_over() -> None:
    """The rest is looked at in the next minute."""
    outage = Outage()
    outage.webhooks.webhooks = {}
    outage.circuits.open(Circuit(receiver=RECEIVER, opened_at=NOW, probe_at=NOW + 30))
    parked = [outage.park() for _ in range(10)]
    outage.now, left = NOW + 60, iter([True] * 4)
    outage.sweep(lambda: next(left, False))
    assert [outage.stored(one).parked_for for one in parked] == [None] * 3 + [RECEIVER] * 7
