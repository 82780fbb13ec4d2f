"""What docs/runbook.md and the dashboard tell people to look for is what is logged, and every alarm has its section."""

import re

import pytest

from tests.functional.conftest import World, event_file, wakeup_of
from tests.project.documents import ROOT, template
from tests.receivers import Authority, answer, answering, receiving

RUNBOOK = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
DASHBOARD = template()["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"].replace('\\"', '"')
QUERIES = re.findall(r"^ *```\n(.*?)^ *```", RUNBOOK, re.MULTILINE | re.DOTALL)
QUERIES = [one for one in QUERIES if "aws " not in one] + re.findall(r'"query": "(.+)",?$', DASHBOARD, re.MULTILINE)
# The words of Logs Insights, and the names that queries give to what they count.
WORDS = {
    "fields",
    "filter",
    "sort",
    "stats",
    "by",
    "as",
    "and",
    "or",
    "in",
    "like",
    "desc",
    "asc",
    "limit",
    "count",
    "count_distinct",
    "latest",
    "pct",
    "max",
    "bin",
    "source",
    "p50",
    "p95",
    "slowest",
    "deliveries",
    "attempts",
    "events",
    "last",
    "last_code",
}
SAID = ("message", "level")  # of every line


def fields_of(query: str) -> set[str]:
    """The names in a query that are fields."""
    bare = re.sub(r"\"[^\"]*\"|'[^']*'|@\w+|\b\d\w*", "", query)
    return {name for name in re.findall(r"[A-Za-z_]\w*", bare) if name.lower() not in WORDS}


def messages_of(text: str) -> set[str]:
    """The messages that a query looks for."""
    listed = re.findall(r"message (?:=|in) (\"[^\"]+\"|\[[^\]]+\])", text)
    return {message for one in listed for message in re.findall(r'"([^"]+)"', one)}


@pytest.mark.parametrize("alarm", [key for key, one in template()["Resources"].items() if "Alarm" in one["Type"]])
def test_every_alarm_has_a_section_with_something_to_do(alarm: str) -> None:
    """Its name is the heading, its description leads there."""
    section = re.search(rf"^### {alarm}\n(.*?)(?=^##|\Z)", RUNBOOK, re.MULTILINE | re.DOTALL)
    assert section is not None
    assert re.search(r"^1\. ", section[1], re.MULTILINE)
    assert "docs/runbook.md" in template()["Resources"][alarm]["Properties"]["AlarmDescription"]


def test_the_fields_that_queries_name_are_logged(world: World, authority: Authority) -> None:
    """By deliveries that succeed, wait and are not wanted, by an unusable event and a wake-up that fails."""
    assert len(QUERIES) >= 8
    with receiving(answering(answer("503 Busy")), authority.server_context()) as receiver:
        webhook = world.webhook(receiver.url)
        world.webhook(receiver.url, name="Other", filters=[{"field": "requester", "operator": "is", "values": ["x"]}])
        world.dispatch(event_file("request_created"))
        world.redeliver(wakeup_of(world, webhook), "null")
    world.dispatch({**event_file("request_created"), "detail": {}})
    world.dispatch({**event_file("request_created"), "detail-type": "Other"})
    lines = world.logged()
    known = {key for line in lines for key in line}
    assert set().union(*map(fields_of, QUERIES)) <= known
    assert {"AR-123"} == {line["request_id"] for line in lines if line.get("message") == "delivery attempted"}


def test_the_messages_that_queries_look_for_are_logged() -> None:
    """Each stands in the code that logs it."""
    code = "".join(file.read_text() for file in (ROOT / "layers/common/grantwire").glob("*.py"))
    messages = set().union(*map(messages_of, QUERIES)) | set(re.findall(r"^\| `(\w+ \w+)`", RUNBOOK, re.MULTILINE))
    assert "delivery attempted" in messages
    assert {one for one in messages if f'"{one}"' not in code} == set()


@pytest.mark.parametrize("friendly_id", ["", "Ana Lima", "x" * 65, 7, None, "AR\n1"])
def test_what_does_not_look_like_an_id_is_not_logged(world: World, friendly_id: object) -> None:
    """A producer may write anything there."""
    event = event_file("request_created")
    event["detail"]["data"]["friendly_id"] = friendly_id
    world.dispatch(event)
    assert [line for line in world.logged() if "request_id" in line] == []
