"""The command line against the real handlers, over HTTP on loopback: webhooks in files, tests, deliveries, replays."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from cli.address import read_address
from cli.api import Api as Operations
from cli.client import Client
from cli.errors import ApiError
from cli.running import run
from cli.terminal import Terminal
from grantwire.samples import sample_payload
from local.api import Api
from local.functions import LocalFunction
from local.http_server import LoopbackServer
from tests.functional.conftest import ROOT, World, event_file, wakeup_of
from tests.receivers import Authority, Receiver, answer, answering, receiving

MARKER = "c2VjcmV0LW1hcmtlcg"  # nothing that is printed may have it
BUSY = answer("503 Service Unavailable", b"busy")
DENIED = answer("200 OK", b'{"status":"denied"}')
SECRET = {"name": "Authorization", "value": "Bearer ${TORQ_TOKEN}", "secret": True}
DAY = ("--since", "2026-11-18T00:00:00Z", "--until", "2026-11-19T00:00:00Z")


def guide(**fields: Any) -> dict[str, Any]:
    return {
        "name": "Torq",
        "url": "https://hooks.torq.io/v1/webhooks/1/",
        "body_template": '{"body": {"event": "New Apono {{event_type}} request made by {{data.requester.name}}"}}',
        "headers": [SECRET],
        "triggers": ["RequestCreated"],
    } | fields


@dataclass
class Ran:
    """What a command printed and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


@dataclass
class CommandLine:
    """The command line of somebody whose environment has the token. `meanwhile` happens at each wait, in turn; after
    that comes Ctrl-C."""

    url: str
    world: World
    folder: Path
    environment: dict[str, str] = field(default_factory=lambda: {"TORQ_TOKEN": MARKER})
    questions: list[str] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)

    def __call__(self, *arguments: object, answers: str = "", meanwhile: Sequence[Callable[[], object]] = ()) -> Ran:
        happenings = list(meanwhile)
        given = list(answers)

        def ask(question: str) -> str:
            self.questions.append(question)
            if not given:
                raise EOFError
            return given.pop(0)

        def wait(seconds: float) -> None:
            self.waits.append(seconds)
            if not happenings:
                raise KeyboardInterrupt
            happenings.pop(0)()

        terminal = Terminal(out=io.StringIO(), err=io.StringIO())
        environment = {"GRANTWIRE_URL": self.url, **self.environment}
        code = run([*map(str, arguments)], environment=environment, terminal=terminal, ask=ask, wait=wait)
        assert isinstance(terminal.out, io.StringIO)
        assert isinstance(terminal.err, io.StringIO)
        ran = Ran(code, terminal.out.getvalue(), terminal.err.getvalue())
        assert MARKER not in ran.out + ran.err
        return ran

    def file(self, name: str, document: object) -> Path:
        path = self.folder / name
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        return path

    def webhooks(self) -> list[dict[str, Any]]:
        listed = self("list", "--output", "json").json
        return [self("show", one["id"]).json for one in listed]

    def fresh(self) -> None:
        """Nothing is stored any more, as in another account."""
        table = self.world.template.names["WebhooksTable"]
        for row in self.world.rows("WebhooksTable"):
            self.world.aws.dynamodb.delete_item(TableName=table, Key={"pk": row["pk"], "sk": row["sk"]})


@pytest.fixture
def grantwire(world: World, tmp_path: Path) -> Iterator[CommandLine]:
    """`grantwire`, in a folder of its own for webhooks."""
    folder = tmp_path / "webhooks"
    folder.mkdir()
    api = Api(on_answered=lambda _: None)
    names = {"TestWebhookFunction": "test_webhook", "WebhooksFunction": "webhooks"}
    api.route_to(LocalFunction(world.template.function(one), world.app(name).handler) for one, name in names.items())
    with LoopbackServer(api) as server:
        yield CommandLine(f"http://127.0.0.1:{server.port}", world, folder)


@pytest.fixture
def receiver(authority: Authority) -> Iterator[Receiver]:
    """Takes whatever comes."""
    with receiving(answering(answer()), authority.server_context()) as one:
        yield one


