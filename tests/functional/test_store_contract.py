"""What the use cases rely on in the table of deliveries, held against DynamoDB and against the fake alike.

The simulation runs on the fake: as long as both pass this class, what it shows holds for DynamoDB.
"""

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import pytest
from moto import mock_aws

from grantwire.circuits import Circuit
from grantwire.health import Health
from grantwire.identifiers import sort_key
from grantwire.invoking import Invocation
from grantwire.judging import Outcome
from grantwire.models import Delivery, RequestEvent, State, Timings
from grantwire.pacing import Pace
from grantwire.retrying import Next
from grantwire.stores.attempts import read_attempt
from grantwire.stores.circuits import CircuitStore
from grantwire.stores.deliveries import KEPT_ATTEMPTS, SHARDS, DeliveryStore
from grantwire.stores.paces import PaceStore
from grantwire.stores.webhooks import WebhookStore
from local.aws import Clients, create_resources
from local.template import Template
from tests.fakes import FakeCircuits, FakeDeliveries, FakePaces, FakeWebhooks

EVENT = RequestEvent(id="evt_1", trigger="RequestCreated", time=1795000000.123457, payload={"data": {"id": "1"}})
FIRST = Delivery(
    webhook_id="wh_1",
    sort_key=sort_key(EVENT),
    trigger=EVENT.trigger,
    state=State.DELIVERING,
    attempts=1,
    lease_until=1000.1239,
)
QUEUED = replace(FIRST, state=State.WAITING, attempts=0, due_at=940.0, lease_until=None, sweep_at=1060.0)
LOOKED_AFTER = replace(FIRST, lease_until=1000.124, sweep_at=1000.124)
FOR_EVER = 9e9
WAITING = Next(State.WAITING, 2000.0006)


class Store(Protocol):
    """Everything that is asked of the table, by whichever use case."""

    def keep_event(
        self, event: RequestEvent, webhook_ids: Collection[str], *, now: float
    ) -> Mapping[str, float] | None: ...
    def begun(self, event_id: str) -> Mapping[str, float]: ...
    def event(self, event_id: str) -> RequestEvent | None: ...
    def get(self, webhook_id: str, sort_key: str) -> Delivery | None: ...
    def claim_new(self, delivery: Delivery, *, over: Delivery | None = None) -> Delivery | None: ...
    def queue_new(self, delivery: Delivery, *, over: Delivery | None = None) -> bool: ...
    def record_new(
        self, over: Delivery, invocation: Invocation, following: Next, *, sweep_at: float | None
    ) -> bool: ...
    def claim(self, delivery: Delivery, *, lease_until: float) -> Delivery | None: ...
    def record(
        self, delivery: Delivery, invocation: Invocation, following: Next, *, sweep_at: float | None
    ) -> bool: ...
    def hold(self, delivery: Delivery, *, number: float, due_at: float, sweep_at: float) -> bool: ...
    def park(self, delivery: Delivery, *, receiver: str, now: float) -> bool: ...
    def parked(self, receiver: str, *, limit: int) -> Sequence[Delivery]: ...
    def release(self, delivery: Delivery, *, due_at: float, sweep_at: float) -> bool: ...
    def postpone(self, delivery: Delivery, *, sweep_at: float, due_at: float | None = None) -> bool: ...
    def interrupt(self, delivery: Delivery, following: Next, *, sweep_at: float | None) -> bool: ...
    def end(self, delivery: Delivery, *, code: str, reason: str) -> bool: ...
    def restart(self, delivery: Delivery, *, due_at: float, sweep_at: float) -> bool: ...
    def failed(
        self, webhook_id: str, *, since: float, until: float, after: str, limit: int
    ) -> tuple[Sequence[Delivery], str]: ...
    def overdue(self, shard: int, *, now: float, limit: int) -> Sequence[Delivery]: ...


class Table:
    """A store, what it holds, and what of it only shows outside the use cases: codes, reasons, attempts."""

    def __init__(self, store: DeliveryStore | FakeDeliveries) -> None:
        self.inner = store
        self.store: Store = store

    def row(self, delivery: Delivery = FIRST) -> Delivery | None:
        """The row as the use cases read it. If it is to be looked after, the index holds it too, without its number."""
        row = self.store.get(delivery.webhook_id, delivery.sort_key)
        assert self.index() == ([replace(row, number=None)] if row and row.sweep_at is not None else [])
        assert self.store.parked("hooks.example.com", limit=9) == ([row] if row and row.parked_for else [])
        return row

    def index(self, now: float = FOR_EVER) -> list[Delivery]:
        """Everything the sweep would look after."""
        return [one for shard in range(SHARDS) for one in self.store.overdue(shard, now=now, limit=100)]

    def said(self, delivery: Delivery = FIRST) -> tuple[str, str, list[str]]:
        """The row's code and reason, and the code of each attempt."""
        if isinstance(self.inner, FakeDeliveries):
            row = self.inner.rows[delivery.webhook_id, delivery.sort_key]
            return row.code, row.reason, row.attempts
        key = {"pk": {"S": delivery.webhook_id}, "sk": {"S": delivery.sort_key}}
        item = self.inner.client.get_item(TableName=self.inner.table_name, Key=key)["Item"]
        attempts = [str(read_attempt(bytes(one["B"]))["code"]) for one in item.get("attempts", {"L": []})["L"]]
        code, reason = (str(item.get(name, {"S": ""})["S"]) for name in ("code", "reason"))
        return code, reason, attempts


