"""A webhook on its way from another system: what it becomes, what is left behind, and which secrets it needs."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cli import Document
from cli.errors import FileError, Problem
from cli.secret_places import is_secret_header

TRIGGERS: Final = (
    *("RequestCreated", "RequestApproved", "RequestExpired", "RequestFailed", "RequestGranted", "RequestRejected"),
)
LEAST_PER_SECOND: Final = 0.1
MOST_PER_SECOND: Final = 500
WHOLE_PAYLOAD: Final = "{{.}}"
_BY_LETTERS: Final = {trigger.lower(): trigger for trigger in TRIGGERS}
_METHODS: Final = ("POST", "PUT", "PATCH", "DELETE", "GET")
_OURS: Final = (  # as the API has it; tests/unit/test_cli_moving.py holds the two against each other
    *("host", "content-length", "transfer-encoding", "trailer", "te", "expect", "connection", "keep-alive"),
    *("proxy-connection", "upgrade", "webhook-id", "webhook-timestamp", "webhook-signature", "grantwire-hops"),
)


@dataclass(kw_only=True)
class Draft:
    """What comes of one endpoint, destination, subscription or target.

    source     where it stands: a file, and the place in it
    name       of the webhook; the file's and the variables' names are made of it
    document   what the file will hold. It is inactive: the other system still sends
    left       what was not carried over: a field in the other system's words, and why or what to do
    variables  `${NAME}` in the document, and what belongs there
    refused    why no file is written; empty when one is
    """

    source: str
    name: str
    document: Document = field(default_factory=dict)
    left: list[Problem] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    refused: str = ""

    def __post_init__(self) -> None:
        self.document = {"name": self.name, "active": False, "body_template": WHOLE_PAYLOAD}

    @property
    def slug(self) -> str:
        """The name in small letters, digits and `-`."""
        return slug(self.name)

    def leave(self, path: str, why: str) -> None:
        """Note what is not carried over."""
        self.left.append(Problem(path, why))

    def refuse(self, why: str) -> None:
        """Note that there can be no webhook; the first reason counts."""
        self.refused = self.refused or why

    def secret(self, kind: str, meaning: str) -> str:
        """A `${NAME}` for a secret. What the export has in its place goes into no file: files are for git."""
        name = f"{self.slug}_{slug(kind)}".replace("-", "_").upper()
        name = name if name[0].isalpha() else f"_{name}"
        self.variables[name] = meaning
        return f"${{{name}}}"

    def set_url(self, url: object, path: str) -> None:
        """The URL; refused when it is none that can be called."""
        if not isinstance(url, str) or not url.lower().startswith("https://"):
            self.refuse(f"{path}: {url!r} is no https URL, and only those are called")
        elif "${" in url or "{{" in url:
            self.refuse(f"{path}: {url!r} has ${{ or {{{{ in it, which would be filled in")
        else:
            self.document["url"] = url

    def set_method(self, method: object, path: str) -> None:
        """The method; refused when a webhook cannot have it."""
        if method in _METHODS:
            self.document["method"] = method
        else:
            self.refuse(f"{path}: {method!r} is none of {', '.join(_METHODS)}")

    def set_pace(self, per_second: object, path: str) -> None:
        """Deliveries per second, as near as can be."""
        if not isinstance(per_second, int | float) or per_second <= 0:
            self.leave(path, f"{per_second!r} is no number of deliveries per second")
            return
        pace = min(max(round(per_second, 3), LEAST_PER_SECOND), MOST_PER_SECOND)
        self.document["deliveries_per_second"] = pace
        if pace != round(per_second, 3):
            self.leave(path, f"{per_second:g} a second: from {LEAST_PER_SECOND:g} to {MOST_PER_SECOND:g} can be set")

    def add_header(self, name: str, value: object, path: str, *, secret: bool = False) -> None:
        """A header: a secret one by a variable, another as it is."""
        rows = self.document.setdefault("headers", [])
        if name.lower() in _OURS:
            self.leave(path, "is set by Grantwire itself")
        elif any(row["name"].lower() == name.lower() for row in rows):
            self.leave(path, "is there already")
        elif secret or not isinstance(value, str) or "${" in value or is_secret_header({"name": name}):
            rows.append({"name": name, "value": self.secret(name, f"the value of header {name}"), "secret": True})
        else:
            rows.append({"name": name, "value": value})

    def set_triggers(self, types: Iterable[object], renamed: Mapping[str, str], path: str) -> None:
        """The triggers that event types mean; refused when they mean none."""
        found = set()
        for one in types:
            trigger = renamed.get(str(one)) or trigger_of(str(one))
            if trigger:
                found.add(trigger)
            else:
                self.leave(path, f"{one!r} is none of the six triggers; if it means one: --map {one}=RequestCreated")
        self.document["triggers"] = [trigger for trigger in TRIGGERS if trigger in found]
        if not found:
            self.refuse(f"{path}: names none of the six triggers")

    def set_filters(self, found: Iterable[Document | Problem], path: str) -> None:
        """The filters among what was found, and a note for each that has none like it here."""
        made = []
        for one in found:
            if isinstance(one, Problem):
                self.leave(f"{path}.{one.path}", one.rule)
            else:
                made.append(one)
        if made:
            self.document["filters"] = made
            self.leave(path, "was carried over; case does not matter here. Have a test show what each filter finds")

    def drop_header(self, name: str, path: str) -> None:
        """Take a header away again, since something else sets it."""
        rows = self.document.get("headers", [])
        for row in [row for row in rows if row["name"].lower() == name.lower()]:
            rows.remove(row)
            self.variables.pop(str(row["value"]).strip("${}"), None)
            self.leave(path, "is set by the connection too")

    def leave_rest(self, item: Mapping[str, Any], known: Iterable[str], path: str = "") -> None:
        """Note each field that nobody has looked at: an export may be newer than this code."""
        for key in sorted(item.keys() - set(known)):
            if item[key] not in (None, "", [], {}):
                self.leave(f"{path}{key}", "is not known here")


class Names:
    """Gives every webhook a name that the API takes and that no other has."""

    def __init__(self) -> None:
        self._slugs: set[str] = set()

    def name(self, *wished: object) -> str:
        """A name as near as can be to the first wish that has a letter or digit in it."""
        cleaned = (re.sub(r"[^A-Za-z0-9 _-]+", " ", one) for one in wished if isinstance(one, str))
        tidy = (re.sub(r" +", " ", one).strip(" _-") for one in cleaned)
        base = next((one for one in tidy if one), "Webhook")[:60].rstrip(" _-")
        name, number = base, 1
        while slug(name) in self._slugs:
            number += 1
            name = f"{base} {number}"
        self._slugs.add(slug(name))
        return name


def slug(text: str) -> str:
    """The text in small letters and digits, `-` for the rest."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def trigger_of(event_type: str) -> str | None:
    """The trigger that an event type spells: `access_request.created` is RequestCreated."""
    return _BY_LETTERS.get(re.sub(r"[^a-z]", "", event_type.lower()).removeprefix("access"))