class TestAFolderInGit:
    def test_applied_twice_it_is_created_once(self, grantwire: CommandLine) -> None:
        """The second time all is as the files say."""
        grantwire.file("torq.json", guide(headers=[], triggers=["RequestRejected", "RequestCreated"]))
        grantwire.file("plain.json", guide(name="plain", headers=[{"name": "X-A", "value": "b"}], timeout_seconds=5))
        recipe = grantwire.file("slack.json", (ROOT / "layers/common/grantwire/recipes/slack.json").read_text())
        slack = json.loads(recipe.read_text())["webhook"]["name"]
        first = grantwire("apply", grantwire.folder)
        assert (first.code, [line[:14].strip() for line in first.lines]) == (0, ["created"] * 3)
        before = grantwire.webhooks()
        second = grantwire("apply", grantwire.folder)
        assert (second.code, [line[:14].strip() for line in second.lines]) == (0, ["unchanged"] * 3)
        assert before == grantwire.webhooks()
        assert [one["name"] for one in before] == ["plain", slack, "Torq"]

    def test_a_change_is_stored_and_says_where(self, grantwire: CommandLine) -> None:
        path = grantwire.file("torq.json", guide(headers=[]))
        grantwire("apply", path)
        grantwire.file("torq.json", guide(headers=[], active=True, retry={"max_attempts": 3}))
        told = grantwire("apply", path, "--dry-run")
        assert (told.code, told.lines) == (0, [f"would update  Torq: active, retry  ({path})"])
        assert grantwire.webhooks()[0]["version"] == 1
        done = grantwire("apply", path)
        assert (done.code, done.lines) == (0, [f"updated       Torq: active, retry  ({path})"])
        [webhook] = grantwire.webhooks()
        assert (webhook["version"], webhook["active"], webhook["retry"]) == (2, True, {"max_attempts": 3})

    @pytest.mark.parametrize("dry", [(), ("--dry-run",)])
    def test_one_that_is_refused_stops_no_other(self, grantwire: CommandLine, dry: tuple[str, ...]) -> None:
        """Every problem is told at its file and path; a dry run finds them too."""
        bad = grantwire.file(
            "a.json", guide(name="Bad", url="http://x.example/", triggers=[], colour="red", headers=[])
        )
        broken = grantwire.file("b.json", '{"name": ')
        missing = grantwire.file("c.json", guide(name="Third", headers=[SECRET | {"value": "${NOT_THERE}"}]))
        good = grantwire.file("d.json", guide(name="Good"))
        ran = grantwire("apply", grantwire.folder, *dry)
        assert ran.code == 1
        told = [line.strip() for line in ran.lines if line.startswith("  ")]
        assert told[0] == f"{broken}: line 1, column 10: is not JSON: Expecting value"
        assert [line.partition(" ")[0] for line in told[1:4]] == [f"{bad}:"] * 3
        assert [line.split(": ")[1] for line in told[1:4]] == ["url", "triggers", "colour"]
        assert told[4] == f"{missing}: headers[0].value: ${{NOT_THERE}} is not set in the environment"
        assert ran.lines[-1] == f"{'would create' if dry else 'created     '}  Good  ({good})"
        assert [one["name"] for one in grantwire.webhooks()] == ([] if dry else ["Good"])

    def test_somebody_elses_change_meanwhile_is_not_overwritten(self, grantwire: CommandLine) -> None:
        """What was read is what is replaced, by its version."""
        path = grantwire.file("torq.json", guide())
        grantwire("apply", path)
        [webhook] = grantwire.webhooks()
        assert (
            grantwire.world.api("PUT", f"/api/webhooks/{webhook['id']}", guide(headers=[]), headers=AT_1).status == 200
        )
        client = Client(read_address(grantwire.url), "", lambda _: None)
        with pytest.raises(ApiError, match="has version 2 by now"):
            Operations(client).replace(webhook["id"], guide(headers=[]), 1)
        client.close()

    def test_as_json(self, grantwire: CommandLine) -> None:
        path = grantwire.file("torq.json", guide())
        bad = grantwire.file("zz.json", "[]")
        ran = grantwire("apply", grantwire.folder, "--output", "json")
        assert ran.code == 1
        kept: dict[str, Any] = {"fields": [], "missing_secrets": []}
        problem = {"path": "", "rule": "must be a JSON object, the webhook's document"}
        assert ran.json == {
            "dry_run": False,
            "webhooks": [
                {"name": "", "source": str(bad), "result": "refused", **kept, "problems": [problem]},
                {"name": "Torq", "source": str(path), "result": "created", **kept, "problems": []},
            ],
        }

    def test_a_folder_without_files(self, grantwire: CommandLine) -> None:
        for where, reason in ((grantwire.folder, "holds no .json file"), (grantwire.folder / "x", "does not exist")):
            ran = grantwire("apply", where, "--prune", "--yes")
            assert (ran.code, ran.out) == (1, "")
            assert reason in ran.err


