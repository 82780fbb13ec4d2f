"""What the unit tests share: hypothesis' profile, JSON as a producer may send it, a webhook and an event to vary."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from grantwire.configurations import parse_webhook
from grantwire.identifiers import moment
from grantwire.models import Delivery, RequestEvent, State, Webhook

# The same examples each time: a red build is red for everybody, and nothing is kept between runs.
settings.register_profile("project", derandomize=True, database=None, deadline=None, max_examples=60)
settings.load_profile("project")

# What could reach into Python, were a template's path looked up as attributes.
DUNDERS = ("__class__", "__init__", "__globals__", "__dict__", "__len__", "keys", "format", "0", "-1")


def joined(text: str) -> str:
    """The text as a JSON parser gives it: the halves of a surrogate pair, where they meet, are one character."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


@cache
def texts(max_size: int = 12) -> st.SearchStrategy[str]:
    """Text of every Unicode plane, control characters and lone surrogates included."""
    hostile = st.sampled_from(
        ['"', "\\", "\\u0041", "</script>", "{{data.id}}", "{{{x}}}", "O'Neil", "\r\n", "\0", "\ud83d"]
    )
    return st.one_of(st.text(st.characters(), max_size=max_size), hostile).map(joined)


@cache
def numbers() -> st.SearchStrategy[int | float]:
    """Whole numbers of hundreds of digits, and every float: what `1e999` and `NaN` become in Python too."""
    return st.one_of(st.integers(), st.integers(10**300, 10**400), st.floats())


@cache
def json_values(max_leaves: int = 8) -> st.SearchStrategy[Any]:
    """Any value a JSON parser can give."""
    keys = st.one_of(texts(), st.sampled_from(DUNDERS))
    return st.recursive(
        st.one_of(st.none(), st.booleans(), numbers(), texts()),
        lambda children: st.one_of(st.lists(children, max_size=4), st.dictionaries(keys, children, max_size=4)),
        max_leaves=max_leaves,
    )


@cache
def json_objects() -> st.SearchStrategy[dict[str, Any]]:
    """Any JSON object."""
    return st.dictionaries(st.one_of(texts(), st.sampled_from(DUNDERS)), json_values(), max_size=4)


def event_of(payload: Mapping[str, object], *, time: float = 1795000000.5) -> RequestEvent:
    """An event with this payload."""
    return RequestEvent(id="evt_0123456789abcdef0123456789abcdef", trigger="RequestCreated", time=time, payload=payload)


def document(**fields: Any) -> dict[str, Any]:
    """The smallest document of a webhook, and other fields where given."""
    return {"name": "Torq", "url": "https://hooks.torq.io/v1/webhooks/1/", "triggers": ["RequestCreated"]} | fields


def webhook_of(**fields: Any) -> Webhook:
    """The webhook that `document(**fields)` describes."""
    return parse_webhook(document(**fields), webhook_id="wh_06ewh5hy0000000000000000", now=1795000000.0)


def waiting_of(number: int = 1, **facts: Any) -> Delivery:
    """A delivery of webhook `wh_1` that waits, of an event of its own for each number, and other facts where given."""
    waiting = Delivery(
        webhook_id="wh_1",
        sort_key=f"{moment(1795000000.0)}#evt_{number:032x}",
        trigger="RequestCreated",
        state=State.WAITING,
        attempts=1,
    )
    return replace(waiting, **facts)
