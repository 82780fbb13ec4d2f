"""`make run` and `make demo` as their user has them: processes, real handlers, their output, files and exit status."""

import itertools
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pytest

from local import ROOT

SECONDS = 60.0  # after which a process that hangs is killed, and its test fails

# Whoever has these set must not notice a difference.
HOSTILE = {
    "AWS_PROFILE": "production",
    "AWS_ENDPOINT_URL": "https://dynamodb.us-east-1.amazonaws.com",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "POWERTOOLS_SERVICE_NAME": "another",
}


def start(module: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", module, *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, **HOSTILE},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Status, output and errors of a process that ends by itself."""
    try:
        output, errors = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return process.returncode, output, errors


def run(module: str, *arguments: object) -> tuple[int, str, str]:
    return finish(start(module, *arguments))


def read_until(stream: IO[str], pattern: str) -> str:
    """What the stream says up to the line in which `pattern` is found."""
    read = ""
    for line in stream:
        read += line
        if re.search(pattern, line):
            return read
    raise AssertionError(f"the output ended without {pattern!r}:\n{read}")


class Output:
    """What a process prints, read by a thread: it can be looked at again, and nobody waits for a line that has come."""

    def __init__(self, stream: IO[str]) -> None:
        self._lines: list[str] = []
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._read, args=(stream,))
        self._ended = False
        self._thread.start()

    def until(self, pattern: str, *, start: int = 0) -> tuple[str, int]:
        """The lines from number `start` up to the one in which `pattern` is found, and the number after that."""
        read = ""
        for number in itertools.count(start):
            line = self._line(number)
            if line is None:
                raise AssertionError(f"{pattern!r} did not come:\n{read}")
            read += line
            if re.search(pattern, line):
                return read, number + 1
        raise AssertionError  # cannot happen: counting does not end

    def _line(self, number: int) -> str | None:
        """None when the output has ended before this line, or says nothing for too long."""
        with self._news:
            self._news.wait_for(lambda: len(self._lines) > number or self._ended, SECONDS)
            return self._lines[number] if len(self._lines) > number else None

    def join(self) -> None:
        self._thread.join(SECONDS)

    def _read(self, stream: IO[str]) -> None:
        for line in stream:
            with self._news:
                self._lines.append(line)
                self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()


@dataclass
class Running:
    """`make run` while it runs. `said` is all that it printed up to the end of its guide."""

    output: Output
    folder: Path
    port: int
    said: str
    read: int

    def next(self, pattern: str) -> str:
        """What it says after what was read before, up to the line in which `pattern` is found."""
        text, self.read = self.output.until(pattern, start=self.read)
        return text

    def post(self, path: str, body: bytes, content_type: str = "application/json") -> tuple[int, Any]:
        url = f"http://127.0.0.1:{self.port}{path}"
        request = urllib.request.Request(url, data=body, headers={"Content-Type": content_type}, method="POST")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=30) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / "torq.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("stack")
    with start("local.run", "--port", 0, "--folder", folder) as process:
        assert process.stdout is not None
        output = Output(process.stdout)
        try:
            said, read = output.until("Ctrl-C stops it")
            port = re.search(r"http://127\.0\.0\.1:(\d+)/api", said)
            assert port is not None
            yield Running(output, folder / port[1], int(port[1]), said, read)
            process.terminate()
            assert process.wait(SECONDS) == 0
        finally:
            process.kill()
            output.join()


def test_the_first_event_is_shown_as_torq_received_it_and_as_the_row_says(running: Running) -> None:
    assert "    POST /v1/webhooks/" in running.said
    assert "    Authorization: Bearer ••••\n" in running.said
    assert '        "event": "New Apono RequestCreated request made by Ana Lima"\n' in running.said
    assert "    Torq: succeeded (the receiver answered 202)" in running.said
    assert re.search(
        r"^    Busy Torq: waiting \(the receiver answered 503\); attempt 1: .*; attempt 2 in [345] s$",
        running.said,
        re.MULTILINE,
    )
    assert "local-torq-token" not in running.said


def test_every_slow_step_says_that_it_is_being_done(running: Running) -> None:
    functions = "The functions console, dispatch, redeliver, sweep, test_webhook"
    for step in ("AWS (DynamoDB, SQS, EventBridge, KMS)", functions, "The webhooks in"):
        assert re.search(re.escape(step) + r".* \.\.\. \d+\.\d s\n", running.said)


def test_the_stored_webhook_can_be_tested_as_the_guide_says(running: Running) -> None:
    torq, busy = re.findall(r"(/api/webhooks/wh_\w+/test)$", running.said, re.MULTILINE)
    for path, status, outcome in ((torq, 202, "successful"), (busy, 503, "failed")):
        code, answer = running.post(path, b"")
        assert (code, answer["outcome"], answer["response"]["status"]) == (200, outcome, status)
        running.next(f"The API answered POST {path} with 200")


