"""A receiver that is down: its deliveries are parked, one probe finds out when it is back, then the backlog drains."""

import json
import threading
from dataclasses import replace
from typing import Any

from grantwire.circuits import FEWEST_ATTEMPTS
from grantwire.models import Webhook
from tests.functional.conftest import World, event_file
from tests.receivers import Authority, Received, answer, receiving

DAY = 86_400


class Outage:
    """A receiver that answers 503 while it is down, and 202 when it is back."""

    def __init__(self) -> None:
        self.down = threading.Event()
        self.down.set()

    def __call__(self, connection: Received) -> None:
        while connection.request():
            connection.write(answer("503 Down") if self.down.is_set() else answer("202 Accepted"))


def dispatch(world: World, number: int) -> None:
    event = event_file("request_created")
    event["detail"]["event_time"] += number
    world.dispatch(event)


def circuit_rows(world: World) -> list[dict[str, Any]]:
    return [row for row in world.rows("DeliveriesTable") if row["pk"]["S"] == "CIRCUIT"]


def parked(world: World, webhook: Webhook) -> list[dict[str, Any]]:
    return [row for row in world.deliveries(webhook) if "parked_host" in row]


def wakeups_of(world: World, webhook: Webhook) -> list[str]:
    """A wake-up for each delivery that waits."""
    rows = [row for row in world.deliveries(webhook) if row["state"] == "waiting"]
    return [json.dumps([webhook.id, row["sk"], int(row["attempt_count"])]) for row in rows]


def earlier(world: World, seconds: float) -> None:
    """Let so much time go by for the circuit, and for what is parked."""
    table = world.template.names["DeliveriesTable"]
    for row in world.rows("DeliveriesTable"):
        moments = {"probe_at", "opened_at", "parked_at"} & row.keys()
        changed = {name: {"N": str(float(row[name]["N"]) - seconds)} for name in moments}
        if changed:
            world.aws.dynamodb.put_item(TableName=table, Item=row | changed)


def probes(bodies: list[str]) -> list[str]:
    return [body for body in bodies if '"probe"' in body]


def test_an_outage_costs_one_probe_at_a_time_and_the_backlog_drains(world: World, authority: Authority) -> None:
    """Ten failures open the circuit, thirty events more are parked without a POST; when it is back, all arrive."""
    outage = Outage()
    with receiving(outage, authority.server_context()) as receiver:
        webhook = world.webhook(receiver.url)
        for number in range(FEWEST_ATTEMPTS):
            dispatch(world, number)
        assert [row["sk"]["S"] for row in circuit_rows(world)] == [f"localhost:{receiver.port} {webhook.id}"]
        sent = len(receiver.requests)
        assert sent == FEWEST_ATTEMPTS
        world.redeliver(*wakeups_of(world, webhook))  # due again: parked too, without a POST
        for number in range(100, 130):
            dispatch(world, number)
        assert len(receiver.requests) == sent
        assert len(parked(world, webhook)) == FEWEST_ATTEMPTS + 30
        assert all("sweep_at" not in row and "due_at" not in row for row in parked(world, webhook))

        world.sweep()
        assert probes(world.take_wakeups()) == []  # not yet: half a minute must go by
        earlier(world, 31)
        world.sweep()
        world.sweep()
        [probe] = probes(world.take_wakeups())
        assert json.loads(probe)[1] == world.deliveries(webhook)[0]["sk"]  # the oldest
        world.redeliver(probe)
        assert len(receiver.requests) == sent + 1
        assert len(parked(world, webhook)) == FEWEST_ATTEMPTS + 29

        outage.down.clear()
        earlier(world, 61)
        world.sweep()
        [probe] = probes(world.take_wakeups())
        world.redeliver(probe)
        assert circuit_rows(world)[0]["draining"]["BOOL"]
        world.sweep()
        assert parked(world, webhook) == []
        world.shift(webhook, 60)
        world.redeliver(*wakeups_of(world, webhook))
        earlier(world, 600)
        world.sweep()
        assert circuit_rows(world) == []
    states = [row["state"] for row in world.deliveries(webhook)]
    assert states == ["succeeded"] * (FEWEST_ATTEMPTS + 30)


