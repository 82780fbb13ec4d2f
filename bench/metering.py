"""Counts what AWS would bill of calls that are really made: requests, DynamoDB's capacity units by its own rules.

A row is read before and after each write, by another client, since moto's own figures of capacity leave indexes out.
Sizes and units: "DynamoDB Item sizes and formats" and "Capacity unit consumption" in the developer guide.
"""

import math
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

Row = Mapping[str, Any]

_KEYS: Final = {"due": ("due_shard", "sweep_at"), "parked": ("parked_host", "sk"), "by_name": ("listed", "name_key")}
_PROJECTED: Final = {
    "due": frozenset({"trigger", "state", "attempt_count", "due_at", "lease_until"}),
    "parked": frozenset({"trigger", "state", "attempt_count", "parked_at"}),
}


def size_of(row: Row) -> int:
    """Bytes of an item: names and values."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in row.items())


def _value_bytes(value: Mapping[str, Any]) -> int:
    [(kind, content)] = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            return len(content.strip("-0.").replace(".", "")) // 2 + 2
        case "B":
            return len(bytes(content))
        case "SS":
            return sum(len(one.encode()) for one in content)
        case "L":
            return 3 + sum(1 + _value_bytes(one) for one in content)
        case "M":
            return 3 + size_of(content) + len(content)
        case _:
            return 1


def write_units(before: Row, after: Row) -> int:
    """Of one write: the table's own, and those of each index whose entry comes, goes or changes."""
    own = max(1, math.ceil(max(size_of(before), size_of(after)) / 1024))
    return own + sum(_index_units(name, before, after) for name in _KEYS)


def _index_units(name: str, before: Row, after: Row) -> int:
    old, new = _entry(name, before), _entry(name, after)
    if old == new:
        return 0
    moved = bool(old and new) and any(old[key] != new[key] for key in _KEYS[name])
    units = math.ceil(max(size_of(old), size_of(new)) / 1024)
    return units * 2 if moved else units


def _entry(name: str, row: Row) -> dict[str, Any]:
    if not row.keys() >= set(_KEYS[name]):
        return {}
    kept = _PROJECTED.get(name, frozenset(row)) | {*_KEYS[name], "pk", "sk"}
    return {attribute: value for attribute, value in row.items() if attribute in kept}


@dataclass
class Meter:
    """Counts the calls of clients while it is entered. `reader`: a DynamoDB client that is not counted."""

    reader: Any
    calls: Counter[str] = field(default_factory=Counter)
    units: Counter[str] = field(default_factory=Counter)
    bytes_read: int = 0
    _local: threading.local = field(default_factory=threading.local)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _hooks: list[tuple[Any, str, Callable[..., None]]] = field(default_factory=list)

    def watch(self, *clients: Any) -> None:
        """Count what these clients are asked for, from now on."""
        for client in clients:
            service = client.meta.service_model.service_name
            for event, hook in (("provide-client-params", self._before), ("after-call", self._after)):
                client.meta.events.register(f"{event}.{service}.*", hook)
                self._hooks.append((client, f"{event}.{service}.*", hook))

    def stop(self) -> None:
        """Count no more."""
        for client, name, hook in self._hooks:
            client.meta.events.unregister(name, hook)
        self._hooks.clear()

    def _before(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        service = model.service_model.service_name
        with self._lock:
            self.calls[f"{service} {model.name}"] += 1
        self._local.params, self._local.row = params, {}
        if model.name in ("PutItem", "UpdateItem", "DeleteItem"):
            self._local.row = self._row(params)

    def _after(self, parsed: dict[str, Any], model: Any, **_: Any) -> None:
        if model.name in ("PutItem", "UpdateItem", "DeleteItem"):
            units = write_units(self._local.row, self._row(self._local.params))
            with self._lock:  # never around a call, in which other threads would count
                self.units["write"] += units
        elif model.name in ("Query", "GetItem"):
            items = parsed.get("Items", [parsed["Item"]] if "Item" in parsed else [])
            size = sum(size_of(item) for item in items)
            halves = 2 if self._local.params.get("ConsistentRead") else 1
            with self._lock:
                self.bytes_read += size
                self.units["half reads"] += max(1, math.ceil(size / 4096)) * halves

    def _row(self, params: dict[str, Any]) -> Row:
        key = params.get("Key") or {name: params["Item"][name] for name in ("pk", "sk")}
        found: Row = self.reader.get_item(TableName=params["TableName"], Key=key).get("Item", {})
        return found
