"""EventBridge API destinations: the answers of `aws events`, each in a file of its own.

| file holds | answer of |
|---|---|
| `InvocationEndpoint` | describe-api-destination |
| `AuthorizationType` | describe-connection |
| `Rules` | list-rules |
| `Targets` | list-targets-by-rule; it does not say of which rule, so the file is called as the rule is |

Fields: the service's own model (eventbridge-2015-10-07).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from cli import Document
from cli.errors import FileError
from cli.moving.connection import read_connection
from cli.moving.draft import TRIGGERS, Draft, Names, list_in, object_in, objects_in
from cli.moving.filters import of_pattern
from cli.moving.transforming import body_of, envelope, text_of

_MOST_ATTEMPTS: Final = 11
_MOST_PER_SECOND: Final = 300
_TARGET_KNOWN: Final = (
    *("Id", "Arn", "RoleArn", "Input", "InputPath", "InputTransformer", "HttpParameters", "RetryPolicy"),
    "DeadLetterConfig",
)
_DESTINATION_KNOWN: Final = (
    *("ApiDestinationArn", "Name", "Description", "ApiDestinationState", "ConnectionArn", "InvocationEndpoint"),
    *("HttpMethod", "InvocationRateLimitPerSecond", "CreationTime", "LastModifiedTime", "ResponseMetadata"),
)


@dataclass
class _Exported:
    """What the files hold. `targets` by the name of the file, `connections` by ARN, `rules` by name."""

    destinations: list[tuple[str, Document]] = field(default_factory=list)
    connections: dict[str, Document] = field(default_factory=dict)
    rules: dict[str, Document] = field(default_factory=dict)
    targets: dict[str, list[Document]] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)


def drafts(files: Mapping[str, object], names: Names, renamed: Mapping[str, str]) -> Iterator[Draft]:
    """A webhook for each target that is an API destination; for a destination without a target, one without a rule."""
    exported = _sorted(files)
    for source in exported.unknown:
        draft = Draft(source=source, name=names.name(Path(source).stem))
        draft.refuse(
            "is none of the answers of describe-api-destination, describe-connection, list-rules, list-targets-by-rule"
        )
        yield draft
    for source, destination in exported.destinations:
        uses = [
            (rule, target)
            for rule, targets in exported.targets.items()
            for target in targets
            if target.get("Arn") == destination.get("ApiDestinationArn")
        ]
        for rule, target in uses or [("", {})]:
            draft = Draft(source=f"{source}{rule and f': rule {rule}'}", name=names.name(destination.get("Name")))
            _read_destination(draft, destination, target)
            _read_rule(draft, rule, exported.rules.get(rule), target, renamed)
            _read_target(draft, target)
            read_connection(draft, exported.connections.get(str(destination.get("ConnectionArn"))))
            yield draft


def _sorted(files: Mapping[str, object]) -> _Exported:
    exported = _Exported()
    for file, document in files.items():
        row: Document = document if isinstance(document, dict) else {}
        if "InvocationEndpoint" in row:
            exported.destinations.append((file, row))
        elif "AuthorizationType" in row:
            exported.connections[str(row.get("ConnectionArn"))] = row
        elif isinstance(row.get("Rules"), list):
            exported.rules |= {str(rule.get("Name")): rule for rule in objects_in(row, "Rules")}
        elif isinstance(row.get("Targets"), list):
            exported.targets[Path(file).stem] = objects_in(row, "Targets")
        else:
            exported.unknown.append(file)
    return exported


def _read_destination(draft: Draft, destination: Document, target: Document) -> None:
    parameters = object_in(target, "HttpParameters")
    url = str(destination["InvocationEndpoint"])
    draft.set_url(url, "InvocationEndpoint")
    draft.set_method(destination.get("HttpMethod"), "HttpMethod")
    if not draft.refused:
        draft.document["url"] = _filled(draft, url, parameters)
    for name, value in object_in(parameters, "HeaderParameters").items():
        path = f"HttpParameters.HeaderParameters.{name}"
        if (text := _text(draft, str(value), path)) is not None:
            draft.add_header(name, text, path)
    rate = destination.get("InvocationRateLimitPerSecond", _MOST_PER_SECOND)
    if rate != _MOST_PER_SECOND:  # which is also what every destination has that sets none
        draft.set_pace(rate, "InvocationRateLimitPerSecond")
    draft.leave_rest(destination, _DESTINATION_KNOWN)


def _filled(draft: Draft, url: str, parameters: Document) -> str:
    """The URL with a value for each `*` in it, and with the query."""
    for value in list_in(parameters, "PathParameterValues"):
        text = _text(draft, str(value), "HttpParameters.PathParameterValues")
        url = url.replace("*", _quoted(text or ""), 1)
    if "*" in url:
        draft.leave("InvocationEndpoint", "has * in it: put what belongs there into url")
    for name, value in object_in(parameters, "QueryStringParameters").items():
        text = _text(draft, str(value), f"HttpParameters.QueryStringParameters.{name}")
        if text is not None:
            url += f"{'&' if '?' in url else '?'}{quote(name, safe='')}={_quoted(text)}"
    return url


def _quoted(text: str) -> str:
    """A placeholder is percent-encoded when it is filled in."""
    return text if text.startswith("{{") else quote(text, safe="")


def _text(draft: Draft, value: str, path: str) -> str | None:
    try:
        return text_of(value)
    except ValueError as exc:
        draft.leave(path, str(exc))
        return None


def _read_rule(draft: Draft, name: str, rule: Document | None, target: Document, renamed: Mapping[str, str]) -> None:
    if rule is None:
        draft.document["triggers"] = list(TRIGGERS)
        draft.document["body_template"] = envelope([])
        draft.leave("EventPattern", f"of rule {name or '?'} is in no file: every request event passes")
        return
    pattern = _pattern(rule)
    types = list_in(pattern, "detail-type") or TRIGGERS
    draft.set_triggers(
        [one if isinstance(one, str) else json.dumps(one) for one in types], renamed, "EventPattern.detail-type"
    )
    draft.set_filters(of_pattern(object_in(pattern, "detail")), "EventPattern.detail")
    for key in sorted(pattern.keys() - {"source", "detail-type", "detail"}):
        draft.leave(f"EventPattern.{key}", "more events pass without it: filters see the event's detail only")
    if rule.get("State") == "DISABLED":
        draft.leave("State", "the rule was disabled: leave it inactive, unless you know why")
    if (bus := rule.get("EventBusName", "default")) != "default":
        draft.leave("EventBusName", f"{bus}: Grantwire listens on one bus, the parameter EventBusName")
    sources = list_in(pattern, "source")
    if sources != ["apono"]:
        draft.leave("EventPattern.source", f"{json.dumps(sources)}: Grantwire takes one, the parameter EventSource")
    _read_body(draft, target, sources)


def _pattern(rule: Document) -> Document:
    """A text in the answer. Raises FileError when it is no JSON object."""
    try:
        return object_in({"EventPattern": json.loads(rule.get("EventPattern") or "{}")}, "EventPattern")
    except ValueError as exc:
        raise FileError(f"rule {rule.get('Name')}: EventPattern is no JSON: {exc}") from exc


def _read_body(draft: Draft, target: Document, sources: list[Any]) -> None:
    try:
        draft.document["body_template"] = body_of(target, sources)
    except ValueError as exc:
        what = next((key for key in ("InputTransformer", "Input", "InputPath") if target.get(key)), "body")
        draft.leave(what, f"{exc}; the whole payload is sent now")
        return
    if not any(target.get(key) for key in ("InputTransformer", "Input", "InputPath")):
        draft.leave("version, id, account, time, region, resources", "of the event's envelope are not in the body")


def _read_target(draft: Draft, target: Document) -> None:
    attempts = object_in(target, "RetryPolicy").get("MaximumRetryAttempts")
    if isinstance(attempts, int):
        draft.document["retry"] = {"max_attempts": min(attempts + 1, _MOST_ATTEMPTS)}
        draft.leave("RetryPolicy", f"{target['RetryPolicy']}: the waits are Grantwire's own, 5 s to 24 h")
    if target.get("DeadLetterConfig"):
        draft.leave("DeadLetterConfig", "what failed is a row, to be replayed; there is no queue for each webhook")
    draft.leave_rest(target, _TARGET_KNOWN)