@pytest.fixture(params=["dynamodb", "fake"])
def table(request: pytest.FixtureRequest, aws: Clients) -> Iterator[Table]:
    """The same empty table twice."""
    if request.param == "fake":
        yield Table(FakeDeliveries())
        return
    with mock_aws():
        name = create_resources(Template.read(), aws).names["DeliveriesTable"]
        yield Table(DeliveryStore(client=aws.dynamodb, table_name=name, retention_days=90, clock=time.time))


def invocation(code: str = "http_500") -> Invocation:
    """An attempt that came to this."""
    return Invocation(
        request=None,
        response=None,
        verdicts=(),
        outcome=Outcome(State.WAITING, code, f"the receiver answered {code}"),
        timings=Timings(),
        remote_address=None,
        started_at=1.0,
        webhook_version=1,
    )


class HealthRecords(Protocol):
    """Everything that is asked of the rows of health."""

    def add_failure(self, webhook_id: str, *, now: float) -> Health: ...
    def note_success(self, webhook_id: str, *, now: float) -> Health: ...


class Circuits(Protocol):
    """Everything that is asked of the rows of circuits."""

    def all(self) -> Sequence[Circuit]: ...
    def open(self, circuit: Circuit) -> None: ...
    def drain(self, host: str, *, now: float) -> None: ...
    def advance(self, circuit: Circuit, after: Circuit | None) -> bool: ...


@pytest.fixture(params=["dynamodb", "fake"])
def circuits(request: pytest.FixtureRequest, aws: Clients) -> Iterator[Circuits]:
    """No circuit is open, twice."""
    if request.param == "fake":
        yield FakeCircuits()
        return
    with mock_aws():
        name = create_resources(Template.read(), aws).names["DeliveriesTable"]
        yield CircuitStore(client=aws.dynamodb, table_name=name)


OTHERS = [
    pytest.param(replace(FIRST, attempts=2), id="another attempt"),
    pytest.param(replace(FIRST, state=State.WAITING), id="another state"),
    pytest.param(replace(FIRST, webhook_id="wh_2"), id="another webhook"),
    pytest.param(replace(FIRST, sort_key=f"{FIRST.sort_key}x"), id="another event"),
]


