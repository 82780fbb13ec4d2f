"""Answers of the API as text: tables, and what a test or a delivery came to."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cli import Document


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Columns side by side, as wide as their longest value."""
    lines = [tuple(columns), *(tuple("" if one is None else _one_line(one) for one in row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def _one_line(value: object) -> str:
    return " ".join(str(value).split())


def outcome(result: Mapping[str, Any]) -> str:
    """What a test came to: the sentence, what was sent and answered, and what to look at."""
    retry = result.get("retry") or {}
    parts = [
        str(result["sentence"]),
        *_request(result.get("request")),
        *_response(result.get("response")),
        *_validators(result.get("validators") or ()),
        *_filters(result.get("filters") or ()),
        *_warnings(result.get("warnings") or ()),
        *_section("Retry", [retry["sentence"]] if retry.get("sentence") else []),
        *_section("Tips", [f"- {tip}" for tip in result.get("tips") or ()]),
    ]
    return "\n".join(parts)


def previewed(result: Mapping[str, Any]) -> str:
    """What would be sent, or why nothing could be."""
    problem = result.get("problem")
    parts = [
        f"Preview failed: {problem}" if problem else "This would be sent; nothing was.",
        *_request(result.get("request")),
        *_filters(result.get("filters") or ()),
        *_warnings(result.get("warnings") or ()),
    ]
    return "\n".join(parts)


def delivery_row(one: Mapping[str, Any]) -> tuple[object, ...]:
    """A delivery in a list, see DELIVERY_COLUMNS."""
    waits = f"next {_second(one['next_attempt_at'])}" if one.get("next_attempt_at") else ""
    waits = f"parked: the receiver at {one['parked_host']} is down" if one.get("parked_host") else waits
    reason = "; ".join(text for text in (one.get("reason") or "", waits) if text)
    event = (_second(one["event_time"]), one["trigger"], one.get("request_id"))
    return (*event, one["state"], one["attempts"], one["id"], reason)


DELIVERY_COLUMNS = ("EVENT TIME", "TRIGGER", "REQUEST", "STATE", "ATTEMPTS", "ID", "REASON")


def delivery_line(one: Mapping[str, Any]) -> str:
    """A delivery in a line of its own."""
    return "  ".join(_one_line(value) for value in delivery_row(one) if value not in (None, ""))


def delivery(one: Document) -> str:
    """A delivery with each attempt that was kept."""
    parts = [delivery_line(one), f"webhook {one['webhook_id']}, event {one['event_id']}"]
    for attempt in one.get("history") or ():
        note = ", before it was replayed" if attempt.get("before_replay") else ""
        title = f"Attempt {attempt['number']}, {_second(attempt['started_at'])}{note}: {attempt['reason']}"
        parts += ["", title]
        if attempt.get("too_large"):
            parts.append("  request and response were too large to be kept")
        told = (*_request(attempt.get("request")), *_response(attempt.get("response")))
        parts += [f"  {line}".rstrip() for line in (*told, *_validators(attempt.get("validators") or ()))]
    if not one.get("history"):
        parts += ["", "No attempt was recorded."]
    return "\n".join(parts)


def job(one: Mapping[str, Any]) -> str:
    """How far a replay job is."""
    return f"{one['id']}: {one['state']}, {one['replayed']} of {one['total']} sent again"


def _second(moment: object) -> str:
    text = str(moment)
    return f"{text[:19]}Z" if text.endswith("Z") else text


def _section(title: str, lines: Iterable[str]) -> list[str]:
    """A heading and lines below it; nothing when there are no lines."""
    indented = [f"  {line}".rstrip() for one in lines for line in one.split("\n")]
    return ["", title, *indented] if indented else []


def _request(request: Mapping[str, Any] | None) -> list[str]:
    if not request:
        return _section("Request", ["nothing was sent"])
    return _section("Request", [f"{request['method']} {request['url']}", *_headers_and_body(request)])


def _response(response: Mapping[str, Any] | None) -> list[str]:
    if not response:
        return _section("Response", ["none"])
    return _section("Response", [str(response["status"]), *_headers_and_body(response)])


def _headers_and_body(message: Mapping[str, Any]) -> list[str]:
    lines = [f"{one['name']}: {one['value']}" for one in message.get("headers") or ()]
    if message.get("body"):
        lines += ["", str(message["body"])]
    return [*lines, "(cut)"] if message.get("truncated") else lines


def _validators(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    return _section("Validators", [f"{_holds(row)}  {row['json_path']}{_wanted(row)}{_found(row)}" for row in rows])


def _wanted(row: Mapping[str, Any]) -> str:
    wanted = row.get("expected_values")
    return f" must be one of {', '.join(map(str, wanted))}" if wanted else ""


def _filters(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    lines = []
    for row in rows:
        values = ", ".join(map(str, row.get("values") or ()))
        lines.append(f"{_holds(row)}  {row['field']} {row['operator']} {values}".rstrip() + _found(row))
    return _section("Filters", lines)


def _holds(row: Mapping[str, Any]) -> str:
    return "holds" if row["holds"] else "fails"


def _found(row: Mapping[str, Any]) -> str:
    found = row.get("found") or ()
    return f"; found {', '.join(map(str, found))}" if found else "; found nothing"


def _warnings(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    return _section(
        "Warnings", [f"{row['path']}, line {row['line']}, column {row['column']}: {row['message']}" for row in rows]
    )
