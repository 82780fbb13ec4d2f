"""moto's server with template.yaml's resources, and events through its bus."""

import http.client
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import ROOT
from local.aws import AwsServer, Clients, DeadLetterQueue, RuleQueue, SourceQueue, create_resources
from local.environment import local_environment, set_environment
from local.errors import EventFileError, NotRunningError
from local.put_event import happening_now, put_event, read_event
from local.put_event import main as put_event_main
from local.rows import DeadLetters, Deliveries, keys_in
from local.running import RunningStack
from local.template import LOCAL_NAMES, Rule, Template

EVENT = {
    "source": "apono",
    "detail-type": "RequestCreated",
    "detail": {"event_time": 1795000000.1234567, "data": {"justification": '<id> <time> <b> & "é"'}},
}
RULE = Rule(bus="default", pattern={"source": ["apono"], "detail-type": ["RequestCreated"]})


@pytest.fixture
def server() -> Iterator[AwsServer]:
    before = set(threading.enumerate())
    with AwsServer() as running:
        with set_environment(local_environment(os.environ, endpoint=running.endpoint)):
            yield running
        reset = http.client.HTTPConnection(running.endpoint.removeprefix("http://"), timeout=10)
        reset.request("POST", "/moto-api/reset")
        assert reset.getresponse().status == 200
        reset.close()
    assert {thread for thread in threading.enumerate() if thread.name == "moto"} <= before


@pytest.fixture
def aws(server: AwsServer) -> Iterator[Clients]:
    with Clients() as clients:
        yield clients


def test_every_table_queue_and_key_is_there_and_named(aws: Clients) -> None:
    template = create_resources(Template.read(), aws)
    assert set(aws.dynamodb.list_tables()["TableNames"]) == {"WebhooksTable", "DeliveriesTable"}
    queues = {"DispatchDeadLetters", "Wakeups", "WakeupDeadLetters", "SweepFailures"}
    assert set(aws.sqs.list_queues()["QueueUrls"]) == {template.names[name] for name in queues}
    assert aws.kms.describe_key(KeyId=template.names["SecretsKey"])["KeyMetadata"]["Enabled"]
    assert template.names["DispatchDeadLetters.Arn"].startswith("arn:aws:sqs:us-east-1:123456789012:")
    assert (
        template.function("DispatchFunction").environment["DISPATCH_DEAD_LETTERS_URL"].endswith("/DispatchDeadLetters")
    )


@pytest.mark.parametrize("bus", ["default", "requests"])
def test_an_event_that_fits_the_rule_arrives_whole(bus: str, aws: Clients) -> None:
    queue = RuleQueue.create(Rule(bus=bus, pattern=RULE.pattern), aws, name="dispatch")
    event_id = put_event(aws.events, bus, EVENT)
    (message,) = queue.receive()
    event = json.loads(message.body)
    assert event["detail"] == EVENT["detail"]
    assert (event["id"], event["source"], event["detail-type"]) == (event_id, "apono", "RequestCreated")
    assert (event["version"], event["account"], event["region"]) == (
        "0",
        LOCAL_NAMES["AWS::AccountId"],
        LOCAL_NAMES["AWS::Region"],
    )
    assert event["resources"] == []
    assert event["time"].endswith("Z")
    queue.delete(message)
    assert queue.receive() == []


def test_an_event_that_does_not_fit_stays_away(aws: Clients) -> None:
    queue = RuleQueue.create(RULE, aws, name="dispatch")
    put_event(aws.events, "default", {**EVENT, "source": "another"})
    put_event(aws.events, "default", {**EVENT, "detail-type": "Heartbeat"})
    assert queue.receive() == []