class TestDeliveries:
    """The same for both."""

    def test_an_event_is_kept_whole(self, table: Table) -> None:
        """Its time to the last bit, since the row's key is made from it; keeping it again changes nothing."""
        assert table.store.event(EVENT.id) is None
        assert table.store.keep_event(EVENT, ["wh_1"], now=5.0) is not None
        assert table.store.keep_event(EVENT, ["wh_1"], now=5.0) is not None
        assert table.store.event(EVENT.id) == EVENT
        assert table.store.event("evt_2") is None

    def test_an_event_that_is_too_large_is_not_kept(self, table: Table) -> None:
        """Too many bytes even compressed, or nested too deep."""
        junk = "".join(chr(0x4E00 + number * 7919 % 20000) for number in range(300_000))
        deep: dict[str, object] = {}
        for _ in range(100_000):
            deep = {"deeper": deep}
        assert table.store.keep_event(replace(EVENT, payload={"junk": junk}), ["wh_1"], now=5.0) is None
        assert table.store.keep_event(replace(EVENT, payload=deep), ["wh_1"], now=5.0) is None
        assert table.store.event(EVENT.id) is None
        while deep:  # else its destruction would recurse
            deep = deep["deeper"]  # type: ignore[assignment]

    def test_an_event_knows_which_first_attempts_it_has_begun(self, table: Table) -> None:
        """Those of the first time, and since when: what comes again begins none."""
        keep = table.store.keep_event
        assert table.store.begun(EVENT.id) == {}
        assert keep(EVENT, ["wh_1", "wh_2"], now=5.0) == {}
        assert table.store.begun(EVENT.id) == {"wh_1": 5.0, "wh_2": 5.0}
        assert keep(EVENT, ["wh_2", "wh_3"], now=7.5) == {"wh_1": 5.0, "wh_2": 5.0}
        assert table.store.begun(EVENT.id) == {"wh_1": 5.0, "wh_2": 5.0}

    @pytest.mark.parametrize("following", [WAITING, Next(State.SUCCEEDED), Next(State.FAILED)])
    def test_a_first_attempt_is_recorded_without_a_claim(self, table: Table, following: Next) -> None:
        """The row is made once, with what it came to; what was recorded or waits is not written over."""
        look_at = None if following.due_at is None else following.due_at + 120.0
        assert table.store.record_new(FIRST, invocation(), following, sweep_at=look_at)
        recorded = table.row()
        assert recorded is not None
        assert (recorded.state, recorded.attempts, recorded.lease_until) == (following.state, 1, None)
        assert recorded.due_at == (None if following.due_at is None else pytest.approx(following.due_at, abs=0.001))
        assert table.said() == ("http_500", "the receiver answered http_500", ["http_500"])
        assert not table.store.record_new(FIRST, invocation("http_200"), Next(State.SUCCEEDED), sweep_at=None)
        assert table.store.claim_new(FIRST, over=FIRST) == recorded
        assert not table.store.queue_new(QUEUED, over=FIRST)
        assert (table.row(), table.said()[2]) == (recorded, ["http_500"])

    def test_a_row_that_looks_after_a_first_attempt_can_be_replaced_by_it(self, table: Table) -> None:
        """By a claim with a new lease, which whoever took the first one for over must not end."""
        claimed = replace(LOOKED_AFTER, lease_until=1050.0, sweep_at=1050.0)
        assert table.store.claim_new(LOOKED_AFTER) is None
        assert table.store.claim_new(claimed, over=LOOKED_AFTER) is None
        assert not table.store.interrupt(LOOKED_AFTER, WAITING, sweep_at=1.0)
        assert table.row() == claimed

    def test_a_row_that_looks_after_a_first_attempt_can_be_made_to_wait_by_it(self, table: Table) -> None:
        """Nothing was sent, and no attempt is counted."""
        assert table.store.claim_new(LOOKED_AFTER) is None
        assert table.store.queue_new(QUEUED, over=LOOKED_AFTER)
        assert table.row() == QUEUED
        assert not table.store.queue_new(QUEUED, over=LOOKED_AFTER)

    def test_a_first_attempt_is_recorded_over_the_row_that_looks_after_it(self, table: Table) -> None:
        """Until its lease is over."""
        assert table.store.claim_new(LOOKED_AFTER) is None
        assert table.store.record_new(LOOKED_AFTER, invocation("http_200"), Next(State.SUCCEEDED), sweep_at=None)
        assert table.row() == replace(FIRST, state=State.SUCCEEDED, lease_until=None)
        assert table.said()[2] == ["http_200"]

    def test_no_other_row_is_replaced(self, table: Table) -> None:
        """One with another lease, and one that was given up."""
        assert table.store.claim_new(LOOKED_AFTER) is None
        for over in (replace(LOOKED_AFTER, lease_until=1000.5), replace(LOOKED_AFTER, lease_until=None)):
            assert table.store.claim_new(FIRST, over=over) == table.row()
            assert not table.store.queue_new(QUEUED, over=over)
            assert not table.store.record_new(over, invocation(), WAITING, sweep_at=1.0)
        assert table.store.interrupt(LOOKED_AFTER, WAITING, sweep_at=2120.0)
        given_up = table.row()
        assert table.store.claim_new(FIRST, over=LOOKED_AFTER) == given_up
        assert not table.store.record_new(LOOKED_AFTER, invocation(), Next(State.SUCCEEDED), sweep_at=None)
        assert table.row() == given_up

    def test_a_first_claim_makes_the_row_once(self, table: Table) -> None:
        """Nobody sweeps it; the next claim is shown the row that is there, its own attempt or not."""
        assert table.row() is None
        assert table.store.claim_new(FIRST) is None
        made = replace(FIRST, lease_until=1000.124)
        assert table.row() == made
        assert table.store.claim_new(replace(FIRST, lease_until=5.0)) == made
        assert not table.store.queue_new(QUEUED)
        assert table.row() == made
        assert table.said() == ("", "", [])

    def test_a_queued_delivery_makes_the_row_once(self, table: Table) -> None:
        """It is in the index at once."""
        assert table.store.queue_new(QUEUED)
        assert table.row() == QUEUED
        assert not table.store.queue_new(replace(QUEUED, due_at=1.0))
        assert table.store.claim_new(FIRST) == QUEUED
        assert table.row() == QUEUED

    def test_a_claim_is_for_one(self, table: Table) -> None:
        """The attempt is counted, the lease put in the index; who comes second has nothing, and changes nothing."""
        table.store.queue_new(QUEUED)
        claimed = replace(QUEUED, state=State.DELIVERING, attempts=1, due_at=None, lease_until=1000.0, sweep_at=1000.0)
        assert table.store.claim(QUEUED, lease_until=1000.0) == claimed
        assert table.row() == claimed
        assert table.store.claim(QUEUED, lease_until=1001.0) is None
        assert table.store.claim(replace(QUEUED, attempts=1), lease_until=1001.0) is None
        assert table.row() == claimed

    def test_a_claim_needs_a_row(self, table: Table) -> None:
        """An update alone never makes one."""
        assert table.store.claim(QUEUED, lease_until=1000.0) is None
        assert not table.store.record(FIRST, invocation(), WAITING, sweep_at=1.0)
        assert not table.store.interrupt(FIRST, WAITING, sweep_at=1.0)
        assert not table.store.postpone(QUEUED, sweep_at=1.0)
        assert not table.store.end(QUEUED, code="x", reason="y")
        assert not table.store.restart(QUEUED, due_at=1.0, sweep_at=2.0)
        assert not table.store.park(QUEUED, receiver="hooks.example.com", now=950.0)
        assert not table.store.release(QUEUED, due_at=1.0, sweep_at=2.0)
        assert not table.store.hold(QUEUED, number=3.0, due_at=1.0, sweep_at=2.0)
        assert table.row() is None

    def test_a_failed_attempt_waits(self, table: Table) -> None:
        """The lease is gone; when it is due and when it is swept are there, to the millisecond."""
        table.store.claim_new(FIRST)
        assert table.store.record(FIRST, invocation(), WAITING, sweep_at=2120.0006)
        waiting = replace(FIRST, state=State.WAITING, due_at=2000.001, lease_until=None, sweep_at=2120.001)
        assert table.row() == waiting
        assert table.said() == ("http_500", "the receiver answered http_500", ["http_500"])
        assert not table.store.record(FIRST, invocation("http_200"), Next(State.SUCCEEDED), sweep_at=None)
        assert table.row() == waiting
        assert table.said()[2] == ["http_500"]

    @pytest.mark.parametrize("state", [State.SUCCEEDED, State.FAILED])
    def test_an_ended_delivery_leaves_the_index(self, table: Table, state: State) -> None:
        """Watched or claimed again before, it has no times any more; each attempt is kept, in order."""
        table.store.claim_new(FIRST)
        table.store.record(FIRST, invocation("timeout"), WAITING, sweep_at=2120.0)
        waiting = replace(FIRST, state=State.WAITING)
        claimed = table.store.claim(waiting, lease_until=3000.0)
        assert claimed is not None
        assert table.store.record(claimed, invocation("http_200"), Next(state), sweep_at=None)
        assert table.row() == replace(FIRST, state=state, attempts=2, lease_until=None)
        assert table.said() == ("http_200", "the receiver answered http_200", ["timeout", "http_200"])

    @pytest.mark.parametrize("other", OTHERS)
    def test_what_is_not_as_given_is_not_recorded(self, table: Table, other: Delivery) -> None:
        """Another attempt, another state, another row."""
        table.store.claim_new(FIRST)
        before = table.row()
        assert not table.store.record(other, invocation(), WAITING, sweep_at=1.0)
        assert not table.store.interrupt(other, WAITING, sweep_at=1.0)
        assert not table.store.postpone(other, sweep_at=1.0)
        assert not table.store.end(other, code="x", reason="y")
        assert not table.store.restart(other, due_at=1.0, sweep_at=2.0)
        assert not table.store.park(other, receiver="hooks.example.com", now=950.0)
        assert not table.store.release(other, due_at=1.0, sweep_at=2.0)
        assert not table.store.hold(other, number=3.0, due_at=1.0, sweep_at=2.0)
        assert table.row() == before
        assert table.said() == ("", "", [])

    def test_what_waits_without_a_time_is_not_in_the_index(self, table: Table) -> None:
        """As for an event that cannot be stored: nobody but Lambda's own retry takes it up, and that can."""
        table.store.claim_new(FIRST)
        assert table.store.record(FIRST, invocation(), Next(State.WAITING), sweep_at=None)
        waiting = replace(FIRST, state=State.WAITING, lease_until=None)
        assert table.row() == waiting
        assert table.store.claim(waiting, lease_until=1000.0) is not None

    def test_a_postponed_delivery_keeps_everything_else(self, table: Table) -> None:
        """Until it is claimed."""
        table.store.queue_new(QUEUED)
        assert table.store.postpone(QUEUED, sweep_at=5000.0)
        assert table.row() == replace(QUEUED, sweep_at=5000.0)
        table.store.claim(QUEUED, lease_until=1000.0)
        before = table.row()
        assert not table.store.postpone(QUEUED, sweep_at=6000.0, due_at=5700.0)
        assert table.row() == before

    def test_a_postponed_delivery_can_be_due_from_then_on(self, table: Table) -> None:
        """Nothing else changes."""
        table.store.queue_new(QUEUED)
        assert table.store.postpone(QUEUED, sweep_at=5000.0, due_at=4700.0)
        assert table.row() == replace(QUEUED, sweep_at=5000.0, due_at=4700.0)

    def test_a_delivery_waits_for_its_turn(self, table: Table) -> None:
        """It keeps its number while it waits, whoever looks after it, and not beyond."""
        table.store.queue_new(QUEUED)
        assert table.store.hold(QUEUED, number=7.1239, due_at=960.0, sweep_at=1080.0)
        held = replace(QUEUED, number=7.124, due_at=960.0, sweep_at=1080.0)
        assert table.row() == held
        [found] = table.index()
        assert table.store.postpone(found, sweep_at=5000.0)
        assert table.row() == replace(held, sweep_at=5000.0)
        claimed = table.store.claim(held, lease_until=1000.0)
        assert claimed is not None
        assert claimed.number is None
        assert table.row() == claimed

    def test_a_sweep_that_read_before_it_was_held_leaves_its_turn(self, table: Table) -> None:
        """Indexes are behind their table at times: the number and the moment that were written meanwhile stay."""
        table.store.queue_new(QUEUED)
        [found] = table.index()
        table.store.hold(QUEUED, number=7.0, due_at=960.0, sweep_at=1080.0)
        held = table.row()
        assert not table.store.postpone(found, sweep_at=5000.0)
        assert table.row() == held

    @pytest.mark.parametrize("how", ["park", "end"])
    def test_what_is_parked_or_has_ended_has_no_turn(self, table: Table, how: str) -> None:
        held = replace(QUEUED, number=7.0)
        table.store.queue_new(held)
        assert table.row() == held
        if how == "park":
            table.store.park(held, receiver="hooks.example.com", now=950.0)
        else:
            table.store.end(held, code="x", reason="y")
        row = table.row()
        assert row is not None
        assert row.number is None

    def test_a_parked_delivery_waits_for_its_host(self, table: Table) -> None:
        """In the other index, and not in the sweep's, until it is released."""
        table.store.queue_new(QUEUED)
        assert table.store.park(QUEUED, receiver="hooks.example.com", now=950.0006)
        parked = replace(QUEUED, due_at=None, sweep_at=None, parked_for="hooks.example.com", parked_at=950.001)
        assert table.row() == parked
        assert table.store.parked("other.example.com", limit=9) == []
        assert table.store.release(parked, due_at=960.0, sweep_at=1080.0)
        assert table.row() == replace(QUEUED, due_at=960.0, sweep_at=1080.0)

    def test_a_delivery_may_be_parked_from_the_first(self, table: Table) -> None:
        """Made as such; who comes later is shown that."""
        parked = replace(QUEUED, due_at=None, sweep_at=None, parked_for="hooks.example.com", parked_at=950.0)
        assert table.store.claim_new(parked) is None
        assert table.row() == parked
        assert table.store.claim_new(FIRST) == parked

    def test_what_is_done_to_a_parked_delivery_takes_it_out(self, table: Table) -> None:
        """Claimed by who read it before, or ended; a sweep that read it before leaves it."""
        table.store.queue_new(QUEUED)
        table.store.park(QUEUED, receiver="hooks.example.com", now=950.0)
        parked = table.row()
        assert not table.store.postpone(QUEUED, sweep_at=5000.0)
        assert table.row() == parked
        claimed = table.store.claim(QUEUED, lease_until=1000.0)
        assert table.row() == claimed
        assert not table.store.park(QUEUED, receiver="hooks.example.com", now=950.0)
        assert table.row() == claimed

    def test_a_parked_delivery_can_be_ended(self, table: Table) -> None:
        """It is parked no more."""
        parked = replace(QUEUED, due_at=None, sweep_at=None, parked_for="hooks.example.com", parked_at=950.0)
        table.store.queue_new(parked)
        assert table.store.end(parked, code="host_down", reason="down for days")
        assert table.row() == replace(QUEUED, state=State.FAILED, due_at=None, sweep_at=None)

    def test_parked_deliveries_come_oldest_event_first(self, table: Table) -> None:
        """No more than asked for."""
        for number in (3, 1, 2):
            event = replace(EVENT, id=f"evt_{number}", time=1000.0 + number)
            parked = replace(QUEUED, sort_key=sort_key(event), due_at=None, sweep_at=None, parked_for="a.example.com")
            table.store.queue_new(parked)
        assert [one.event_id for one in table.store.parked("a.example.com", limit=2)] == ["evt_1", "evt_2"]

    def test_an_interrupted_attempt_is_kept_as_such(self, table: Table) -> None:
        """It counts, and who comes back too late records nothing."""
        table.store.queue_new(QUEUED)
        claimed = table.store.claim(QUEUED, lease_until=1000.0)
        assert claimed is not None
        assert table.store.interrupt(claimed, WAITING, sweep_at=2120.0)
        waiting = replace(claimed, state=State.WAITING, due_at=2000.001, lease_until=None, sweep_at=2120.0)
        assert table.row() == waiting
        reason = "the sender stopped during the attempt; the receiver may have seen it"
        assert table.said() == ("interrupted", reason, ["interrupted"])
        assert not table.store.record(claimed, invocation(), Next(State.SUCCEEDED), sweep_at=None)
        assert not table.store.interrupt(claimed, WAITING, sweep_at=2120.0)
        assert table.row() == waiting

    def test_what_an_earlier_sender_reports_is_not_taken_for_the_later_ones(self, table: Table) -> None:
        """Interrupted, replayed and claimed anew, an attempt has the number that it had; its lease is another."""
        table.store.queue_new(QUEUED)
        first = table.store.claim(QUEUED, lease_until=1000.0)
        assert first is not None
        assert table.store.interrupt(first, Next(State.FAILED), sweep_at=None)
        failed = table.row()
        assert failed is not None
        assert table.store.restart(failed, due_at=2000.0, sweep_at=2120.0)
        waiting = table.row()
        assert waiting is not None
        second = table.store.claim(waiting, lease_until=3000.0)
        assert second is not None
        assert second.attempts == first.attempts
        assert not table.store.record(first, invocation(), Next(State.SUCCEEDED), sweep_at=None)
        assert table.row() == second
        assert table.store.record(second, invocation(), Next(State.SUCCEEDED), sweep_at=None)

    def test_an_interruption_may_be_the_end(self, table: Table) -> None:
        """Without times, out of the index."""
        table.store.claim_new(FIRST)
        assert table.store.interrupt(FIRST, Next(State.FAILED), sweep_at=None)
        assert table.row() == replace(FIRST, state=State.FAILED, lease_until=None)

    def test_a_waiting_delivery_can_be_ended(self, table: Table) -> None:
        """Its attempts stay; it ends once."""
        table.store.claim_new(FIRST)
        table.store.record(FIRST, invocation(), WAITING, sweep_at=2120.0)
        waiting = table.row()
        assert waiting is not None
        assert table.store.end(waiting, code="webhook_deleted", reason="the webhook was deleted")
        ended = replace(FIRST, state=State.FAILED, lease_until=None)
        assert table.row() == ended
        assert table.said() == ("webhook_deleted", "the webhook was deleted", ["http_500"])
        assert not table.store.end(waiting, code="overdue", reason="late")
        assert table.row() == ended
        assert table.said()[0] == "webhook_deleted"

    @pytest.mark.parametrize("state", [State.SUCCEEDED, State.FAILED])
    def test_an_ended_delivery_starts_again(self, table: Table, state: State) -> None:
        """It waits for a first attempt; the earlier attempts are still to be seen."""
        table.store.claim_new(FIRST)
        table.store.record(FIRST, invocation(), Next(state), sweep_at=None)
        ended = table.row()
        assert ended is not None
        assert table.store.restart(ended, due_at=3000.0, sweep_at=3120.0)
        assert table.row() == replace(QUEUED, due_at=3000.0, sweep_at=3120.0)
        assert table.said() == ("replayed", "it is being sent again", ["http_500"])
        assert not table.store.restart(ended, due_at=1.0, sweep_at=2.0)
        assert table.row() == replace(QUEUED, due_at=3000.0, sweep_at=3120.0)

    def test_a_start_again_forgets_the_oldest_attempts(self, table: Table) -> None:
        """So that a row has room for another round."""
        table.store.queue_new(QUEUED)
        for number in range(KEPT_ATTEMPTS + 2):
            claimed = table.store.claim(replace(QUEUED, attempts=number), lease_until=1.0)
            assert claimed is not None
            table.store.record(claimed, invocation(f"http_{500 + number}"), WAITING, sweep_at=None)
        waiting = table.row()
        assert waiting is not None
        table.store.end(waiting, code="x", reason="y")
        assert table.store.restart(replace(waiting, state=State.FAILED), due_at=1.0, sweep_at=2.0)
        assert table.said()[2] == [f"http_{500 + number}" for number in range(2, KEPT_ATTEMPTS + 2)]

    def test_the_index_gives_what_is_overdue_oldest_first(self, table: Table) -> None:
        """By shard, no more than asked for, and nothing before its time; the very millisecond counts."""
        for number in range(40):
            table.store.queue_new(replace(QUEUED, webhook_id=f"wh_{number}", sweep_at=1000.0 + 7 * number % 40))
        shards = [table.store.overdue(shard, now=FOR_EVER, limit=100) for shard in range(SHARDS)]
        assert sum(len(shard) for shard in shards) == 40
        for number, shard in enumerate(shards):
            times = [one.sweep_at for one in shard]
            assert times == sorted(times, key=lambda time: time or 0.0)
            assert table.store.overdue(number, now=FOR_EVER, limit=2) == shard[:2]
        assert len(table.index(now=1019.9994)) == 20
        assert len(table.index(now=1019.9996)) == 21
        assert table.index(now=999.0) == []

    def test_a_row_stays_in_its_shard(self, table: Table) -> None:
        """Which one is the same in both, since a sweep that is being rewritten must not lose rows."""
        for number in range(20):
            table.store.queue_new(replace(QUEUED, webhook_id=f"wh_{number}"))
        sizes = [len(table.store.overdue(shard, now=FOR_EVER, limit=100)) for shard in range(SHARDS)]
        fake = FakeDeliveries()
        for number in range(20):
            fake.queue_new(replace(QUEUED, webhook_id=f"wh_{number}"))
        assert [len(fake.overdue(shard, now=FOR_EVER, limit=100)) for shard in range(SHARDS)] == sizes

    def test_failed_deliveries_are_found_page_by_page(self, table: Table) -> None:
        """Of one webhook, in a time range with both its ends; rows that did not fail are passed over."""
        events = [replace(EVENT, id=f"evt_{number}", time=1000.0 + number) for number in range(6)]
        for number, event in enumerate(events):
            delivery = replace(FIRST, sort_key=sort_key(event))
            table.store.claim_new(delivery)
            state = State.SUCCEEDED if number == 2 else State.FAILED
            table.store.record(delivery, invocation(), Next(state), sweep_at=None)
        page, after = table.store.failed("wh_1", since=1001.0, until=1004.0, after="", limit=2)
        found = [one.event_id for one in page]
        while after:
            page, after = table.store.failed("wh_1", since=1001.0, until=1004.0, after=after, limit=2)
            found += [one.event_id for one in page]
        assert found == ["evt_1", "evt_3", "evt_4"]
        assert table.store.failed("wh_2", since=0.0, until=FOR_EVER / 4, after="", limit=10) == ([], "")