AT_1 = {"If-Match": '"1"'}


class TestSecretsInFiles:
    def test_the_environments_are_sent_and_never_printed(self, grantwire: CommandLine, receiver: Receiver) -> None:
        path = grantwire.file("torq.json", guide(url=receiver.url))
        assert grantwire("apply", path).code == 0
        assert grantwire("test", "torq").code == 0
        assert f"Authorization: Bearer {MARKER}".encode() in receiver.requests[-1]
        assert grantwire.webhooks()[0]["headers"] == [SECRET | {"value": "••••"}]

    def test_a_given_one_counts_as_a_change_unless_stored_ones_are_kept(self, grantwire: CommandLine) -> None:
        path = grantwire.file("torq.json", guide())
        grantwire("apply", path)
        assert grantwire("apply", path).lines == [f"updated       Torq: headers (secret given)  ({path})"]
        grantwire.environment.clear()
        assert grantwire("apply", path, "--keep-secrets").lines == [f"unchanged     Torq  ({path})"]

    def test_a_mask_keeps_what_is_stored(self, grantwire: CommandLine, receiver: Receiver) -> None:
        path = grantwire.file("torq.json", guide(url=receiver.url))
        grantwire("apply", path)
        grantwire.file("torq.json", guide(url=receiver.url, headers=[SECRET | {"value": "••••"}], timeout_seconds=3))
        assert grantwire("apply", path).lines == [f"updated       Torq: timeout_seconds  ({path})"]
        grantwire("test", "Torq")
        assert f"Bearer {MARKER}".encode() in receiver.requests[-1]

    def test_a_signing_secret_that_is_made_goes_into_its_file(self, grantwire: CommandLine, tmp_path: Path) -> None:
        path = grantwire.file("torq.json", guide(signing={"kind": "standard_webhooks"}))
        refused = grantwire("apply", path)
        assert refused.code == 1
        assert "signing.secret: would be made and shown once" in refused.out
        kept = tmp_path / "made.jsonl"
        made = grantwire("apply", path, "--signing-secrets", kept)
        assert made.code == 0
        line = json.loads(kept.read_text())
        assert (line["name"], line["signing_secret"][:6]) == ("Torq", "whsec_")
        assert "whsec_" not in made.out + made.err
        assert kept.stat().st_mode & 0o777 == 0o600

    def test_one_in_a_literal_is_not_printed_either(self, grantwire: CommandLine, authority: Authority) -> None:
        """A receiver that sends it back, in an answer of its own making."""
        echo = answer("200 OK", json.dumps({"you said": f"Bearer {MARKER}"}).encode())
        with receiving(answering(echo), authority.server_context()) as receiver:
            draft = guide(url=receiver.url, headers=[SECRET | {"value": f"Bearer {MARKER}"}])
            path = grantwire.file("torq.json", draft)
            assert "••••" in grantwire("test", "--file", path).out
            assert "••••" in grantwire("test", "--file", path, "--output", "json").out