def test_the_draft_can_be_tested_as_the_guide_says(running: Running) -> None:
    draft = re.search(r"-d @(\S+draft\.json) ", running.said)
    assert draft is not None
    path = Path(draft[1])
    assert path.stat().st_mode & 0o077 == 0
    for content_type in ("application/json", "application/x-www-form-urlencoded"):
        status, answer = running.post("/api/webhooks/test", (ROOT / path).read_bytes(), content_type)
        assert (status, answer["outcome"]) == (200, "successful")
    running.next("The API answered POST /api/webhooks/test with 200")
    running.next("The API answered POST /api/webhooks/test with 200")


def test_the_api_refuses_what_api_gateway_refuses(running: Running) -> None:
    assert running.post("/api/elsewhere", b"{}") == (404, {"message": "Not Found"})
    status, answer = running.post("/api/webhooks/wh_nobody/test", b"{}")
    assert (status, answer["message"]) == (404, "there is no webhook wh_nobody")
    running.next("wh_nobody/test with 404")


def test_another_event_can_be_put_and_the_same_one_is_a_duplicate(running: Running) -> None:
    put = ("local.put_event", "events/request_granted.json", "--port", running.port, "--folder", running.folder.parent)
    assert run(*put)[0] == 0
    said = running.next("^    Torq: succeeded")
    assert "New Apono RequestGranted request made by Ana Lima" in said
    assert run(*put)[0] == 0
    assert "dispatch took RequestGranted and sent nothing" in running.next("^dispatch took")
    assert run(*put, "--now")[0] == 0
    assert "New Apono RequestGranted" in running.next("^    Torq: succeeded")


def test_an_event_that_nobody_can_use_is_shown_with_its_reason(running: Running, tmp_path: Path) -> None:
    event = {"source": "apono", "detail-type": "RequestCreated", "detail": {"event_type": "RequestCreated"}}
    (tmp_path / "event.json").write_text(json.dumps(event))
    assert (
        run("local.put_event", tmp_path / "event.json", "--port", running.port, "--folder", running.folder.parent)[0]
        == 0
    )
    assert "'detail.data' is missing" in running.next("dead-letter queue")


def test_the_record_the_log_and_the_tables_are_where_the_guide_says(running: Running) -> None:
    assert {"POST"} == {record["method"] for record in running.records()}
    assert [value for name, value in running.records()[0]["headers"] if name == "Authorization"] == ["Bearer ••••"]
    log = (running.folder / "functions.log").read_text(encoding="utf-8")
    assert '"message":"delivery attempted"' in log
    assert all(json.loads(line) for line in log.splitlines())
    status, output, errors = run("local.tables", "--port", running.port, "--folder", running.folder.parent)
    assert (status, errors) == (0, "")
    tables = output.split("DeliveriesTable\n")
    assert '"NAME#torq"' in tables[0]
    assert '"state": "succeeded"' in tables[1]
    assert "local-torq-token" not in output


# Its time goes by three hundred times faster: a minute takes a fifth of a second.
SWEPT = """
import sys
from pathlib import Path
from queue import SimpleQueue
from local.event_source import BatchHandled
from local.asynchronous import Handled
from local.put_event import put_event, read_event
from local.run import FIRST_EVENT
from local.stack import local_stack
from local.terminal import Terminal

happenings, terminal = SimpleQueue(), Terminal(sys.stdout)
webhooks, folder = map(Path, sys.argv[1:])
with local_stack(
    webhooks=webhooks, folder=folder, port=0, terminal=terminal, happenings=happenings, pace=300
) as stack:
    aws, names = stack.aws.clients, stack.aws.template.names
    put_event(aws.events, stack.bus, read_event(FIRST_EVENT))
    while not isinstance(happenings.get(timeout=20), Handled):
        pass
    aws.sqs.purge_queue(QueueUrl=names["Wakeups"])
    (row,) = [one for one in aws.dynamodb.scan(TableName=names["DeliveriesTable"])["Items"] if "state" in one]
    for name in ("due_at", "sweep_at"):
        row[name] = {"N": str(float(row[name]["N"]) - 130)}
    aws.dynamodb.put_item(TableName=names["DeliveriesTable"], Item=row)
    while not isinstance(handled := happenings.get(timeout=20), BatchHandled):
        pass
    key = {"pk": row["pk"], "sk": row["sk"]}
    row = aws.dynamodb.get_item(TableName=names["DeliveriesTable"], Key=key)["Item"]
    terminal.say(f"{len(handled.messages)} wake-up, {len(handled.failed)} failed, attempt {row['attempt_count']['N']}")
"""


