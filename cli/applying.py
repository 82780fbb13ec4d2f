"""Plans what is to be done so that what is stored is what the files say. Nothing here reads a file or asks the API."""

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from cli import MASK, Document
from cli.comparing import changed_fields, editable, fields_of
from cli.errors import Problem
from cli.secret_places import PLACEHOLDER, Place, has_moved, places, stored_places

_NOTHING_IS_STORED: Final = 'is a mask, and nothing is stored that it could stand for: write "${NAME}" and set NAME'
_HOST_HAS_CHANGED: Final = "must be entered again, because the host it is sent to has changed"
_MARK_IT: Final = 'takes its value from the environment, which makes it a secret: add "secret": true'
_WOULD_BE_MADE: Final = (
    "would be made and shown once: bring one of your own, or say with --signing-secrets FILE where it is written"
)


class Action(StrEnum):
    """What becomes of a webhook."""

    CREATE = "create"
    UPDATE = "update"
    LEAVE = "leave"
    REFUSE = "refuse"
    DELETE = "delete"


@dataclass(frozen=True, kw_only=True, slots=True)
class Local:
    """A document as a file has it, and where that is: the file's path, in an export with the place in it."""

    source: str
    document: Document

    @property
    def name(self) -> str:
        """What it calls its webhook; empty when that is no text."""
        name = self.document.get("name")
        return name.strip() if isinstance(name, str) else ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Remote:
    """A stored webhook as it was read; `document` None: it cannot be read, and only a whole one can take its place."""

    id: str
    name: str
    version: int
    document: Document | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Wishes:
    """How secrets are treated.

    environment    what fills in `${NAME}`
    keep_secrets   a stored secret stays, whatever the file gives in its place
    leave_out      a secret that nobody has is left out, and its webhook inactive: so that an export can be imported
    makes_signing  a signing secret may be made by Grantwire, since there is a file for it
    """

    environment: Mapping[str, str]
    keep_secrets: bool = False
    leave_out: bool = False
    makes_signing: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One webhook's part of the plan.

    document  what is to be stored
    changed   the fields that an update changes
    missing   paths of secrets that were left out, with what they belong to
    secrets   every secret in the document, so that it can be kept from sight
    """

    action: Action
    name: str
    source: str
    document: Document = field(default_factory=dict)
    stored: Remote | None = None
    changed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    secrets: tuple[str, ...] = ()


def plan(locals_: Sequence[Local], remotes: Iterable[Remote], wishes: Wishes) -> list[Step]:
    """A step for each document, in their order. Names are the same whatever their case, as they are to the API."""
    known = {one.name.casefold(): one for one in remotes}
    sources: dict[str, list[str]] = {}
    for one in locals_:
        sources.setdefault(one.name.casefold(), []).append(one.source)
    steps = []
    for one in locals_:
        others = [source for source in sources[one.name.casefold()] if source != one.source] if one.name else []
        if others:
            rule = f"is the name in {', '.join(others)} too, and names are unique"
            problems = (Problem("name", rule),)
            steps.append(Step(action=Action.REFUSE, name=one.name, source=one.source, problems=problems))
        else:
            steps.append(_step(one, known.get(one.name.casefold()), wishes))
    return steps


def to_prune(locals_: Iterable[Local], summaries: Iterable[Mapping[str, Any]]) -> list[Step]:
    """A deletion for each stored webhook that no document names."""
    named = {one.name.casefold() for one in locals_}
    return [
        Step(
            action=Action.DELETE,
            name=one["name"],
            source="",
            stored=Remote(id=one["id"], name=one["name"], version=one["version"], document=None),
        )
        for one in summaries
        if one["name"].casefold() not in named
    ]


def _step(local: Local, remote: Remote | None, wishes: Wishes) -> Step:
    stored = fields_of(remote.document) if remote and remote.document else {}
    filling = _Filling(document=deepcopy(editable(local.document)), stored=stored, wishes=wishes)
    filling.fill()
    document, problems = filling.document, tuple(filling.problems)
    changed = changed_fields(document, stored) if stored else ("everything: what is stored cannot be read",)
    action = Action.UPDATE if changed else Action.LEAVE
    if problems:
        action = Action.REFUSE
    elif remote is None:
        action = Action.CREATE
    return Step(
        action=action,
        name=local.name or "(no name)",
        source=local.source,
        document=document,
        stored=remote,
        changed=changed if action is Action.UPDATE else (),
        missing=tuple(filling.missing),
        problems=problems,
        secrets=(*filling.used, *(place.value for place in places(document) if place.value != MASK)),
    )


@dataclass(kw_only=True)
class _Filling:
    """A document on its way into the table: each secret becomes what is sent for it, or a problem."""

    document: Document
    stored: Document
    wishes: Wishes
    problems: list[Problem] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    used: list[str] = field(default_factory=list)

    def fill(self) -> None:
        """Fill in what can be, and take down what cannot."""
        if isinstance(url := self.document.get("url"), str):
            self.document["url"] = self._filled(url, "url")
            self.used.clear()  # a URL is no secret
        self._refuse_unmarked()
        stored, absent = stored_places(self.stored), []
        for place in list(places(self.document)):
            is_stored = (place.field, place.name.lower()) in stored
            moved = is_stored and has_moved(place, self.document, self.stored)
            if self.wishes.keep_secrets and is_stored and not moved:
                place.container[place.key] = MASK
            elif place.value != MASK:
                place.container[place.key] = self._filled(place.value, place.path)
            elif moved:
                self.problems.append(Problem(place.path, _HOST_HAS_CHANGED))
            elif not is_stored and self._may_be_left_out():
                absent.append(place)
            elif not is_stored:
                self.problems.append(Problem(place.path, _NOTHING_IS_STORED))
        self._leave_out(absent)
        self._check_signing()

    def _may_be_left_out(self) -> bool:
        """An import never switches off a webhook that is in use."""
        return self.wishes.leave_out and (not self.stored or self.stored.get("active") is False)

    def _leave_out(self, absent: Sequence[Place]) -> None:
        """Nothing is sent without its credentials: a webhook that lacks one is inactive."""
        for place in absent:
            self.missing.append(f"{place.path} ({place.name})")
            if place.field == "headers":
                self.document["headers"] = [row for row in self.document["headers"] if row is not place.container]
            else:
                self.document[place.field] = None
        if absent:
            self.document["active"] = False

    def _check_signing(self) -> None:
        signing = self.document.get("signing")
        made = isinstance(signing, dict) and signing.get("secret") is None and not self.stored.get("signing")
        if made and not self.wishes.makes_signing:
            self.problems.append(Problem("signing.secret", _WOULD_BE_MADE))

    def _refuse_unmarked(self) -> None:
        secret = {id(place.container) for place in places(self.document)}
        rows = self.document.get("headers")
        for index, row in enumerate(rows if isinstance(rows, list) else []):
            text = row.get("value") if isinstance(row, dict) and id(row) not in secret else None
            if isinstance(text, str) and PLACEHOLDER.search(text):
                self.problems.append(Problem(f"headers[{index}].value", _MARK_IT))

    def _filled(self, text: str, path: str) -> str:
        """The text with each `${NAME}` from the environment; an empty variable is as good as none."""
        names = dict.fromkeys(PLACEHOLDER.findall(text))
        for name in names:
            if value := self.wishes.environment.get(name):
                self.used.append(value)
            else:
                self.problems.append(Problem(path, f"${{{name}}} is not set in the environment"))
        return PLACEHOLDER.sub(lambda found: self.wishes.environment.get(found[1], ""), text)