class TestPruning:
    def stored(self, grantwire: CommandLine) -> None:
        grantwire.file("a.json", guide(name="Kept"))
        grantwire.file("b.json", guide(name="Gone"))
        grantwire("apply", grantwire.folder)
        (grantwire.folder / "b.json").unlink()

    def names(self, grantwire: CommandLine) -> list[str]:
        return [one["name"] for one in grantwire.webhooks()]

    def test_what_no_file_names_stays_without_it(self, grantwire: CommandLine) -> None:
        self.stored(grantwire)
        grantwire("apply", grantwire.folder)
        assert self.names(grantwire) == ["Gone", "Kept"]

    def test_it_asks(self, grantwire: CommandLine) -> None:
        self.stored(grantwire)
        for answers in ("n", ""):
            refused = grantwire("apply", grantwire.folder, "--prune", answers=answers)
            assert (refused.code, self.names(grantwire)) == (1, ["Gone", "Kept"])
        ran = grantwire("apply", grantwire.folder, "--prune", answers="y")
        assert (ran.code, ran.lines[-1], self.names(grantwire)) == (0, "deleted       Gone", ["Kept"])
        assert grantwire.questions[-1].startswith("Delete Gone?")
        assert grantwire("apply", grantwire.folder, "--prune").code == 0

    def test_a_dry_run_only_tells(self, grantwire: CommandLine) -> None:
        self.stored(grantwire)
        assert grantwire("apply", grantwire.folder, "--prune", "--dry-run").lines[-1] == "would delete  Gone"
        assert self.names(grantwire) == ["Gone", "Kept"]

    @pytest.mark.parametrize("text", ["{", "[]", '{"url": "https://hooks.torq.io/"}'])
    def test_nothing_is_pruned_while_a_file_does_not_say_which_it_is(self, grantwire: CommandLine, text: str) -> None:
        self.stored(grantwire)
        grantwire.file("b.json", text)
        ran = grantwire("apply", grantwire.folder, "--prune", "--yes")
        assert (ran.code, self.names(grantwire)) == (1, ["Gone", "Kept"])
        assert "nothing is pruned" in ran.err

    def test_one_whose_file_is_refused_stays(self, grantwire: CommandLine) -> None:
        self.stored(grantwire)
        grantwire.file("b.json", guide(name="Gone", triggers=[]))
        assert grantwire("apply", grantwire.folder, "--prune", "--yes").code == 1
        assert self.names(grantwire) == ["Gone", "Kept"]


class TestExportAndImport:
    def test_what_has_no_secrets_comes_back_as_it_was(self, grantwire: CommandLine, tmp_path: Path) -> None:
        """Export, another account, import with and without a dry run, export: the same file."""
        for number, name in enumerate(("zeta", "Alpha", "mu")):
            fields = {"timeout_seconds": number + 1.5, "active": number == 1, "headers": [], "filters": FILTERS}
            grantwire.file(f"{number}.json", guide(name=name, **fields))
        grantwire("apply", grantwire.folder)
        first, second, third = (tmp_path / f"{name}.json" for name in ("first", "second", "third"))
        assert grantwire("export", first).code == 0
        assert [one["name"] for one in json.loads(first.read_text())["webhooks"]] == ["Alpha", "mu", "zeta"]
        grantwire("export", second)
        assert second.read_bytes() == first.read_bytes()
        grantwire.fresh()
        told = grantwire("import", first, "--dry-run")
        assert (told.code, [line[:12] for line in told.lines]) == (0, ["would create"] * 3)
        assert grantwire.webhooks() == []
        assert grantwire("import", first).code == 0
        grantwire("export", third)
        assert third.read_bytes() == first.read_bytes()
        again = grantwire("import", third)
        assert [line[:9] for line in again.lines] == ["unchanged"] * 3
        assert grantwire("export").out == first.read_text()

    def test_what_lacks_its_secrets_is_inactive_and_says_which(self, grantwire: CommandLine, tmp_path: Path) -> None:
        """Nothing is sent without its credentials."""
        authentication = {"kind": "api_key", "header": "X-Key", "value": "${TORQ_TOKEN}"}
        grantwire.file("a.json", guide(active=True, authentication=authentication))
        grantwire("apply", grantwire.folder)
        exported = tmp_path / "export.json"
        grantwire("export", exported)
        assert MARKER not in exported.read_text()
        assert grantwire("import", exported).lines == [f"unchanged     Torq  ({exported}: webhooks[0])"]
        grantwire.fresh()
        missing = [
            "  inactive until these secrets are entered:",
            "    headers[0].value (Authorization)",
            "    authentication.value (api_key)",
        ]
        for options, result in ((["--dry-run"], "would create"), ([], "created"), ([], "unchanged")):
            ran = grantwire("import", exported, *options)
            assert (ran.code, ran.lines) == (0, [f"{result:<12}  Torq  ({exported}: webhooks[0])", *missing])
        [webhook] = grantwire.webhooks()
        assert (webhook["active"], webhook["headers"], webhook["authentication"]) == (False, [], None)

    def test_with_its_secrets_entered_an_export_is_whole_again(self, grantwire: CommandLine, tmp_path: Path) -> None:
        grantwire.file("a.json", guide(active=True))
        grantwire("apply", grantwire.folder)
        first, second, filled = (tmp_path / f"{name}.json" for name in ("first", "second", "filled"))
        grantwire("export", first)
        grantwire.fresh()
        filled.write_text(first.read_text().replace("••••", "Bearer ${TORQ_TOKEN}"))
        assert grantwire("import", filled).code == 0
        grantwire("export", second)
        assert second.read_bytes() == first.read_bytes()

    @pytest.mark.parametrize("document", ["[]", "{}", '{"webhooks": {}}', "{"])
    def test_what_is_no_export(self, grantwire: CommandLine, document: str) -> None:
        path = grantwire.file("export.json", document)
        ran = grantwire("import", path)
        assert (ran.code, ran.out) == (1, "")
        assert ran.err.startswith(f"{path}: ")

    def test_each_place_that_is_refused_is_named(self, grantwire: CommandLine) -> None:
        path = grantwire.file("e.json", {"webhooks": [7, guide(triggers=[]), guide(name="Slack")]})
        ran = grantwire("import", path)
        assert ran.code == 1
        assert f"  {path}: webhooks[0]: must be an object" in ran.lines
        assert any(line.startswith(f"  {path}: webhooks[1]: triggers: needs at least one") for line in ran.lines)
        assert ran.lines[-1] == f"created       Slack  ({path}: webhooks[2])"


