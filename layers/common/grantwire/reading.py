"""Takes fields out of untrusted JSON and collects everything that is wrong, instead of stopping at the first."""

import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from grantwire.errors import Problem
from grantwire.models import MASK
from grantwire.spelling import json_text

MAX_ROWS, MAX_VALUES, MAX_VALUE_CHARACTERS = 50, 100, 4096
_USER_INFO: Final = re.compile(r"//[^/?#\s]*@")  # credentials in a URL
NOTHING: Final = object()  # a problem without a value to show: it is absent, or it is secret


class Reader:
    """Each method gives a field's value; a wrong one goes to `problems` and is its default. `at`: path before it."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def refuse(self, path: str, value: object, rule: str) -> None:
        self.problems.append(Problem(path, "" if value is NOTHING else shown(value), rule))

    def text(
        self,
        document: Mapping[str, Any],
        field: str,
        rule: Callable[[str], str] | None,
        *,
        required: bool = False,
        at: str = "",
    ) -> str:
        value, path = document.get(field), at + field
        if value is None or value == "":
            if required:
                self.refuse(path, NOTHING, "is required")
            return ""
        if not isinstance(value, str):
            self.refuse(path, value, "must be text")
            return ""
        problem = unstorable(value) or (rule(value) if rule else "")
        if problem:
            self.refuse(path, value, problem)
        return value

    def boolean(self, document: Mapping[str, Any], field: str, *, default: bool, at: str = "") -> bool:
        value = document.get(field, default)
        if type(value) is not bool:
            self.refuse(at + field, NOTHING if field == "secret" else value, "must be true or false")
            return default
        return value

    def choice(
        self, document: Mapping[str, Any], field: str, choices: tuple[str, ...], *, default: str = "", at: str = ""
    ) -> str:
        value = document.get(field, default)
        if value not in choices:
            self.refuse(at + field, value or NOTHING, f"must be one of {', '.join(choices)}")
            return choices[0]
        return str(value)

    def number(
        self, document: Mapping[str, Any], field: str, least: float, most: float, default: float, *, at: str = ""
    ) -> float:
        value = document.get(field)
        if value is None:
            return default
        if type(value) not in (int, float) or not least <= value <= most:
            self.refuse(at + field, value, f"must be a number from {least} to {most}")
            return default
        return value  # type: ignore[no-any-return]

    def rows(self, document: Mapping[str, Any], field: str) -> list[tuple[str, Mapping[str, Any]]]:
        """Each row of a list of objects and its path (`filters[0].`). What is no row is not shown: it may be secret."""
        value = document.get(field)
        if value is None:
            return []
        if not isinstance(value, list) or len(value) > MAX_ROWS:
            self.refuse(field, NOTHING, f"must be a list of at most {MAX_ROWS} objects")
            return []
        for index, row in enumerate(value):
            if not isinstance(row, dict):
                self.refuse(f"{field}[{index}]", NOTHING, "must be an object")
        return [(f"{field}[{index}].", row) for index, row in enumerate(value) if isinstance(row, dict)]

    def known(self, path: str, row: Mapping[str, Any], *fields: str) -> None:
        for field in row.keys() - set(fields):
            self.refuse(f"{path}{field}", NOTHING, f"is not known here; the fields are {', '.join(fields)}")

    def values(self, row: Mapping[str, Any], field: str, at: str) -> tuple[str, ...]:
        """One or more values; a number or boolean counts by its JSON spelling, as in `"expected_values": [true]`."""
        value = row.get(field)
        if not isinstance(value, list) or not 0 < len(value) <= MAX_VALUES:
            self.refuse(at + field, NOTHING if value is None else value, f"must be a list of 1 to {MAX_VALUES} values")
            return ()
        if any(isinstance(one, dict | list) or len(_spelled(one)) > MAX_VALUE_CHARACTERS for one in value):
            self.refuse(
                at + field,
                NOTHING,
                f"must hold texts, numbers or booleans of at most {MAX_VALUE_CHARACTERS} characters",
            )
            return ()
        spelled = tuple(_spelled(one) for one in value)
        if problem := unstorable("".join(spelled)):
            self.refuse(at + field, NOTHING, problem)
            return ()
        return spelled


def _spelled(value: object) -> str:
    return value if isinstance(value, str) else json_text(value)


def read_json(text: str | bytes) -> object:
    """Parsed JSON whose numbers are numbers: no NaN, and none too large. Raises ValueError, RecursionError."""
    return json.loads(text, parse_constant=_refuse_number, parse_float=_finite)


def _refuse_number(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is too large a number")
    return number


def unstorable(text: str) -> str:
    """Why no table, key or wire could carry the text; empty when they can."""
    lone = any("\ud800" <= character <= "\udfff" for character in text)
    return "holds half of a surrogate pair, which is no character" if lone else ""


def size_of(document: object) -> float:
    """The characters of a document's JSON; infinite when it nests too deep to be written."""
    try:
        return len(json.dumps(document, default=str))
    except RecursionError:
        return math.inf


def shown(value: object) -> str:
    """A value in an error: JSON, cut to what a person will read."""
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except RecursionError:
        return "…"
    text = _USER_INFO.sub(f"//{MASK}@", text)
    return text if len(text) <= 80 else text[:77] + "…"