CIRCUIT = Circuit(receiver="a.example.com", opened_at=1000.0, probe_at=1030.0)


class TestCircuits:
    """The same for both."""

    def test_a_circuit_opens_once(self, circuits: Circuits) -> None:
        """To the millisecond; a second one changes nothing, unless the first is draining."""
        assert circuits.all() == []
        circuits.open(replace(CIRCUIT, opened_at=1000.0006))
        opened = replace(CIRCUIT, opened_at=1000.001)
        assert circuits.all() == [opened]
        circuits.open(replace(CIRCUIT, probe_at=5.0))
        assert circuits.all() == [opened]
        circuits.drain(CIRCUIT.receiver, now=1040.0004)
        draining = replace(opened, draining=True, probe_at=1040.0)
        assert circuits.all() == [draining]
        circuits.drain(CIRCUIT.receiver, now=1050.0)
        assert circuits.all() == [draining]
        circuits.open(replace(CIRCUIT, probe_at=5.0))
        assert circuits.all() == [replace(CIRCUIT, probe_at=5.0)]

    def test_what_is_closed_is_not_drained(self, circuits: Circuits) -> None:
        """It stays closed."""
        circuits.drain(CIRCUIT.receiver, now=1040.0)
        assert circuits.all() == []
        assert not circuits.advance(CIRCUIT, replace(CIRCUIT, probes=1))
        assert not circuits.advance(CIRCUIT, None)
        assert circuits.all() == []

    def test_who_advances_it_first_has_it(self, circuits: Circuits) -> None:
        """The second comes too late, and so does who would close it."""
        circuits.open(CIRCUIT)
        after = replace(CIRCUIT, probe_at=1060.0, probes=1)
        assert circuits.advance(CIRCUIT, after)
        assert not circuits.advance(CIRCUIT, replace(after, probe_at=9.0))
        assert not circuits.advance(CIRCUIT, None)
        assert circuits.all() == [after]
        circuits.drain(CIRCUIT.receiver, now=1070.0)
        assert not circuits.advance(after, None)
        assert circuits.advance(replace(after, draining=True, probe_at=1070.0), None)
        assert circuits.all() == []

    def test_receivers_have_nothing_to_do_with_each_other(self, circuits: Circuits) -> None:
        """One opens, one closes."""
        other = replace(CIRCUIT, receiver="b.example.com")
        circuits.open(other)
        circuits.open(CIRCUIT)
        assert circuits.all() == [CIRCUIT, other]
        assert circuits.advance(other, None)
        assert circuits.all() == [CIRCUIT]


