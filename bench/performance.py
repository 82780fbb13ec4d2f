"""Takes the figures and writes docs/performance.md with its plots: `make performance`."""

import argparse
import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from bench import bill, charts, cold_start, day, fanout, growth, load, pace, phases, targets
from bench.targets import Target, at_most, verdict
from grantwire.observability import logger

ROOT: Final = Path(__file__).parents[1]
PLOTS: Final = ROOT / "docs/images"
Rows = Sequence[Sequence[object]]
Part = tuple[str, list[Target]]  # what the document says, and the targets that were looked at


def table(head: Sequence[str], rows: Rows) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines) + "\n"


def met(value: float, target: float) -> str:
    """Whether a target is met, in words."""
    return verdict(holds=value <= target)


def plot(name: str, svg: str) -> str:
    """Keep a plot; the image's line in Markdown."""
    (PLOTS / f"performance-{name}.svg").write_text(svg, encoding="utf-8")
    return f"![{name}](images/performance-{name}.svg)\n"


def machine() -> str:
    """Where this was measured."""
    model = (
        re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text()) if Path("/proc/cpuinfo").exists() else None
    )
    load = os.getloadavg()[0]
    return (
        f"{model[1] if model else platform.processor()}, {os.cpu_count()} cores, {platform.system()}, "
        f"Python {platform.python_version()}; load when it began: {load:.1f}"
    )


def cold(runs: int) -> Part:
    """Part 1."""
    figures = cold_start.measured(runs)
    judged = [
        at_most(f"cold start of {name}, times {floor}", figures["starts"][name][key], cold_start.TARGET, way_out=why)
        for key, floor, why in (
            ("ratio", "what its libraries take as they come", ""),
            ("of_spared", "what is left of that, once ours leave things out", "a floor that sinks with each of them"),
        )
        for name in cold_start.OF_THE_TARGET
    ]
    judged.append(at_most("the layer, MB", figures["layer_mb"], cold_start.MOST_LAYER_MB))
    rows = [
        [
            *(name, f"{one['function']:.0f}", f"{one['floor']:.0f}", f"{one['ratio']:.2f}"),
            met(one["ratio"], cold_start.TARGET) if name in cold_start.OF_THE_TARGET else "",
            *(f"{one['spared']:.0f}", f"{one['of_spared']:.2f}"),
            met(one["of_spared"], cold_start.TARGET) if name in cold_start.OF_THE_TARGET else "",
        ]
        for name, one in figures["starts"].items()
    ]
    emulated = ", ".join(
        f"`{name}` {one['first']:.0f} ms and then {one['second']:.1f} ms"
        for name, one in figures["invocations"].items()
    )
    text = (
        table(
            [
                "function",
                "ms until wired",
                "ms of its libraries",
                "ratio",
                "≤ 1.15",
                "spared",
                "ratio to that",
                "≤ 1.15",
            ],
            rows,
        )
        + f"\nThe first invocation under the emulator and the second, of an input with nothing to do: {emulated}.\n"
        + f"\nThe layer, without boto3: {figures['layer_mb']:.1f} MB unzipped, target ≤ 5: "
        + f"{met(figures['layer_mb'], cold_start.MOST_LAYER_MB)}; without its compiled modules, "
        + f"which halve a cold start, it has {figures['sources_mb']:.1f} MB.\n"
    )
    return text, judged