def test_the_dead_letters_are_told_once_and_stay(aws: Clients) -> None:
    template = create_resources(Template.read(), aws)
    url = template.names["DispatchDeadLetters"]
    watching = DeadLetters(aws.sqs, url)
    assert watching.new() == []
    DeadLetterQueue(aws.sqs, url).keep({"version": "1.0"})
    assert watching.new() == [{"version": "1.0"}]
    assert watching.new() == []
    assert DeadLetters(aws.sqs, url).new() == [{"version": "1.0"}]


@pytest.fixture
def wakeups(aws: Clients) -> SourceQueue:
    template = create_resources(Template.read(), aws)
    (source,) = template.function("RedeliverFunction").sources
    return SourceQueue.of(source, aws.sqs)


def test_a_message_comes_with_all_that_lambda_hands_on(wakeups: SourceQueue) -> None:
    attribute = {"origin": {"DataType": "String", "StringValue": "sweep"}}
    wakeups.sqs.send_message(QueueUrl=wakeups.url, MessageBody="body", MessageAttributes=attribute)  # type: ignore[arg-type]
    (message,) = wakeups.receive()
    assert (message.body, message.md5) == ("body", "841a2d689ad86bd1611447453c22c6fc")
    assert {
        "ApproximateReceiveCount",
        "SentTimestamp",
        "SenderId",
        "ApproximateFirstReceiveTimestamp",
    } <= message.attributes.keys()
    assert message.message_attributes["origin"]["StringValue"] == "sweep"
    wakeups.delete(message)
    assert wakeups.receive() == []