FILTERS = [{"field": "integration", "operator": "exists"}, {"field": "duration", "operator": "is", "values": [3600]}]


class TestTestingAndPreviewing:
    def test_a_test_that_fails_says_why_and_exits_with_1(self, grantwire: CommandLine, authority: Authority) -> None:
        with receiving(answering(DENIED), authority.server_context()) as receiver:
            validators = [{"json_path": "$.data.status", "expected_values": ["accepted"]}]
            path = grantwire.file("a.json", guide(url=receiver.url, response_validators=validators))
            grantwire("apply", path)
            for arguments in (("Torq",), ("--file", path)):
                ran = grantwire("test", *arguments, "--trigger", "RequestGranted")
                assert ran.code == 1
                assert ran.lines[0].startswith("Test failed: ")
                assert f"  POST {receiver.url}" in ran.lines
                assert '  {"body": {"event": "New Apono RequestGranted request made by Ana Lima"}}' in ran.lines
                assert "  fails  $.data.status must be one of accepted; found denied" in ran.lines
                assert {"Request", "Response", "Validators", "Tips"} <= set(ran.lines)
            assert grantwire("test", "Torq", "--output", "json").json["outcome"] == "failed"

    def test_an_event_of_ones_own(self, grantwire: CommandLine, receiver: Receiver) -> None:
        path = grantwire.file("a.json", guide(url=receiver.url))
        payload = sample_payload("RequestCreated")
        payload["data"]["requester"]["name"] = "Bo Berg"
        event = grantwire.file("event", payload)
        bus = grantwire.file("bus", event_file("request_granted"))
        assert "made by Bo Berg" in grantwire("test", "--file", path, "--event", event).out
        assert "New Apono RequestGranted" in grantwire("preview", "--file", path, "--event", bus).out

    def test_a_preview_needs_no_secret_and_sends_nothing(self, grantwire: CommandLine, receiver: Receiver) -> None:
        path = grantwire.file("a.json", guide(url=receiver.url, headers=[SECRET | {"value": "••••"}]))
        ran = grantwire("preview", "--file", path)
        assert (ran.code, ran.lines[0]) == (0, "This would be sent; nothing was.")
        assert "  Authorization: ••••" in ran.lines
        assert receiver.requests == []

    def test_a_draft_that_is_refused(self, grantwire: CommandLine) -> None:
        path = grantwire.file("a.json", guide(url="http://x.example/", headers=[], timeout_seconds=31))
        for command in ("test", "preview"):
            ran = grantwire(command, "--file", path)
            assert (ran.code, ran.out) == (1, "")
            assert [line.partition(":")[0] for line in ran.err.splitlines()] == ["url", "timeout_seconds"]

    def test_a_draft_or_a_webhook(self, grantwire: CommandLine) -> None:
        assert grantwire("test").code == 2
        assert grantwire("test", "Torq", "--file", "x").code == 2

    def test_an_answer_does_not_steer_the_terminal(self, grantwire: CommandLine, authority: Authority) -> None:
        body = b"\x1b[2J\x07 hello \xc2\x9b"
        with receiving(answering(answer("200 OK", body)), authority.server_context()) as receiver:
            path = grantwire.file("a.json", guide(url=receiver.url))
            for output in ("table", "json"):
                printed = grantwire("test", "--file", path, "--output", output).out
                assert "\\u001b[2J\\u0007 hello \\u009b" in printed
                assert not {"\x1b", "\x07", "\x9b"} & set(printed)


