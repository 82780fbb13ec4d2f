"""`make run` and `make demo` as their user has them: processes, real handlers, their output, files and exit status."""

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


@dataclass
class Running:
    """`make run` while it runs. `said` is all that it printed up to the end of its guide."""

    process: subprocess.Popen[str]
    folder: Path
    port: int
    said: str

    def next(self, pattern: str) -> str:
        assert self.process.stdout is not None
        return read_until(self.process.stdout, pattern)

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
    process = start("local.run", "--port", 0, "--folder", folder)
    watchdog = threading.Timer(SECONDS, process.kill)
    watchdog.start()
    assert process.stdout is not None
    said = read_until(process.stdout, "Ctrl-C stops it")
    port = re.search(r"http://127\.0\.0\.1:(\d+)/api", said)
    assert port is not None
    yield Running(process, folder / port[1], int(port[1]), said)
    process.terminate()
    finish(process)
    watchdog.cancel()


def test_the_first_event_is_shown_as_torq_received_it_and_as_the_row_says(running: Running) -> None:
    assert "    POST /v1/webhooks/" in running.said
    assert "    Authorization: Bearer ••••\n" in running.said
    assert '        "event": "New Apono RequestCreated request made by Ana Lima"\n' in running.said
    assert "    Torq: succeeded (the receiver answered 202)" in running.said
    assert "local-torq-token" not in running.said


def test_every_slow_step_says_that_it_is_being_done(running: Running) -> None:
    for step in ("AWS (DynamoDB, SQS, EventBridge, KMS)", "The functions dispatch and test_webhook", "The webhooks in"):
        assert re.search(re.escape(step) + r".* \.\.\. \d+\.\d s\n", running.said)


def test_the_stored_webhook_can_be_tested_as_the_guide_says(running: Running) -> None:
    path = re.search(r"(/api/webhooks/wh_\w+/test)$", running.said, re.MULTILINE)
    assert path is not None
    status, answer = running.post(path[1], b"")
    assert (status, answer["outcome"]) == (200, "successful")
    assert answer["response"]["status"] == 202
    running.next(f"The API answered POST {path[1]} with 200")


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