def warm() -> Part:
    """Part 2, as its own command prints it."""
    command = [sys.executable, "-m", "bench.delivery_cpu"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return f"```\n{printed}```\n", []


def apart(name: str) -> dict[str, Any]:
    """Another bench's figures, taken in a process of its own: clients are made once in a process, for one moto."""
    command = [sys.executable, "-m", f"bench.{name}", "--json"]
    found: dict[str, Any] = json.loads(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout)
    return found


def phased() -> Part:
    """Part 2, phase by phase."""
    figures = apart("phases")
    found: Mapping[str, Mapping[str, float]] = figures["phases"] | {"connect, once": figures[phases.CONNECT]}
    rows = [[name, *(f"{one[key]:.2f}" for key in ("cpu", "libraries", "wall"))] for name, one in found.items()]
    ratio = phases.ratio(figures["phases"])
    ours = {name: one["cpu"] - one["libraries"] for name, one in figures["phases"].items()}
    drawn = {
        name: {"own": ours[name], "botocore, urllib3": one["libraries"]} for name, one in figures["phases"].items()
    }
    kept = [
        [name, one["deliveries"], one["handshakes"], f"{one['reuse']:.1%}"]
        for name in (phases.ONE_BY_ONE, phases.FIRST_FIFTY, phases.MORE_FIFTIES)
        for one in (figures[name],)
    ]
    claimed = [[claim, verdict(holds=holds)] for claim, holds in phases.claims(figures).items()]
    judged = [at_most("CPU of a warm delivery, times a bare POST and the same calls", ratio, phases.TARGET_RATIO)]
    judged += [
        Target(claim, "", "", holds, way_out="fifty requests of HTTP/1.1 at one moment need fifty connections")
        for claim, holds in phases.claims(figures).items()
    ]
    text = "\n".join(
        [
            table(["phase", "CPU ms", "of it botocore, urllib3", "wall ms"], rows),
            plot("phases", charts.bars("CPU of a warm delivery", "ms", drawn)),
            f"Ratio {ratio:.2f}, target ≤ {phases.TARGET_RATIO}: {met(ratio, phases.TARGET_RATIO)}.\n",
            table(["to one host", "deliveries", "handshakes", "over a kept connection"], kept),
            table(["of connections", "target"], claimed),
        ]
    )
    return text, judged


def loaded() -> Part:
    """Part 4."""
    figures = apart("load")
    flood, steady, beside = figures["flood"], figures["steady"], figures["beside"]
    rows = [[name, f"{cores:.2f}", f"{flood['cpu_ms'][name]:.1f}"] for name, cores in flood["cores"].items()]
    rows.append(["together", f"{sum(flood['cores'].values()):.2f}", f"{sum(flood['cpu_ms'].values()):.1f}"])
    labels = {"quick": "undisturbed", "slow": f"one takes {load.SLOW_SECONDS:g} s"}
    took = [
        [label, len(beside[name]), *(f"{load.percentile(beside[name], share):.0f}" for share in (0.5, 0.99))]
        for name, label in labels.items()
    ]
    ratio = load.percentile(beside["slow"], 0.99) / load.percentile(beside["quick"], 0.99)
    drawn = {
        label: [load.percentile(beside[name], share / 100) for share in range(100)] for name, label in labels.items()
    }
    verdicts = (
        f"**{flood['per_second']:.0f} deliveries a second** when events wait. Held at {steady['per_second']:.0f} "
        f"a second, from PutEvents to arrival: p50 {steady['p50_ms']:.0f} ms, p99 {steady['p99_ms']:.0f} ms; "
        f"{steady['bus_p50_ms']:.0f} ms of the p50 is moto's bus.\n"
    )
    text = "\n".join(
        [
            verdicts,
            table(["", f"cores of {os.cpu_count()}", "CPU ms of a delivery"], rows),
            table(["the other two webhooks, while", "deliveries", "p50 ms", "p99 ms"], took),
            f"Ratio of the p99 {ratio:.2f}, target ≤ {load.TARGET}: {met(ratio, load.TARGET)}.\n",
            plot("load", charts.lines("To arrival, up to so many of a hundred", "ms", drawn, "p99")),
        ]
    )
    return text, [at_most("p99 beside a receiver that takes 2 s, times the undisturbed one", ratio, load.TARGET)]


def fan_out() -> Part:
    """Part 3; what is beyond fifty is queued in memory, and has no verdict."""
    figures = fanout.measured()
    rows = [
        [
            *(name, f"{one['wall_ms']:.1f}", f"{one['floor_ms']:.1f}"),
            *(f"{one['sent']:.0f}", f"{one['queued']:.0f}", f"{one['memory_kb']:.0f}"),
            *_judged(one, "ratio"),
            *((f"{one['https_ms']:.1f}", f"{one['https_cpu_ms']:.1f}") if "https_ms" in one else ("", "")),
            *_judged(one, "https_ratio"),
            f"{one['posts_ms']:.1f}" if "posts_ms" in one else "",
            *_judged(one, "posts_ratio"),
        ]
        for name, one in figures.items()
    ]
    names = ["", "ms", "ms of threads that only wait", "sent", "queued", "KB at most", "ratio", "target ≤ 1.25"]
    names += ["over HTTPS, ms", "CPU ms of it", "ratio", "target ≤ 1.25"]
    names += ["bare POSTs, ms", "ratio", "target ≤ 1.25"]
    fifty = figures["50 webhooks, 5 ms"]
    each = (fifty["wall_ms"] - fifty["floor_ms"]) / fanout.THREADS * 1000
    text = table(names, rows) + (
        f"\nOf fifty with 5 ms, each takes {each:.0f} µs more than a thread that only waits, the handler alone, and "
        f"{fifty['https_cpu_ms'] / fanout.THREADS:.2f} ms of CPU over HTTPS. Each webhook beyond fifty takes at most "
        f"{fanout.kb_each(figures):.1f} KB, the rows and messages that stay in memory here included.\n"
    )
    return text, [_of_a_latency(figures, latency) for latency in fanout.LATENCIES]


def _of_a_latency(figures: Mapping[str, Mapping[str, float]], latency: int) -> Target:
    """Over HTTPS, for each number of webhooks that are all sent to."""
    sent = {
        name.partition(" ")[0]: one
        for name, one in figures.items()
        if name.endswith(f" {latency} ms") and "https_ratio" in one
    }
    bare = ", ".join(f"{one['posts_ratio']:.2f}" for one in sent.values())
    return Target(
        f"{', '.join(sent)} webhooks over HTTPS, receivers at {latency} ms, times that",
        f"≤ {fanout.TARGET}",
        ", ".join(f"{one['https_ratio']:.2f}" for one in sent.values()),
        holds=all(one["https_ratio"] <= fanout.TARGET for one in sent.values()),
        way_out=f"threads that do nothing but POST take {bare}",
    )


def _judged(one: Mapping[str, float], ratio: str) -> tuple[str, str]:
    """A ratio of the fan-out and its verdict, nothing where there is none."""
    return (f"{one[ratio]:.2f}", met(one[ratio], fanout.TARGET)) if ratio in one else ("", "")


def grown() -> Part:
    """Part 5."""
    figures = growth.measured()
    rows = [
        [
            f"{count}, {label}",
            f"{one['queries']:.0f}",
            f"{one['half_units'] / 2:g}",
            f"{one['bytes']:.0f}",
            f"{one['cpu_ms']:.2f}",
        ]
        for label in ("other triggers", "the same trigger")
        for count, one in figures[label].items()
    ]
    judged = [
        Target(f"flat: {claim}", "", "", holds, way_out="by decision, see *Growth*")
        for claim, holds in growth.claims(figures).items()
    ]
    swept = [[name, f"{one['calls']:.0f}", f"{one['cpu_ms']:.2f}"] for name, one in figures["sweep"].items()]
    text = (
        table(["stored webhooks, the others name", "queries", "read units", "bytes", "CPU ms"], rows)
        + "\n"
        + table(["sweep, of deliveries", "calls to tables", "CPU ms"], swept)
        + "\n"
        + table(
            ["target: flat", "as more are stored"],
            [[claim, verdict(holds=holds)] for claim, holds in growth.claims(figures).items()],
        )
    )
    return text, judged


def billed(figures: Mapping[str, Any]) -> Part:
    """Part 6."""
    parts: Mapping[str, Mapping[str, float]] = figures["parts"]
    names = list(next(iter(parts.values())))
    rows = [[name, *(f"{one[name]:.2f}" for one in parts.values())] for name in names]
    rows.append(["**together, without what is kept**", *(f"**{one:.2f}**" for one in figures["totals"].values())])
    rows.append(["ms billed for each", *(f"{one:.0f}" for one in figures["billed_ms"].values())])
    idle = sum(figures["idle"].values())
    free = sum(dollars for name, dollars in figures["idle"].items() if name not in bill.ALLOWED_FOR)
    verdicts = (
        f"Direct ≤ $3.50: {met(figures['totals']['direct'], bill.TARGET)}. "
        f"Idle ${idle:.2f} a month, target ≤ $1: {met(idle, bill.IDLE_TARGET)}: "
        + ", ".join(f"{name} {dollars:.2f}" for name, dollars in figures["idle"].items())
        + f". With a key that you have already it is ${idle - figures['idle']['the key']:.2f}: "
        + f"{met(idle - figures['idle']['the key'], bill.IDLE_TARGET)}. Within what AWS gives every account each month "
        + f"(a million requests of SQS and of Lambda) it is ${free:.2f}, key and all. "
        + f"With `EventBatches=on` the events' queue is polled too: ${figures['idle'][bill.POLLERS]:.2f} more.\n"
    )
    batches = [
        [rate, f"{one['size']:.1f}", f"{one['mean_s']:.2f}", f"{one['p99_s']:.2f}", f"{one['dollars']:.2f}"]
        for rate, one in figures["batches"].items()
    ]
    others = [[name, f"{dollars:.2f}"] for name, dollars in figures["beside"].items()]
    drawn = charts.bars("Dollars for a million deliveries", "$", parts)
    own_key = figures["idle"]["the key"]
    judged = [
        at_most("a million events for one webhook each", figures["totals"]["direct"], bill.TARGET, unit="$"),
        at_most("a month idle, with a key that you have", idle - own_key, bill.IDLE_TARGET, unit="$"),
        at_most(
            "a month idle, with a key of the stack's own",
            idle,
            bill.IDLE_TARGET,
            unit="$",
            way_out=f"AWS's price of a key is ${own_key:.2f} of it; `SecretsKeyArn` names one that you have",
        ),
    ]
    text = "\n".join(
        [
            table(["dollars for a million", *parts], rows),
            plot("bill", drawn),
            verdicts,
            table(["batches at events a second", "events in one", "s waited", "p99", "dollars"], batches),
            table(["others, a million in a month", "dollars"], others),
        ]
    )
    return text, judged


def paced(events: int) -> Part:
    """The rate limit."""
    logger().setLevel("CRITICAL")
    drawn, rows, judged = {}, [], []
    for label in pace.CASES:
        cloud, receiver = pace.run(label, 60.0, events)
        figures = pace.told(label, cloud, receiver, 60.0, events)
        holds = pace.is_met(figures)
        rows.append([label, *(f"{value:.4g}" for value in figures.values()), verdict(holds=holds)])
        judged.append(_of_a_limit(label, figures, holds=holds))
        if label in ("limit set", "limit found"):
            drawn[f"{label}: accepted"] = pace.series(receiver, 202)
            drawn[f"{label}: 429"] = pace.series(receiver, 429)
    drawn.pop("limit set: 429")
    text = (
        table(["", *figures, f"target ≥ {pace.LEAST_PER_SECOND} a second, then no 429"], rows)
        + "\n"
        + plot("pace", charts.lines("A receiver that takes 20 a second", "a second", drawn))
    )
    return text, judged


def _of_a_limit(label: str, figures: Mapping[str, float], *, holds: bool) -> Target:
    """What came of one case of the rate limit."""
    return Target(
        f"a receiver that takes 20 a second, {label}",
        f"≥ {pace.LEAST_PER_SECOND}, then no 429",
        f"{figures['accepted a second']:.4g}, then {figures['429 after that']:.0f}",
        holds,
        way_out="whether it takes more is known only by being refused; set `deliveries_per_second`",
    )


def scaled(billed_ms: Mapping[str, float]) -> Part:
    """Part 7."""
    busy = day.busy_of(billed_ms)
    figures = day.measured(busy)
    rows = [
        [name, quota, *(f"{figures[rate]['used'][name]:.1%}" for rate in day.RATES)]
        for name, quota in day.QUOTAS.items()
    ]
    rows.append(["parked at most", "", *(figures[rate]["parked"] for rate in day.RATES)])
    hours = ["never wholly" if (one := figures[rate]["drained_h"]) is None else f"{one:.2f}" for rate in day.RATES]
    rows.append(["hours until it has drained", "", *hours])
    rows.append(["given up after four days", "", *(figures[rate]["given_up"] for rate in day.RATES)])
    text = table(["", "quota", *(f"{rate} a second" for rate in day.RATES)], rows) + (
        f"\nA first attempt keeps a function busy for {busy.first * 1000:.0f} ms, as the bill has it, "
        f"and a later one for {busy.again * 1000:.0f} ms; one that hangs, for {day.TIMEOUT_SECONDS} s.\n"
    )
    return text, []


_IN_ORDER: Final = ("cold", "phases", "fanout", "load", "growth", "bill", "pace")  # as they were asked for


def main() -> None:
    """Write the document."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--runs", type=int, default=9)
    given = arguments.parse_args()
    os.environ |= {"POWERTOOLS_METRICS_NAMESPACE": "Grantwire", "POWERTOOLS_SERVICE_NAME": "bench"}
    where, costs = machine(), bill.measured(60)  # first: the others silence the log, whose bytes it counts
    parts = {"bill": billed(costs)}
    parts |= {"pace": paced(6_000), "growth": grown(), "fanout": fan_out(), "day": scaled(costs["billed_ms"])}
    parts |= {"phases": phased(), "load": loaded(), "warm": warm(), "cold": cold(given.runs)}
    text = (Path(__file__).parent / "performance.md").read_text(encoding="utf-8")
    for name, (content, _) in parts.items():
        text = text.replace(f"<!-- {name} -->\n", content)
    judged = [target.row() for name in _IN_ORDER for target in parts[name][1]]
    text = text.replace("<!-- targets -->\n", table(targets.HEAD, judged))
    text = text.replace("<!-- machine -->", where).replace("<!-- prices -->", bill.PRICES["date"])
    (ROOT / "docs/performance.md").write_text(text, encoding="utf-8")
    print("docs/performance.md is written")


if __name__ == "__main__":
    main()