def rows_of(document: object) -> list[Document]:
    """The objects of a list, of one in an envelope (`data`, `data.content`, `models`), or the one object it is.

    Raises FileError for a list that holds anything else: it is no export, or was cut by whoever edited it.
    """
    for key in ("data", "content", "models"):
        if isinstance(document, dict) and isinstance(document.get(key), list | dict):
            document = document[key]
    if not isinstance(document, list):
        return [document] if isinstance(document, dict) else []
    for index, row in enumerate(document):
        if not isinstance(row, dict):
            raise FileError(f"element {index} of the list: must be an object, and is {type(row).__name__}")
    return document


def object_in(row: Mapping[str, Any], key: str) -> Document:
    """The object under a key, empty when there is none. Raises FileError for anything else."""
    value = row.get(key)
    if value is None or isinstance(value, dict):
        return value or {}
    raise FileError(f"{key}: must be an object, and is {type(value).__name__}")


def list_in(row: Mapping[str, Any], key: str) -> list[Any]:
    """The list under a key, empty when there is none. Raises FileError for anything else."""
    value = row.get(key)
    if value is None or isinstance(value, list):
        return value or []
    raise FileError(f"{key}: must be a list, and is {type(value).__name__}")


def objects_in(row: Mapping[str, Any], key: str) -> list[Document]:
    """The list of objects under a key. Raises FileError for anything else."""
    return [object_in({key: one}, key) for one in list_in(row, key)]
