"""Sustained load: events put on the bus, until their arrival at HTTPS receivers; and one receiver that slows down.

moto's server has bus, queue and tables, and the rule of template.yaml; the real dispatch handler runs in processes of
its own, one event at a time in each, as in Lambda; the receivers are real HTTPS servers. All of it shares this machine,
moto too, so the CPU of each is told: what bounds the whole here, and what a delivery takes of the handlers alone.
"""

import argparse
import json
import os
import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from bench.delivery_cpu import ROOT, process
from bench.environments import Environments, environments
from bench.receiving import Receivers, receivers

TARGET: Final = 1.5
ENVIRONMENTS: Final = 16
SLOW_SECONDS: Final = 2.0
PER_SECOND: Final = 5.0  # events for three webhooks each, of which one is slow
SLOW, OTHERS, ALONE = 0, (1, 2), 3  # receivers: three of one event's webhooks, one of another's
TOGETHER_EVENT, ALONE_EVENT = "request_granted", "request_created"
_AWS: Final = """
import os, sys
from local.aws import AwsServer
with AwsServer() as aws:
    print(aws.endpoint, os.getpid(), flush=True)
    sys.stdin.read()
"""


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of them does not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def cpu_seconds(pids: Sequence[int]) -> float:
    """CPU that the processes have used so far, by /proc."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


@dataclass
class Load:
    """The bus, what calls the handlers, and when each event was put.

    pids  of moto, of the handlers, of the receivers, and of this process, which puts the events and calls the handlers
    """

    there: Receivers
    handlers: Environments
    pids: dict[str, list[int]]
    put_at: dict[str, float] = field(default_factory=dict)
    called_at: dict[str, float] = field(default_factory=dict)
    stopping: threading.Event = field(default_factory=threading.Event)

    def begin(self, endpoint: str) -> None:
        """Make the resources, the rule and the webhooks; wait until every handler is warm."""
        from local.aws import Clients, RuleQueue, create_resources
        from local.environment import functions_environment, local_environment
        from local.template import Template

        variables = local_environment(os.environ, endpoint=endpoint)
        os.environ |= variables
        self.clients = Clients()
        template = create_resources(Template.read(), self.clients)
        dispatch = template.function("DispatchFunction")
        self.bus = dispatch.rules[0].bus
        self.queue = RuleQueue.create(dispatch.rules[0], self.clients, name="bench")
        self._store_webhooks(template)
        self.handlers.begin(variables | functions_environment([dispatch], trust_file=Path(self.there.ca_file)))
        self.handlers.warm([self._event(ALONE_EVENT, 0), self._event(TOGETHER_EVENT, 0)])

    def _store_webhooks(self, template: Any) -> None:
        from grantwire.configurations import parse_webhook
        from grantwire.saving import save
        from grantwire.stores.secrets import KmsSecrets
        from grantwire.stores.webhooks import WebhookStore

        store = WebhookStore(client=self.clients.dynamodb, table_name=template.names["WebhooksTable"])
        secrets = KmsSecrets(client=lambda: self.clients.kms, key_id=template.names["SecretsKey"])
        base = json.loads((ROOT / "webhooks/torq.json").read_text())
        for index, url in enumerate(self.there.urls):
            trigger = "RequestCreated" if index == ALONE else "RequestGranted"
            document = base | {"name": f"Torq {index}", "url": url, "triggers": [trigger]}
            document |= {"body_template": '{"event": "{{data.id}}"}', "signing": {"kind": "standard_webhooks"}}
            save(parse_webhook(document, webhook_id=f"wh_{index}", now=time.time()), webhooks=store, secrets=secrets)

    def _event(self, name: str, number: int) -> dict[str, Any]:
        event: dict[str, Any] = json.loads((ROOT / f"events/{name}.json").read_text())
        event["detail"]["event_time"] = 1797000000 + number
        event["detail"]["data"]["id"] = f"bench-{number}" if number else f"warm-{time.monotonic()}"
        return event

    def put(self, name: str, count: int, per_second: float, *, together: int = 1) -> list[str]:
        """Put events on the bus at a constant rate, whatever becomes of them; their marks."""
        started, marks = time.monotonic(), []
        for index in range(0, count, together):
            numbers = range(len(self.put_at) + 1, len(self.put_at) + 1 + together)
            entries = [self._entry(self._event(name, number)) for number in numbers]
            time.sleep(max(0.0, started + index / per_second - time.monotonic()))
            now = time.monotonic()
            self.put_at |= {f"bench-{number}": now for number in numbers}
            marks += [f"bench-{number}" for number in numbers]
            self.clients.events.put_events(Entries=entries)
        return marks

    def _entry(self, event: dict[str, Any]) -> Any:
        detail = {"DetailType": event["detail-type"], "Detail": json.dumps(event["detail"])}
        return {"EventBusName": self.bus, "Source": event["source"], **detail}

    @contextmanager
    def calling(self) -> Iterator[None]:
        """What the rule lets through is handed to the handlers, while entered."""
        caller = threading.Thread(target=self._call, name="caller")
        with self.handlers.collecting():
            caller.start()
            try:
                yield
            finally:
                self.stopping.set()
                caller.join()

    def _call(self) -> None:
        while not self.stopping.is_set():
            for message in self.queue.receive():
                event = json.loads(message.body)
                self.handlers.invoke(event)
                self.called_at[event["detail"]["data"]["id"]] = time.monotonic()
                self.queue.delete(message)

    def latencies(self, marks: Sequence[str], index: int, timeout_seconds: float = 15.0) -> list[float]:
        """From PutEvents to arrival at a receiver, in ms, once all are there. Raises TimeoutError."""
        until = time.monotonic() + timeout_seconds
        while missing := set(marks) - (arrived := self.there.arrivals(index)).keys():
            if time.monotonic() > until:
                raise TimeoutError(
                    f"{len(missing)} of {len(marks)} events have not arrived: {self.handlers.problems[:3]}"
                )
            time.sleep(0.05)
        return [(arrived[mark] - self.put_at[mark]) * 1000 for mark in marks]

    def cpu(self) -> dict[str, float]:
        """CPU seconds so far of each part."""
        return {name: cpu_seconds(pids) for name, pids in self.pids.items()}

    def flood(self, count: int) -> dict[str, Any]:
        """As many deliveries a second as all of this does, and the cores that each part has used meanwhile."""
        before, started = self.cpu(), time.monotonic()
        marks = self.put(ALONE_EVENT, count, per_second=1e9, together=10)
        took = self.latencies(marks, ALONE)
        seconds = max(took_ms / 1000 + self.put_at[mark] for mark, took_ms in zip(marks, took, strict=True)) - started
        used = {name: after - before[name] for name, after in self.cpu().items()}
        return {
            "per_second": count / seconds,
            "cores": {name: cpu / seconds for name, cpu in used.items()},
            "cpu_ms": {name: cpu / count * 1000 for name, cpu in used.items()},
        }

    def steady(self, per_second: float, seconds: float) -> dict[str, float]:
        """p50 and p99 from PutEvents to arrival, at a rate that is held."""
        marks = self.put(ALONE_EVENT, int(per_second * seconds), per_second)
        took = self.latencies(marks, ALONE)
        hops = [(self.called_at[mark] - self.put_at[mark]) * 1000 for mark in marks]
        found = {"p50_ms": percentile(took, 0.5), "p99_ms": percentile(took, 0.99)}
        return {"per_second": per_second, **found, "bus_p50_ms": percentile(hops, 0.5)}

    def beside_a_slow_one(self, per_second: float, seconds: float, rounds: int) -> dict[str, list[float]]:
        """What the others' deliveries took while one receiver was quick, and while it was slow, in turns.

        Neither is always the one that follows the other: what a handler has read is good for ten seconds. The first
        turns only warm the handlers up.
        """
        found: dict[str, list[float]] = {"quick": [], "slow": []}
        for turn in range(-2, 2 * rounds):
            name = ("quick", "slow", "slow", "quick")[turn % 4]
            if turn == 0:
                found = {"quick": [], "slow": []}
            self.there.delay(SLOW, SLOW_SECONDS if name == "slow" else 0.0)
            marks = self.put(TOGETHER_EVENT, int(per_second * seconds), per_second)
            for index in OTHERS:
                found[name] += self.latencies(marks, index)
            self.latencies(marks, SLOW)
            time.sleep(SLOW_SECONDS if name == "slow" else 0.0)  # until the last one is answered
        return found


def measured() -> dict[str, Any]:
    """Everything, as plain data; a minute at most. Raises RuntimeError when a handler did."""
    with environments(ENVIRONMENTS) as handlers, process(_AWS) as said, receivers(4) as there:
        endpoint, pid = said.split()
        pids = {"moto": [int(pid)], "handlers": handlers.pids, "receivers": [there.child.pid], "bench": [os.getpid()]}
        load = Load(there, handlers, pids)
        load.begin(endpoint)
        with load.calling():
            flood = load.flood(200)
            handlers.busiest = 0
            steady = load.steady(flood["per_second"] / 2, 8)
            others = load.beside_a_slow_one(PER_SECOND, 4, 4)
        if handlers.problems:
            raise RuntimeError(f"handlers raised: {handlers.problems[:3]}")
        return {"flood": flood, "steady": steady, "beside": others, "busiest": handlers.busiest}


def main() -> None:
    """Print the figures."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--json", action="store_true", help="as data")
    as_data, found = arguments.parse_args().json, measured()
    if as_data:
        print(json.dumps(found))
        return
    flood, steady = found["flood"], found["steady"]
    print(f"{flood['per_second']:.0f} deliveries a second; cores used, and CPU ms of a delivery:")
    for name, cores in flood["cores"].items():
        print(f"  {name:10} {cores:5.2f} {flood['cpu_ms'][name]:7.2f}")
    print(f"  {'together':10} {sum(flood['cores'].values()):5.2f} of {os.cpu_count()}")
    print(
        f"at {steady['per_second']:.0f} a second: p50 {steady['p50_ms']:.0f} ms, p99 {steady['p99_ms']:.0f} ms, "
        f"of the p50 {steady['bus_p50_ms']:.0f} ms in moto's bus"
    )
    quick, slow = (found["beside"][name] for name in ("quick", "slow"))
    for name, took in (("undisturbed", quick), (f"one takes {SLOW_SECONDS:g} s", slow)):
        print(f"{name:14} p50 {statistics.median(took):.0f} ms, p99 {percentile(took, 0.99):.0f} ms, {len(took)}")
    ratio = percentile(slow, 0.99) / percentile(quick, 0.99)
    print(f"ratio {ratio:.2f} (target ≤ {TARGET}: {'met' if ratio <= TARGET else 'MISSED'})")
    print(f"at most {found['busiest']} of {ENVIRONMENTS} handlers at once")


if __name__ == "__main__":
    main()