def put_on(world: World, trigger: str, event_id: str = "1") -> None:
    """An event reaches the deployment."""
    payload = sample_payload(trigger)
    payload["data"]["id"] = event_id
    world.dispatch({"detail-type": trigger, "id": event_id, "detail": payload})


class TestDeliveries:
    def webhook(self, grantwire: CommandLine, url: str, **fields: Any) -> str:
        both = ["RequestCreated", "RequestGranted"]
        path = grantwire.file("a.json", guide(url=url, active=True, triggers=both, **fields))
        assert grantwire("apply", path).code == 0
        return str(grantwire.webhooks()[0]["id"])

    @staticmethod
    def due(world: World, webhook_id: str) -> None:
        """The only delivery is sent again."""
        webhook = world.store.get(webhook_id)
        assert webhook is not None
        world.shift(webhook, 60)
        world.redeliver(wakeup_of(world, webhook))

    def test_a_list_and_one_of_them(self, grantwire: CommandLine, receiver: Receiver) -> None:
        webhook_id = self.webhook(grantwire, receiver.url)
        put_on(grantwire.world, "RequestCreated")
        put_on(grantwire.world, "RequestGranted")
        ran = grantwire("deliveries", "Torq")
        assert ran.code == 0
        assert ran.lines[0].split() == ["EVENT", "TIME", "TRIGGER", "REQUEST", "STATE", "ATTEMPTS", "ID", "REASON"]
        assert len(ran.lines) == 3
        [one] = grantwire("deliveries", webhook_id, "--trigger", "RequestGranted", "--output", "json").json
        assert one["state"] == "succeeded"
        assert len(grantwire("deliveries", "Torq", "--limit", "1", "--output", "json").json) == 1
        assert grantwire("deliveries", "Torq", "--state", "failed").lines == ["There is no such delivery."]
        shown = grantwire("delivery", one["id"])
        assert "Attempt 1" in shown.out
        assert "New Apono RequestGranted request made by Ana Lima" in shown.out
        assert grantwire("delivery", one["id"], "--output", "json").json["payload"]["event_type"] == "RequestGranted"

    def test_a_wrong_time_is_named(self, grantwire: CommandLine, receiver: Receiver) -> None:
        self.webhook(grantwire, receiver.url)
        ran = grantwire("deliveries", "Torq", "--since", "yesterday")
        assert (ran.code, ran.err.partition(":")[0]) == (1, "since")

    def test_following_tells_what_is_new_and_what_has_changed(
        self, grantwire: CommandLine, authority: Authority
    ) -> None:
        """Until Ctrl-C."""
        world = grantwire.world
        with receiving(answering(BUSY, answer()), authority.server_context()) as receiver:
            webhook_id = self.webhook(grantwire, receiver.url)
            meanwhile: list[Callable[[], object]] = [
                lambda: put_on(world, "RequestCreated"),
                lambda: None,
                lambda: self.due(world, webhook_id),
                lambda: put_on(world, "RequestGranted"),
            ]
            ran = grantwire("deliveries", "Torq", "--follow", "--interval", "7", meanwhile=meanwhile)
        assert ran.code == 130
        assert [line.split()[1:5:2] for line in ran.lines] == [
            ["RequestCreated", "waiting"],
            ["RequestCreated", "succeeded"],
            ["RequestGranted", "succeeded"],
        ]
        assert grantwire.waits == [7.0] * 5

    def test_an_api_that_is_away_for_a_while_does_not_end_it(self, grantwire: CommandLine, receiver: Receiver) -> None:
        self.webhook(grantwire, receiver.url)
        world, name = grantwire.world, "DeliveriesTable"
        again = world.template.create_table(name, table_name=world.template.names[name])
        meanwhile: list[Callable[[], object]] = [
            lambda: world.aws.dynamodb.delete_table(TableName=world.template.names[name]),
            lambda: None,
            lambda: world.aws.dynamodb.create_table(**again),
            lambda: put_on(grantwire.world, "RequestCreated"),
        ]
        ran = grantwire("deliveries", "Torq", "--follow", meanwhile=meanwhile)
        assert (ran.code, len(ran.lines)) == (130, 1)
        assert ran.err.count("; trying again\n") == 1

    def test_following_as_json_is_a_line_each(self, grantwire: CommandLine, receiver: Receiver) -> None:
        self.webhook(grantwire, receiver.url)
        meanwhile = [lambda: put_on(grantwire.world, "RequestCreated")]
        ran = grantwire("deliveries", "Torq", "--follow", "--output", "json", meanwhile=meanwhile)
        assert [json.loads(line)["state"] for line in ran.lines] == ["succeeded"]