def test_the_sweep_runs_by_its_schedule_and_wakes_what_nobody_else_does(tmp_path: Path) -> None:
    """A delivery whose wake-up was taken out of the queue gets its second attempt."""
    command = [sys.executable, "-c", SWEPT, str(ROOT / "webhooks" / "torq_busy.json"), str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("1 wake-up, 0 failed, attempt 2\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_well_and_leaves_no_secret(number: signal.Signals, tmp_path: Path) -> None:
    process = start("local.run", "--port", 0, "--folder", tmp_path)
    watchdog = threading.Timer(SECONDS, process.kill)
    watchdog.start()
    assert process.stdout is not None
    read_until(process.stdout, "Ctrl-C stops it")
    process.send_signal(number)
    status, output, errors = finish(process)
    watchdog.cancel()
    assert (status, errors) == (0, "")
    assert output.endswith("Stopped.\n")
    (folder,) = tmp_path.iterdir()
    assert {path.name for path in folder.iterdir()} == {"functions.log", "torq.jsonl", "trust.pem"}


def test_a_port_that_is_taken_is_said_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        status, output, errors = run("local.run", "--port", port, "--folder", tmp_path)
    assert status == 2
    assert f"127.0.0.1:{port} cannot be used: Address already in use" in errors
    assert "make run PORT=0" in errors
    assert "Traceback" not in errors
    assert "DynamoDB" not in output


def write_webhook(folder: Path, name: str, **fields: object) -> None:
    guide = json.loads((ROOT / "webhooks" / "torq.json").read_text())
    (folder / name).write_text(json.dumps({**guide, **fields}))


@pytest.mark.parametrize("module", ["local.run", "local.demo"])
def test_wrong_webhooks_are_all_told_and_nothing_is_stored(module: str, tmp_path: Path) -> None:
    write_webhook(tmp_path, "a.json", url="http://example.com/", triggers=[])
    write_webhook(tmp_path, "b.json")
    (tmp_path / "c.json").write_text("{")
    status, output, errors = run(module, "--webhooks", tmp_path, "--folder", tmp_path)
    assert status == 2
    assert "nothing was stored" in errors
    told = re.findall(rf"^{tmp_path}/(\w+\.json: \w+)", errors, re.MULTILINE)
    assert told == ["a.json: url", "a.json: triggers", "c.json: line"]
    assert "DynamoDB" not in output


def test_the_demo_passes_and_prints_a_line_for_each_event(tmp_path: Path) -> None:
    status, output, errors = run("local.demo", "--folder", tmp_path)
    assert (status, errors) == (0, "")
    assert list(tmp_path.iterdir()) == []
    lines = re.findall(r"^✓ (.{24})succeeded   202     (.*)$", output, re.MULTILINE)
    assert [name.strip() for name, _ in lines] == [
        "request_created.json",
        "request_approved.json",
        "request_granted.json",
        "request_expired.json",
        "request_failed.json",
        "request_rejected.json",
        "an awkward name",
    ]
    assert (
        lines[-1][1]
        == r'{"body": {"event": "New Apono RequestCreated request made by Ana \"Q\" O' + r"'Neil\n<b>" + '"}}'
    )


def test_the_demo_fails_when_a_body_differs_by_one_byte(tmp_path: Path) -> None:
    template = '{"body": {"event":  "New Apono {{event_type}} request made by {{data.requester.name}}"}}'
    write_webhook(tmp_path, "torq.json", body_template=template)
    status, output, _ = run("local.demo", "--webhooks", tmp_path, "--folder", tmp_path)
    assert status == 1
    assert "6 of 7 are not as they should be" in output
    assert "instead of" in output
    assert re.search(r"^✓ an awkward name", output, re.MULTILINE)


def test_the_demo_fails_when_a_trigger_or_the_token_is_missing(tmp_path: Path) -> None:
    headers = [{"name": "Authorization", "value": "Bearer another", "secret": True}]
    write_webhook(tmp_path, "torq.json", headers=headers, triggers=["RequestCreated"])
    status, output, _ = run("local.demo", "--webhooks", tmp_path, "--folder", tmp_path)
    assert status == 1
    assert "7 of 7 are not as they should be" in output
    assert output.count("Torq received 0 requests instead of one") == 5
    assert output.count("the header Authorization is not the one that was configured") == 2


def test_the_busy_torq_is_called_again_by_the_schedule_until_it_takes_the_event(running: Running) -> None:
    """Within 5 and then 30 seconds: two answers of 503, then 202; one webhook-id, one body, and the row says all.

    The last test, because by now much of that time has gone by.
    """
    said, _ = running.output.until("^    Busy Torq: succeeded")
    row = said.splitlines()[-1]
    assert re.findall(r"attempt (\d): answered with (\d+)", row) == [("1", "503"), ("2", "503"), ("3", "202")]
    attempts: dict[str, list[tuple[int, str]]] = {}
    for record in running.records():
        webhook_id = dict(record["headers"])["webhook-id"]
        attempts.setdefault(webhook_id, []).append((record["status"], record["body"]))
    (delivery,) = [tried for tried in attempts.values() if len(tried) == 3]
    assert [status for status, _ in delivery] == [503, 503, 202]
    assert len({body for _, body in delivery}) == 1