def test_a_receiver_that_is_down_delays_nobody_else(world: World, authority: Authority) -> None:
    """One webhook is broken; those that share its host, as all of Torq's do, are sent what they want as ever."""

    def shared(connection: Received) -> None:
        while request := connection.request():
            connection.write(answer("503 Down") if b"/broken " in request else answer("202 Accepted"))

    with receiving(shared, authority.server_context()) as receiver:
        broken = world.webhook(f"{receiver.url}/broken")
        for number in range(FEWEST_ATTEMPTS + 3):
            dispatch(world, number)
        assert len(parked(world, broken)) == 3
        good = world.webhook(f"{receiver.url}/good")
        for number in range(50, 55):
            dispatch(world, number)
    assert [row["state"] for row in world.deliveries(good)] == ["succeeded"] * 5
    assert len(parked(world, broken)) == 8


def test_what_waits_is_sent_to_where_the_webhook_leads_by_then(world: World, authority: Authority) -> None:
    """The old host stays down; nothing waits for it any more."""
    outage, fine = Outage(), Outage()
    fine.down.clear()
    context = authority.server_context("localhost", "127.0.0.1")
    with receiving(outage, context) as down, receiving(fine, context) as up:
        webhook = world.webhook(down.url)
        for number in range(FEWEST_ATTEMPTS + 3):
            dispatch(world, number)
        mended = replace(webhook, url=up.url, version=webhook.version + 1)
        world.store.replace(mended, expected_version=webhook.version)
        earlier(world, 31)
        world.sweep()
        bodies = [body for body in world.take_wakeups() if json.loads(body)[2] == 0]
        assert (len(bodies), probes(bodies)) == (3, [])
        world.redeliver(*bodies)
        assert len(up.requests) == 3
    assert parked(world, webhook) == []


def test_what_waits_for_a_host_for_four_days_is_ended(world: World, authority: Authority) -> None:
    """As the schedule would have ended it, with a reason that names the remedy."""
    with receiving(Outage(), authority.server_context()) as receiver:
        webhook = world.webhook(receiver.url)
        for number in range(FEWEST_ATTEMPTS + 3):
            dispatch(world, number)
        assert len(parked(world, webhook)) == 3
        earlier(world, 4 * DAY + 60)
        world.sweep()
    rows = [row for row in world.deliveries(webhook) if row.get("code") == "host_down"]
    assert [row["state"] for row in rows] == ["failed"] * 3
    assert parked(world, webhook) == []
    down = f"localhost:{receiver.port} was down for four days"
    assert rows[0]["reason"] == f"{down}; replay the delivery when it is back"


def test_an_unauthorised_host_is_not_down(world: World, authority: Authority) -> None:
    """401 again and again: a token to be mended, and each delivery keeps its schedule."""

    def unauthorised(connection: Received) -> None:
        while connection.request():
            connection.write(answer("401 Unauthorized"))

    with receiving(unauthorised, authority.server_context()) as receiver:
        world.webhook(receiver.url)
        for number in range(FEWEST_ATTEMPTS + 3):
            dispatch(world, number)
        assert len(receiver.requests) == FEWEST_ATTEMPTS + 3
    assert circuit_rows(world) == []


def test_a_probe_that_would_not_be_sent_does_not_count(world: World, authority: Authority) -> None:
    """The webhook was switched off: what is parked is ended, and then nothing is left to find out."""
    outage = Outage()
    with receiving(outage, authority.server_context()) as receiver:
        off = world.webhook(receiver.url)
        for number in range(FEWEST_ATTEMPTS + 3):
            dispatch(world, number)
        assert len(parked(world, off)) == 3
        world.store.deactivate(off, reason="by hand", now=0.0)
        earlier(world, 31)
        world.sweep()
        bodies = world.take_wakeups()
        assert probes(bodies) == []
        world.redeliver(*bodies)
    assert [row["code"] for row in world.deliveries(off)][-3:] == ["webhook_inactive"] * 3
    world.sweep()
    assert circuit_rows(world)[0]["draining"]["BOOL"]


def test_whoever_sends_opens_the_circuit(world: World, authority: Authority) -> None:
    """Here it is redeliver: the first attempts failed one by one, in as many processes of dispatch."""
    with receiving(Outage(), authority.server_context()) as receiver:
        webhook = world.webhook(receiver.url)
        for number in range(FEWEST_ATTEMPTS):
            world.apps.pop("dispatch", None)
            dispatch(world, number)
        assert circuit_rows(world) == []
        world.shift(webhook, DAY)
        world.redeliver(*wakeups_of(world, webhook))
        assert [row["sk"]["S"] for row in circuit_rows(world)] == [f"localhost:{receiver.port} {webhook.id}"]
