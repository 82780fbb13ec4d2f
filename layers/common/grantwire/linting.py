"""What is probably a mistake in a webhook's URL and templates: said when it is saved or tested, and never refused.

Producers send more fields than the schema lists, so a path that no event is known to have is a warning only.
"""

from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import Final

from grantwire.addresses import refusal
from grantwire.errors import TemplateError
from grantwire.frozen import frozen
from grantwire.models import Webhook
from grantwire.payload_schema import FieldType, look_up, suggestion
from grantwire.rendering import COMMA_REMEDY
from grantwire.tags import Kind, Name, Tag, Token, read
from grantwire.urls import host_of

MOST_WARNINGS: Final = 20
_EVERY: Final = "[]"
_CLOSING: Final = "]})"
_SCOPES: Final = (Kind.SECTION, Kind.EACH)
_Path = tuple[str, ...] | None  # of a field, None when it is not known


@frozen
class LintWarning:
    """Where (`body_template`, `headers[0].value`; line and column count from 1) and what."""

    path: str
    line: int
    column: int
    message: str


def warnings(webhook: Webhook) -> tuple[LintWarning, ...]:
    """What is probably a mistake, the first twenty, in the order of the form. Secret values are left alone."""
    headers = [
        (f"headers[{index}].value", header.value)
        for index, header in enumerate(webhook.headers)
        if isinstance(header.value, str)
    ]
    templates = [("url", webhook.url), ("body_template", webhook.body_template), *headers]
    found = (warning for path, text in templates for warning in _of_template(path, text))
    return tuple(islice(chain(_of_host(webhook.url), found), MOST_WARNINGS))


def _of_host(url: str) -> Iterator[LintWarning]:
    """An address that will not be called. Where a name leads is known only then."""
    host = host_of(url)
    address = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    try:
        reason = refusal(address)
    except ValueError:
        return
    if reason:
        message = f"{address} is {reason}: only public addresses are called, so every delivery fails"
        yield LintWarning(path="url", line=1, column=url.find(address) + 1, message=message)


def _of_template(path: str, text: str) -> Iterator[LintWarning]:
    try:
        tokens = read(text)
    except TemplateError:  # it is refused elsewhere, with its place
        return
    found = [*islice(_of_names(tokens), MOST_WARNINGS), *islice(_of_commas(tokens), MOST_WARNINGS)]
    for tag, message in sorted(found, key=lambda one: (one[0].line, one[0].column)):
        yield LintWarning(path=path, line=tag.line, column=tag.column, message=message)


def _of_names(tokens: Sequence[Token]) -> Iterator[tuple[Tag, str]]:
    """Paths that no event has, and sections over what has no elements."""
    scopes: list[_Path] = [()]
    opened: list[bool] = []  # for each section: whether it has a scope of its own now
    for token in tokens:
        if isinstance(token, str):
            continue
        if token.kind in (Kind.ELSE, Kind.END):
            if opened[-1]:
                scopes.pop()
            opened[-1] = False
            if token.kind is Kind.END:
                opened.pop()
            continue
        path = _path(token.name, scopes)
        message = _unknown(token.name, scopes) if path is None else _without_elements(token, path)
        if message:
            yield token, message
        if token.kind is not Kind.VARIABLE:
            opened.append(token.kind in _SCOPES)
            if token.kind in _SCOPES:
                scopes.append(_element(token.kind, path))


def _path(name: Name, scopes: Sequence[_Path]) -> _Path:
    """The field a name leads to, as at rendering; () for the whole payload and for a loop's `@index`."""
    if name.loop:
        return ()
    around = scopes[: len(scopes) - name.up]
    if name.strict:
        around = around[-1:]
    for scope in reversed(around):
        if scope is not None and ((path := scope + name.path) == () or look_up(path)):
            return path
    return None


def _element(kind: Kind, path: _Path) -> _Path:
    """The scope inside a section over a field."""
    field = look_up(path) if path else None
    if path and field and (field.type is FieldType.LIST or (kind is Kind.EACH and field.type is FieldType.OBJECT)):
        return (*path, _EVERY)
    return path


def _unknown(name: Name, scopes: Sequence[_Path]) -> str:
    if None in scopes:  # inside a section over something unknown anything may be
        return ""
    meant = _meant(name, [scope for scope in scopes if scope is not None])
    return f"no event is known to have '{name.text}'" + (f"; did you mean {meant}?" if meant else "")


def _meant(name: Name, scopes: Sequence[tuple[str, ...]]) -> str:
    """What was probably meant, as it is written where the name stands: in its scope, or else from the payload."""
    scope = (scopes[: len(scopes) - name.up] or scopes[:1])[-1]
    if inside := suggestion(name.path, scope):
        return "../" * name.up + inside
    meant = "" if name.strict else suggestion(name.path)
    field = tuple(_EVERY if step.isdigit() else step for step in meant.split("."))
    return "" if field[: len(scope)] == scope else meant  # the first element's alone


def _without_elements(tag: Tag, path: tuple[str, ...]) -> str:
    field = look_up(path) if path else None
    if tag.kind not in _SCOPES or field is None or field.type not in (FieldType.TEXT, FieldType.NUMBER):
        return ""
    name = tag.name.text
    return f"'{name}' is a {field.type}, which has no elements or fields; {{{{#if {name}}}}} asks whether it is there"


def _of_commas(tokens: Sequence[Token]) -> Iterator[tuple[Tag, str]]:
    """Loops that end in a comma, right before the list, the object or the text around them ends."""
    loops, quotes = set(), 0
    for index, token in enumerate(tokens):
        if isinstance(token, str):
            quotes += token.count('"') - token.count('\\"')
        elif token.kind in _SCOPES:
            loops.add(token.number)
        elif token.kind is Kind.END and token.number in loops:
            before, following = tokens[index - 1], tokens[index + 1 : index + 3]
            ends = _ends(following, _CLOSING + '"' * (quotes % 2))
            if ends and isinstance(before, str) and before.rstrip().endswith(","):
                yield token, f"the last element is followed by a comma; write {COMMA_REMEDY} in its place"


def _ends(following: Sequence[Token], closing: str) -> bool:
    """Whether what is around ends here: by one of these characters, or because nothing follows."""
    text = following[0] if following else ""
    if not isinstance(text, str):
        return False
    return text.lstrip()[0] in closing if text.strip() else len(following) < 2