def test_what_is_given_back_comes_again_and_at_the_sixth_time_is_a_dead_letter(
    wakeups: SourceQueue, aws: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local.aws._AGAIN_SECONDS", 0)
    wakeups.sqs.send_message(QueueUrl=wakeups.url, MessageBody="poison")
    for count in range(1, 6):
        (message,) = wakeups.receive()
        assert message.attributes["ApproximateReceiveCount"] == str(count)
        wakeups.give_back(message)
    assert wakeups.receive() == []
    dead = aws.sqs.get_queue_url(QueueName="WakeupDeadLetters")["QueueUrl"]
    assert [one["Body"] for one in aws.sqs.receive_message(QueueUrl=dead)["Messages"]] == ["poison"]


def test_a_batch_has_no_more_messages_than_the_template_says(wakeups: SourceQueue) -> None:
    assert wakeups.batch_size == 10
    for number in range(11):
        wakeups.sqs.send_message(QueueUrl=wakeups.url, MessageBody=str(number))
    assert [len(wakeups.receive()), len(wakeups.receive())] == [10, 1]


def test_the_keys_of_an_events_deliveries_are_those_that_dispatch_writes(aws: Clients) -> None:
    event = read_event(ROOT / "events" / "request_created.json")
    watching = Deliveries(aws.dynamodb, "DeliveriesTable", ["wh_1", "wh_2"])
    keys = watching.keys_of(event)
    assert {webhook_id for webhook_id, _ in keys} == {"wh_1", "wh_2"}
    assert all("#evt_" in sort_key for _, sort_key in keys)
    assert watching.keys_of({"detail-type": "Another"}) == watching.keys_of({}) == set()


def test_the_keys_of_wake_ups_are_read_and_other_messages_have_none() -> None:
    assert keys_in(['["wh_1","2026#evt",1]', "{", "3", '["wh_1"]']) == {("wh_1", "2026#evt")}


def test_a_delivery_is_told_again_only_when_it_changed(aws: Clients) -> None:
    create_resources(Template.read(), aws)
    watching = Deliveries(aws.dynamodb, "DeliveriesTable", ["wh_1", "wh_2"])
    both = {("wh_1", "2026#evt"), ("wh_2", "2026#evt")}

    def put(webhook_id: str, state: str) -> None:
        row = {"pk": {"S": webhook_id}, "sk": {"S": "2026#evt"}, "state": {"S": state}}
        aws.dynamodb.put_item(TableName="DeliveriesTable", Item=row)

    put("wh_1", "waiting")
    put("another", "waiting")
    assert watching.changed([]) == []
    assert [row["state"] for row in watching.changed(both)] == [{"S": "waiting"}]
    assert watching.changed(both) == []
    put("wh_1", "succeeded")
    put("wh_2", "failed")
    assert [row["state"]["S"] for row in watching.changed(both)] == ["succeeded", "failed"]


def test_the_command_puts_an_event_on_the_bus_of_the_running_stack(
    server: AwsServer, aws: Clients, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    queue = RuleQueue.create(RULE, aws, name="dispatch")
    (tmp_path / "event.json").write_text(json.dumps(EVENT))
    (tmp_path / "8600").mkdir()
    arguments = ["--folder", str(tmp_path), str(tmp_path / "event.json")]
    with RunningStack(environments={}, aws_endpoint=server.endpoint, bus="default", tables=()).announced(
        tmp_path / "8600"
    ):
        assert put_event_main(arguments) == 0
        assert put_event_main(["--now", *arguments]) == 0
    details = [json.loads(message.body)["detail"] for message in queue.receive()]
    assert details[0] == EVENT["detail"]
    assert details[1]["event_time"] > 1795000000.1234567
    assert "RequestCreated is on the bus" in capsys.readouterr().out
    assert put_event_main(arguments) == 2
    assert "no local stack runs on port 8600" in capsys.readouterr().err


@pytest.mark.parametrize("rows", [1, 200])
def test_whoever_reads_only_the_first_tables_gets_no_traceback(
    server: AwsServer, aws: Clients, tmp_path: Path, rows: int
) -> None:
    """However much is in them: as in `python -m local.tables | head`."""
    create_resources(Template.read(), aws)
    for number in range(rows):
        item = {"pk": {"S": f"WEBHOOK#{number}"}, "sk": {"S": "CONFIG"}, "text": {"S": "x" * 500}}
        aws.dynamodb.put_item(TableName="WebhooksTable", Item=item)
    (tmp_path / "8600").mkdir()
    tables = ("WebhooksTable", "DeliveriesTable")
    reading, writing = os.pipe()
    os.close(reading)
    with RunningStack(environments={}, aws_endpoint=server.endpoint, bus="default", tables=tables).announced(
        tmp_path / "8600"
    ):
        command = [sys.executable, "-m", "local.tables", "--folder", str(tmp_path)]
        ended = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, cwd=ROOT, check=False)
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (1, b"")


def test_a_stack_that_died_is_no_stack(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "event.json").write_text(json.dumps(EVENT))
    (tmp_path / "8600").mkdir()
    with RunningStack(environments={}, aws_endpoint="http://127.0.0.1:9", bus="default", tables=()).announced(
        tmp_path / "8600"
    ):
        assert put_event_main(["--folder", str(tmp_path), str(tmp_path / "event.json")]) == 2
    assert "make run" in capsys.readouterr().err


def test_no_stack_is_found_where_none_runs(tmp_path: Path) -> None:
    with pytest.raises(NotRunningError, match="8600"):
        RunningStack.read(tmp_path, 8600)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is not JSON"),
        ("[]", "lacks source, detail-type, detail"),
        ('{"source": "apono", "detail": {}}', "lacks detail-type, detail"),
    ],
)
def test_a_file_without_an_event_is_refused(content: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "event.json"
    path.write_text(content)
    with pytest.raises(EventFileError, match=f"{path}.*{message}"):
        read_event(path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EventFileError, match="cannot be read: No such file"):
        read_event(tmp_path / "event.json")


def test_an_event_of_now_differs_in_nothing_but_its_time() -> None:
    now = happening_now(EVENT)
    assert now["detail"]["event_time"] != EVENT["detail"]["event_time"]  # type: ignore[index]
    assert {**now, "detail": None} == {**EVENT, "detail": None}
    assert EVENT["detail"]["event_time"] == 1795000000.1234567  # type: ignore[index]