@pytest.fixture(params=["dynamodb", "fake"])
def health(request: pytest.FixtureRequest, aws: Clients) -> Iterator[HealthRecords]:
    """The same empty table twice."""
    if request.param == "fake":
        yield FakeWebhooks()
        return
    with mock_aws():
        yield WebhookStore(
            client=aws.dynamodb, table_name=create_resources(Template.read(), aws).names["WebhooksTable"]
        )


class TestHealth:
    """The same for both."""

    def test_failures_are_counted_from_the_first(self, health: HealthRecords) -> None:
        """Each webhook for itself."""
        assert health.add_failure("wh_1", now=1000.5) == Health(failures=1, failing_since=1000.5)
        assert health.add_failure("wh_1", now=2000.5) == Health(failures=2, failing_since=1000.5)
        assert health.add_failure("wh_2", now=3000.5) == Health(failures=1, failing_since=3000.5)

    def test_a_success_ends_them_and_is_kept(self, health: HealthRecords) -> None:
        """What is given is the health before it; the next failure is a first one, and knows of the success."""
        assert health.note_success("wh_1", now=1000.5) == Health()
        health.add_failure("wh_1", now=2000.5)
        assert health.note_success("wh_1", now=3000.5) == Health(
            failures=1, failing_since=2000.5, last_success_at=1000.5
        )
        assert health.add_failure("wh_1", now=4000.5) == Health(
            failures=1, failing_since=4000.5, last_success_at=3000.5
        )