class TestReplaying:
    def failed(self, grantwire: CommandLine, authority: Authority) -> str:
        """A webhook with one failed delivery; afterwards its receiver takes what comes."""
        with receiving(answering(DENIED), authority.server_context()) as receiver:
            validators = [{"json_path": "$.status", "expected_values": ["accepted"]}]
            path = grantwire.file("a.json", guide(url=receiver.url, active=True, response_validators=validators))
            grantwire("apply", path)
            put_on(grantwire.world, "RequestCreated")
        [one] = grantwire("deliveries", "Torq", "--output", "json").json
        assert one["state"] == "failed"
        return str(one["id"])

    @staticmethod
    def step(world: World) -> Callable[[], object]:
        """What the job's message brings about."""
        return lambda: world.redeliver(*world.take_wakeups())

    def test_one(self, grantwire: CommandLine, authority: Authority) -> None:
        delivery = self.failed(grantwire, authority)
        assert grantwire("replay", delivery, "--dry-run").lines[0].startswith("it would be sent again: ")
        ran = grantwire("replay", delivery)
        assert (ran.code, ran.lines[0][:12]) == (0, "sent again: ")
        again = grantwire("replay", delivery)
        assert again.code == 1
        assert "it can be replayed once it has ended" in again.err

    def test_all_of_a_day(self, grantwire: CommandLine, authority: Authority) -> None:
        """First how many, then how far, until it is done."""
        self.failed(grantwire, authority)
        told = grantwire("replay", "Torq", *DAY, "--dry-run")
        assert (told.code, told.lines) == (0, [f"1 failed delivery from {DAY[1]} to {DAY[3]}"])
        ran = grantwire("replay", "Torq", *DAY, "--per-minute", "600", meanwhile=[self.step(grantwire.world)])
        assert ran.code == 0
        assert ran.lines[0] == told.lines[0]
        assert ran.lines[1].endswith(": running, 0 of 1 sent again")
        assert ran.lines[-1].endswith(": done, 1 of 1 sent again")

    def test_a_job_can_be_left_and_stopped(self, grantwire: CommandLine, authority: Authority) -> None:
        self.failed(grantwire, authority)
        left = grantwire("replay", "Torq", *DAY)
        assert left.code == 130
        job = left.lines[-1].partition(":")[0]
        assert f"`grantwire replay {job} --cancel` stops it" in left.err
        assert grantwire("replay", job, "--cancel").lines[0].startswith(f"{job}: cancelled")
        assert grantwire("replay", job).code == 1

    def test_nothing_failed(self, grantwire: CommandLine) -> None:
        grantwire("apply", grantwire.file("a.json", guide()))
        ran = grantwire("replay", "Torq", *DAY, "--output", "json")
        assert (ran.code, ran.json) == (0, {"count": 0, "job": None})

    @pytest.mark.parametrize("arguments", [("Torq",), ("Torq", *DAY[:2]), ("Torq", *DAY, "--cancel")])
    def test_what_is_not_said_is_asked_for(self, grantwire: CommandLine, arguments: tuple[str, ...]) -> None:
        assert grantwire("replay", *arguments).code == 2


