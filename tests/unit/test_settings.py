"""`settings`: what each function reads from its environment, and what it says when that is wrong."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import pytest

from grantwire import settings
from grantwire.errors import SettingsError

Read = Callable[[Mapping[str, str]], Any]
READERS: list[Read] = [read for name, read in vars(settings).items() if name.startswith("read_")]
OPTIONAL = {"ALLOWED_HOSTS": "", "PERMIT_LOOPBACK": ""}
# On the local stack nobody signs in, so the console needs nothing at all.
NOTHING_NEEDED = {settings.read_console_settings}


class Complete(dict[str, str]):
    """An environment that has every variable, those that are given here and a plausible value for each other one."""

    def get(self, key: str, default: Any = None) -> Any:
        plausible = OPTIONAL.get(key, "90" if key.endswith("_DAYS") else f"the {key}")
        return super().get(key, plausible)


def flat(value: Mapping[str, Any]) -> dict[str, Any]:
    """A function's settings, those of settings within it beside its own."""
    flattened: dict[str, Any] = {}
    for name, one in value.items():
        flattened |= flat(one) if isinstance(one, dict) else {name: one}
    return flattened


def read_by(read: Read, **given: str) -> dict[str, Any]:
    """What a reader makes of an environment."""
    return flat(asdict(read(Complete(given))))


CASES = [(read, name.upper()) for read in READERS for name in read_by(read)]


@pytest.mark.parametrize("read", READERS)
def test_a_setting_has_the_name_of_its_variable(read: Read) -> None:
    """In lower case; text as it is, days as a number, no host and no loopback unless they are asked for."""
    expected: dict[str, Any] = {"allowed_hosts": (), "permit_loopback": False}
    for name, value in read_by(read).items():
        assert value == expected.get(name, 90 if name.endswith("_days") else f"the {name.upper()}")


@pytest.mark.parametrize(
    ("read", "name"), [case for case in CASES if case[1] not in OPTIONAL and case[0] not in NOTHING_NEEDED]
)
def test_a_missing_variable_is_named(read: Read, name: str) -> None:
    """The message says who sets it. Absent and empty are the same."""
    with pytest.raises(SettingsError) as caught:
        read_by(read, **{name: ""})
    assert f"the environment variable {name} is not set; template.yaml sets it" in str(caught.value)


@pytest.mark.parametrize("read", [one for one in READERS if one not in NOTHING_NEEDED])
def test_an_empty_environment_is_an_error(read: Read) -> None:
    """Not a KeyError, nor settings that nobody made."""
    with pytest.raises(SettingsError, match="is not set"):
        read({})


@pytest.mark.parametrize("days", ["0", "-1", "1.5", "ninety", " 90", "9e1", "²", "٩"])
@pytest.mark.parametrize(("read", "name"), [case for case in CASES if case[1].endswith("_DAYS")])
def test_a_wrong_number_of_days_is_named(read: Read, name: str, days: str) -> None:
    """Never guessed: rows would expire at once, or never."""
    with pytest.raises(SettingsError) as caught:
        read_by(read, **{name: days})
    assert f"{name} is {days!r}; it must be a whole number of days" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ()),
        (" , ,", ()),
        ("hooks.torq.io", ("hooks.torq.io",)),
        (" Hooks.Torq.IO , *.Example.com,", ("hooks.torq.io", "*.example.com")),
    ],
)
@pytest.mark.parametrize("read", [read for read, name in CASES if name == "ALLOWED_HOSTS"])
def test_allowed_hosts_are_patterns_separated_by_commas(read: Read, text: str, expected: tuple[str, ...]) -> None:
    """In lower case, without spaces."""
    assert expected == read_by(read, ALLOWED_HOSTS=text)["allowed_hosts"]


@pytest.mark.parametrize("read", [read for read, name in CASES if name == "PERMIT_LOOPBACK"])
@pytest.mark.parametrize(
    ("text", "permitted"), [("true", True), ("", False), ("false", False), ("1", False), ("True", False)]
)
def test_loopback_is_permitted_by_one_word_only(read: Read, text: str, permitted: bool) -> None:
    """Anything else leaves it refused."""
    assert permitted is read_by(read, PERMIT_LOOPBACK=text)["permit_loopback"]


def test_every_function_that_sends_is_bounded_by_the_allow_list() -> None:
    """Deliveries and tests read the same two variables."""
    bounded = {read.__name__ for read, name in CASES if name == "ALLOWED_HOSTS"}
    assert bounded == {read.__name__ for read, name in CASES if name == "PERMIT_LOOPBACK"}
    assert bounded >= {"read_dispatch_settings", "read_delivery_settings", "read_webhook_test_settings"}