class Paces(Protocol):
    """Everything that is asked of the rows of paces."""

    def get(self, webhook_id: str, *, own: bool) -> Pace | None: ...
    def found(self) -> Sequence[Pace]: ...
    def put(self, pace: Pace, over: Pace | None, *, own: bool) -> bool: ...
    def draw(self, pace: Pace, *, serving: float, own: bool) -> Pace | None: ...
    def refuse(self, pace: Pace, weight: float, *, own: bool) -> Pace | None: ...


@pytest.fixture(params=["dynamodb", "fake"])
def paces(request: pytest.FixtureRequest, aws: Clients) -> Iterator[Paces]:
    """No webhook has a pace, twice."""
    if request.param == "fake":
        yield FakePaces()
        return
    with mock_aws():
        name = create_resources(Template.read(), aws).names["DeliveriesTable"]
        yield PaceStore(client=aws.dynamodb, table_name=name, clock=time.time)


PACE = Pace(webhook_id="wh_1", rate=20.0, since=1000.1239)
PUT = replace(PACE, since=1000.124)


class TestPaces:
    """The same for both."""

    @pytest.mark.parametrize("own", [True, False])
    def test_a_pace_is_put_where_there_is_none(self, paces: Paces, own: bool) -> None:
        """Once; those of webhooks without a limit of their own are found together."""
        assert paces.get("wh_1", own=own) is None
        assert paces.put(PACE, None, own=own)
        assert paces.get("wh_1", own=own) == PUT
        assert paces.get("wh_1", own=not own) is None
        assert list(paces.found()) == ([] if own else [PUT])
        assert not paces.put(replace(PACE, rate=1.0), None, own=own)
        assert paces.get("wh_1", own=own) == PUT

    @pytest.mark.parametrize("own", [True, False])
    def test_numbers_are_drawn_one_after_the_other(self, paces: Paces, own: bool) -> None:
        """By one who has read the row long ago, too; or what is being served, when that is further."""
        paces.put(PACE, None, own=own)
        drawn = [paces.draw(PUT, serving=serving, own=own) for serving in (0.0, 0.0, 1.9, 5.12345, 5.5, 6.5)]
        assert [(one.drawn, one.taken) for one in drawn if one] == [
            (0.0, 1),
            (1.0, 2),
            (2.0, 3),
            (5.123, 4),
            (6.123, 5),
            (7.123, 6),
        ]
        assert paces.get("wh_1", own=own) == drawn[-1]

    def test_another_rate_leaves_the_numbers(self, paces: Paces) -> None:
        """Who knows the old rate neither draws nor counts nor changes it."""
        paces.put(PACE, None, own=True)
        drawn = paces.draw(PUT, serving=0.0, own=True)
        assert drawn is not None
        slower = replace(PUT, rate=10.0, since=1001.0, served=7.0, step=1.5, slowed_at=1001.0)
        assert paces.put(slower, PUT, own=True)
        now = replace(slower, drawn=drawn.drawn)
        assert paces.get("wh_1", own=True) == now
        assert paces.draw(PUT, serving=0.0, own=True) is None
        assert paces.refuse(PUT, 1.0, own=True) is None
        assert not paces.put(PACE, PUT, own=True)
        assert paces.get("wh_1", own=True) == now

    def test_refusals_add_up(self, paces: Paces) -> None:
        """Where there is a row."""
        assert paces.refuse(PUT, 1.0, own=False) is None
        assert paces.draw(PUT, serving=0.0, own=False) is None
        paces.put(PACE, None, own=False)
        paces.refuse(PUT, 1.0, own=False)
        assert paces.refuse(PUT, 0.1, own=False) == replace(PUT, refused=1.1)