def test_an_event_is_put_on_the_bus(grantwire: CommandLine) -> None:
    """A payload, or as EventBridge has it."""
    for document in (sample_payload("RequestGranted"), event_file("request_granted")):
        ran = grantwire("put-event", grantwire.file("event", document))
        assert ran.code == 0
        assert ran.out.startswith("RequestGranted is on the bus as event evt_")
    refused = grantwire("put-event", grantwire.file("event", {"event_type": "Gone"}))
    assert refused.code == 1
    assert [line.partition(":")[0] for line in refused.err.splitlines()] == ["event_type", "data"]


class TestListing:
    def test_by_name_and_status(self, grantwire: CommandLine) -> None:
        assert grantwire("list").lines == ["There is no such webhook."]
        grantwire.file("a.json", guide(name="Slack", active=True))
        grantwire.file("b.json", guide(name="Torq"))
        grantwire("apply", grantwire.folder)
        assert [line.split()[:4] for line in grantwire("list").lines] == [
            ["NAME", "STATUS", "METHOD", "HOST"],
            ["Slack", "active", "POST", "hooks.torq.io"],
            ["Torq", "inactive", "POST", "hooks.torq.io"],
        ]
        assert len(grantwire("list", "--search", "SLA").lines) == 2
        assert len(grantwire("list", "--status", "inactive").lines) == 2

    def test_every_page_is_read(self, grantwire: CommandLine) -> None:
        many = {"webhooks": [guide(name=f"Webhook {number:03}", headers=[]) for number in range(101)]}
        assert grantwire("import", grantwire.file("many.json", many)).code == 0
        assert len(grantwire("list").lines) == 102

    def test_one_that_is_not_there(self, grantwire: CommandLine) -> None:
        for name in ("Torq", "wh_01m85vkphdz51cd2n3nnx15qag"):
            ran = grantwire("show", name)
            assert (ran.code, ran.out) == (1, "")
            assert ran.err.startswith("there is no webhook ")


class TestTheWayToTheApi:
    def test_an_address_where_nothing_answers(self, grantwire: CommandLine) -> None:
        ran = grantwire("list", "--url", "http://127.0.0.1:9")
        assert ran.code == 1
        assert ran.err.startswith("http://127.0.0.1:9 cannot be reached: ")
        assert "GRANTWIRE_URL" in ran.err

    def test_a_route_that_is_not_there(self, grantwire: CommandLine) -> None:
        ran = grantwire("--url", f"{grantwire.url}/stage", "list")
        assert ran.code == 1
        assert "has no such route" in ran.err

    def test_a_token_is_not_sent_in_clear(self, grantwire: CommandLine) -> None:
        ran = grantwire("list", "--url", "http://grantwire.example.com")
        assert ran.code == 2
        assert "must be https" in ran.err

    def test_a_token_from_a_file(self, grantwire: CommandLine) -> None:
        token = grantwire.file("token", f"{MARKER}\n")
        assert grantwire("list", "--token-file", token).code == 0
        assert grantwire("list", "--token-file", grantwire.folder / "none").code == 2
        assert grantwire("list", "--token-file", grantwire.file("two", "a b")).code == 2
        assert grantwire("list", "--token-file", grantwire.file("empty", "")).code == 2


def test_it_runs_as_a_program(grantwire: CommandLine) -> None:
    """By its module, and by the file that may be linked to."""
    environment = {**os.environ, "GRANTWIRE_URL": grantwire.url}
    for program in ([sys.executable, "-m", "cli"], [str(ROOT / "cli" / "grantwire")]):
        ran = subprocess.run(
            [*program, "list"], capture_output=True, text=True, check=False, cwd=ROOT, env=environment, timeout=60
        )
        assert (ran.returncode, ran.stdout) == (0, "There is no such webhook.\n"), ran.stderr
        refused = subprocess.run(
            [*program, "lists"], capture_output=True, text=True, check=False, cwd=ROOT, env=environment, timeout=60
        )
        assert refused.returncode == 2
        assert "usage: grantwire" in refused.stderr
