"""What `make build` made does its work: in AWS's runtime interface emulator, with the variables of template.yaml."""

import filecmp
import hashlib
import json
import re
import sys
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path
from typing import Any, Final

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from grantwire.models import Webhook
from local.aws import RuleQueue
from local.http_server import Request
from local.template import Template
from local.torq import Torq
from tests.deployed.cloud import Cloud
from tests.deployed.emulator import ARCHITECTURE, ROOT, EmulatedFunction, Sandbox, make_build, runtime_python
from tests.deployed.processes import until
from tests.deployed.subscription import body_for, calling, document

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="AWS's emulator runs on Linux only")

EVENTS: Final = ROOT / "events"
_UNCHECKED_HASH: Final = 0b01  # PEP 552: such a .pyc file is loaded without a look at its source

# Imports all there is, and tells where each module came from.
_PROBE: Final = """
import importlib, json, pkgutil, sys
import app, grantwire
for module in pkgutil.walk_packages(grantwire.__path__, "grantwire."):
    importlib.import_module(module.name)
print(json.dumps({name: module.__file__ for name, module in sys.modules.items() if getattr(module, "__file__", None)}))
"""

# Tells whether garbage is looked for when libraries are imported and when all is, in how much it is not looked for, and
# how many of AWS's clients were made.
_INIT: Final = """
import gc, json, sys
during = []
class Watcher:
    def find_spec(self, name, path, target=None):
        if name in ("aws_lambda_powertools", "botocore"):
            during.append(gc.isenabled())
sys.meta_path.insert(0, Watcher())
import app
made = getattr(sys.modules.get("grantwire.stores.clients"), "_made", None)
print(json.dumps([during, gc.isenabled(), gc.get_freeze_count(), made.cache_info().currsize if made else 0]))
"""


def read_event(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((EVENTS / name).read_text(encoding="utf-8"))
    return event


def names_of(pattern: str) -> list[str]:
    return sorted(path.name for path in EVENTS.glob(pattern))


def python_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix in {".py", ".pyc"})


class Arrivals:
    """What arrives at the receiver from now on."""

    def __init__(self, torq: Torq) -> None:
        self._torq = torq
        self._before = len(torq.requests)

    def __call__(self) -> tuple[Request, ...]:
        return self._torq.requests[self._before :]


@pytest.fixture
def arrivals(torq: Torq) -> Arrivals:
    return Arrivals(torq)


@pytest.fixture(autouse=True)
def _no_complaints(request: pytest.FixtureRequest) -> Iterator[None]:
    """No warning, no traceback and no line above INFO in a function's log, unless the test has read it."""
    yield
    for name in {"dispatch", "manager", "redeliver", "sweep", "tester"} & set(request.fixturenames):
        assert request.getfixturevalue(name).complaints() == []


class TestDispatch:
    """`dispatch`, invoked as EventBridge does."""

    @pytest.mark.parametrize("name", names_of("request_*.json"))
    def test_an_event_arrives(
        self, dispatch: EmulatedFunction, webhook: Webhook, arrivals: Arrivals, name: str
    ) -> None:
        """The body that the template makes of the event is POSTed once, with the secret that KMS gave back."""
        event = read_event(name)
        dispatch.invoke(event)
        (request,) = arrivals()
        assert request.method == "POST"
        assert request.header("Content-Type") == "application/json"
        assert body_for(event) == json.loads(request.body)

    def test_both_spellings_are_among_the_events(self) -> None:
        """So that the test above speaks for both."""
        spellings = {read_event(name)["detail-type"].startswith("Access") for name in names_of("request_*.json")}
        assert {True, False} == spellings

    def test_an_event_that_comes_twice_arrives_once(
        self, dispatch: EmulatedFunction, webhook: Webhook, arrivals: Arrivals
    ) -> None:
        """EventBridge may deliver an event more than once."""
        event = read_event("request_created.json")
        event["detail"]["data"]["id"] = "comes-twice"
        dispatch.invoke(event)
        dispatch.invoke(event)
        assert len(arrivals()) == 1

    def test_an_unusable_event_is_kept_with_its_reason(
        self, dispatch: EmulatedFunction, webhook: Webhook, cloud: Cloud, arrivals: Arrivals
    ) -> None:
        """Whoever reads the dead-letter queue sees the event and what is wrong with it."""
        event = read_event("request_created.json")
        del event["detail"]["data"]
        dispatch.invoke(event)
        queue = cloud.template.names["DispatchDeadLetters"]
        (message,) = cloud.sqs.receive_message(QueueUrl=queue)["Messages"]
        kept = json.loads(message["Body"])
        assert "data" in kept["reason"]
        assert kept["event"] == event
        assert arrivals() == ()
        until(dispatch.complaints, "a line about it in the log", log=dispatch.log)


class Waiting:
    """The only delivery of the busy webhook."""

    def __init__(self, cloud: Cloud, webhook: Webhook) -> None:
        self._dynamodb = cloud.dynamodb
        self._table = cloud.template.names["DeliveriesTable"]
        self._webhook = webhook

    def row(self) -> dict[str, Any]:
        """As DynamoDB has it."""
        (row,) = self._dynamodb.query(
            TableName=self._table,
            KeyConditionExpression="pk = :webhook",
            ExpressionAttributeValues={":webhook": {"S": self._webhook.id}},
        )["Items"]
        return dict(row)

    def state(self) -> tuple[str, int]:
        """Its state, and how many attempts were made."""
        row = self.row()
        return row["state"]["S"], int(row["attempt_count"]["N"])

    def let_time_pass(self, seconds: float) -> None:
        """Make it due so much earlier."""
        row = self.row()
        earlier = {name: {"N": str(float(row[name]["N"]) - seconds)} for name in ("due_at", "sweep_at")}
        self._dynamodb.put_item(TableName=self._table, Item={**row, **earlier})

    def wakeup(self) -> dict[str, Any]:
        """The batch with which SQS wakes it."""
        row = self.row()
        body = json.dumps([row["pk"]["S"], row["sk"]["S"], int(row["attempt_count"]["N"])])
        event = read_event("internal/wakeup.json")
        event["Records"][0] |= {"body": body, "md5OfBody": hashlib.md5(body.encode()).hexdigest()}
        return event


@pytest.fixture
def waiting(cloud: Cloud, busy_webhook: Webhook) -> Iterator[Waiting]:
    """There is none before, and none afterwards."""
    waiting = Waiting(cloud, busy_webhook)
    yield waiting
    row = waiting.row()
    cloud.dynamodb.delete_item(
        TableName=cloud.template.names["DeliveriesTable"], Key={"pk": row["pk"], "sk": row["sk"]}
    )


def wakeups_in(cloud: Cloud) -> int:
    """How many wake-ups are in the queue, delayed ones included."""
    found = cloud.sqs.get_queue_attributes(QueueUrl=cloud.template.names["Wakeups"], AttributeNames=["All"])
    names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed")
    return sum(int(value) for name, value in found["Attributes"].items() if name in names)


class TestRedeliver:
    """`redeliver`, invoked as Lambda's event source mapping does."""

    def test_a_busy_receiver_takes_the_event_at_the_third_attempt(
        self,
        dispatch: EmulatedFunction,
        redeliver: EmulatedFunction,
        waiting: Waiting,
        torq: Torq,
        arrivals: Arrivals,
    ) -> None:
        """The rows that one built function writes the other one reads; each attempt has the same webhook-id."""
        event = calling("busy", read_event("request_created.json"), request_id="taken-late")
        dispatch.invoke(event)
        assert waiting.state() == ("waiting", 1)
        for expected in (("waiting", 2), ("succeeded", 3)):
            waiting.let_time_pass(30)
            assert redeliver.invoke(waiting.wakeup()) == {"batchItemFailures": []}
            assert waiting.state() == expected
        requests = [request for request in arrivals() if torq.busy_url.endswith(request.target)]
        assert [json.loads(request.body) for request in requests] == [body_for(event)] * 3
        assert len({request.header("webhook-id") for request in requests}) == 1

    def test_what_is_no_wake_up_is_named_in_the_answer(self, redeliver: EmulatedFunction) -> None:
        """Lambda has it come again, and deletes the others, such as one for a row that is not there."""
        good, bad = (read_event("internal/wakeup.json")["Records"][0] for _ in range(2))
        bad |= {"messageId": "bad", "body": "{}"}
        assert redeliver.invoke({"Records": [good, bad]}) == {"batchItemFailures": [{"itemIdentifier": "bad"}]}
        until(redeliver.complaints, "a line about it in the log", log=redeliver.log)

    def test_the_event_of_the_file_is_as_sqs_would_have_it(self) -> None:
        """Its body has the sum that stands beside it."""
        (record,) = read_event("internal/wakeup.json")["Records"]
        assert record["md5OfBody"] == hashlib.md5(record["body"].encode()).hexdigest()
        assert len(json.loads(record["body"])) == 3


class TestSweep:
    """`sweep`, invoked as its schedule does."""

    def test_a_delivery_that_nobody_woke_is_woken(
        self, dispatch: EmulatedFunction, sweep: EmulatedFunction, cloud: Cloud, waiting: Waiting
    ) -> None:
        """Its wake-up is in the queue at once, for the row as it is; the next sweep leaves it alone."""
        dispatch.invoke(calling("busy", read_event("request_created.json"), request_id="never-woken"))
        waiting.let_time_pass(130)
        before = wakeups_in(cloud)
        for _ in range(2):
            assert sweep.invoke(read_event("internal/sweep.json")) is None
            assert wakeups_in(cloud) == before + 1
        queue = cloud.template.names["Wakeups"]
        messages = cloud.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
        (record,) = waiting.wakeup()["Records"]
        assert json.loads(record["body"]) in [json.loads(message["Body"]) for message in messages]
        assert waiting.state() == ("waiting", 1)

    def test_its_metrics_are_in_the_log(self, sweep: EmulatedFunction) -> None:
        """The alarms need them also when there was nothing to do."""
        sweep.invoke(read_event("internal/sweep.json"))
        assert '"Swept":[0.0]' in sweep.log.read_text(encoding="utf-8")


class TestTestWebhook:
    """`test_webhook`, invoked as API Gateway does."""

    @pytest.mark.parametrize("name", names_of("test_*.json"))
    def test_a_test_delivery_arrives(
        self, tester: EmulatedFunction, webhook: Webhook, torq: Torq, arrivals: Arrivals, name: str
    ) -> None:
        """The answer tells of a success, and the receiver has it."""
        event = read_event(name)
        body = json.loads(event["body"])
        if "webhook" in body:
            body["webhook"] = document(torq) | {"active": False}
        answer = tester.invoke(event | {"body": json.dumps(body)})
        assert answer["statusCode"] == 200
        assert json.loads(answer["body"])["outcome"] == "successful"
        (request,) = arrivals()
        assert f"New Apono {body['trigger']} request made by" in json.loads(request.body)["body"]["event"]


class TestWebhooks:
    """`webhooks`, invoked as API Gateway does."""

    def ask(
        self, manager: EmulatedFunction, method: str, path: str, body: Any = None, if_match: str = ""
    ) -> tuple[int, Any]:
        """The status and the JSON of an answer, None when it has none."""
        event = read_event("test_draft.json")
        event["requestContext"]["http"] |= {"method": method, "path": path}
        event |= {"rawPath": path, "body": json.dumps(body) if body is not None else ""}
        event["headers"] |= {"if-match": if_match} if if_match else {}
        answer = manager.invoke(event)
        return answer["statusCode"], json.loads(answer["body"]) if answer["body"] else None

    def test_a_webhook_comes_and_goes(self, manager: EmulatedFunction, torq: Torq) -> None:
        """Stored with its secret sealed, changed, copied, deleted."""
        status, made = self.ask(manager, "POST", "/api/webhooks", document(torq) | {"name": "Managed", "active": False})
        assert (status, made["headers"][0]["value"]) == (201, "••••")
        path = f"/api/webhooks/{made['id']}"
        assert self.ask(manager, "PATCH", path, {"timeout_seconds": 5}, '"1"')[0] == 200
        status, copy = self.ask(manager, "POST", f"{path}/duplicate")
        assert (status, copy["name"]) == (201, "Managed copy")
        for webhook in (made, copy):
            assert self.ask(manager, "DELETE", f"/api/webhooks/{webhook['id']}", if_match="*") == (204, None)
        assert self.ask(manager, "GET", path)[0] == 404

    def test_the_guide_by_http_alone(
        self,
        manager: EmulatedFunction,
        tester: EmulatedFunction,
        dispatch: EmulatedFunction,
        torq: Torq,
        arrivals: Arrivals,
        rule: RuleQueue,
    ) -> None:
        """Create, test, read the invocation data, save it as active, put an event, see its delivery and the attempt."""
        status, made = self.ask(manager, "POST", "/api/webhooks", document(torq) | {"name": "Guide", "active": False})
        assert (status, made["active"]) == (201, False)
        path = f"/api/webhooks/{made['id']}"
        test = read_event("test_saved_webhook.json") | {"rawPath": f"{path}/test", "pathParameters": {"id": made["id"]}}
        test["requestContext"]["http"]["path"] = f"{path}/test"
        data = json.loads(tester.invoke(test)["body"])
        assert data["sentence"].startswith("Test successful: the receiver answered 202")
        assert {"name": "Authorization", "value": "••••"} in data["request"]["headers"]
        assert self.ask(manager, "PATCH", path, {"active": True}, '"1"')[0] == 200
        payload = read_event("request_granted.json")["detail"] | {"event_time": 1795009999.5}
        status, accepted = self.ask(manager, "POST", "/api/events", payload)
        assert status == 202
        [message] = rule.receive()
        dispatch.invoke(json.loads(message.body))
        status, found = self.ask(manager, "GET", f"/api/events/{accepted['event_id']}/deliveries")
        assert status == 200
        [mine] = [one for one in found["items"] if one["webhook_id"] == made["id"]]
        assert (mine["state"], mine["last_attempt"]["http_status"]) == ("succeeded", 202)
        status, delivery = self.ask(manager, "GET", f"/api/deliveries/{mine['id']}")
        assert json.loads(delivery["history"][0]["request"]["body"]) == body_for({"detail": payload})
        assert mine["id"] in [request.header("webhook-id") for request in arrivals()]
        assert self.ask(manager, "DELETE", path, if_match="*")[0] == 204

    def test_it_describes_itself(self, manager: EmulatedFunction) -> None:
        """With the libraries of its own that are in the build."""
        status, description = self.ask(manager, "GET", "/api/openapi.json")
        assert status == 200
        assert "/api/webhooks/{webhook_id}/test" in description["paths"]

    def test_its_libraries_are_its_own(self, sandboxes: dict[str, Sandbox], build: Path) -> None:
        """No other function has them, so none can come to import them at its cold start."""
        have = {name for name in sandboxes if (build / name / "pydantic").is_dir()}
        assert have == {"WebhooksFunction"}
        assert not (build / "CommonLayer" / "python" / "pydantic").exists()


class TestConsole:
    """The console's page, as built."""

    def test_the_page_and_its_modules_are_in_the_build(self, console: EmulatedFunction) -> None:
        """The page names its first module, and the function has it; it asks whoever comes to sign in."""
        page = console.invoke({"rawPath": "/", "headers": {}})
        assert page["statusCode"] == 200
        [script] = re.findall(r'<script type="module" src="([^"]+)" data-sign-in="([^"]*)"', page["body"])
        module = console.invoke({"rawPath": script[0], "headers": {}})
        assert (module["statusCode"], module["headers"]["Content-Type"]) == (200, "text/javascript; charset=utf-8")
        assert module["body"] == (ROOT / "functions" / "console" / "static" / "main.js").read_text(encoding="utf-8")


class TestBuild:
    """What is in the build."""

    def test_each_function_finds_everything_in_the_build(self, sandboxes: dict[str, Sandbox], build: Path) -> None:
        """Without a warning, and without a look at the source tree or at what else is installed here."""
        for name, sandbox in sandboxes.items():
            origins: dict[str, str] = json.loads(sandbox.python(_PROBE))
            assert origins["app"].startswith(str(build / name))
            ours = {module: origin for module, origin in origins.items() if module.partition(".")[0] == "grantwire"}
            layer = str(build / "CommonLayer" / "python" / "grantwire")
            assert {module: origin for module, origin in ours.items() if not origin.startswith(layer)} == {}
            assert {
                module: origin for module, origin in origins.items() if origin.startswith(str(ROOT / "layers"))
            } == {}

    @pytest.mark.parametrize(
        ("name", "clients_made"),
        {
            "Dispatch": 2,
            "Redeliver": 2,
            "Sweep": 1,
            "Operate": 1,
            "TestWebhook": 2,
            "Webhooks": 1,
            "Console": 0,
        }.items(),
    )
    def test_the_init_phase(self, sandboxes: dict[str, Sandbox], name: str, clients_made: int) -> None:
        """While all is imported nothing looks for garbage, and what is there then is not looked at again.

        The clients that an invocation needs in any case, DynamoDB's, and KMS's where secrets are opened, are made.
        """
        during, after, frozen, made = json.loads(sandboxes[f"{name}Function"].python(_INIT))
        assert during
        assert not any(during)
        assert after
        assert frozen > 10_000
        assert made == clients_made

    def test_every_init_phase_is_looked_at(self, sandboxes: dict[str, Sandbox]) -> None:
        """By the test above."""
        assert len(sandboxes) == 7

    def test_boto3_is_left_to_the_runtime(self, build: Path) -> None:
        """It would add 15 MB to the layer, and a slower start."""
        packages = {path.name for path in (build / "CommonLayer" / "python").iterdir()}
        assert "grantwire" in packages
        assert set() == packages & {"boto3", "botocore", "s3transfer"}

    def test_sources_are_compiled_for_the_runtime(self, build: Path) -> None:
        """Each has its .pyc, which Python 3.13 loads unchecked, and which names no path of this machine.

        Where no Python 3.13 is, none has: what another version compiles would be ignored.
        """
        compiled = [path for path in python_files(build) if path.suffix == ".pyc"]
        sources = [path for path in python_files(build) if path.suffix == ".py"] if runtime_python() else []
        expected = {path.parent / "__pycache__" / f"{path.stem}.cpython-313.pyc" for path in sources}
        assert expected == set(compiled)
        assert [path for path in compiled if path.read_bytes()[4] != _UNCHECKED_HASH] == []
        assert [path for path in compiled if str(build).encode() in path.read_bytes()] == []

    def test_the_bill_of_materials_names_what_is_shipped(self, build: Path) -> None:
        """Every library by where it lies, no other; with its licence, and the hashes that the installer accepts."""
        bill = json.loads((build / "bom.cdx.json").read_text(encoding="utf-8"))
        located = {
            where["location"]: f"{one['name']}=={one['version']}"
            for one in bill["components"]
            for where in one["evidence"]["occurrences"]
        }
        described = {
            folder.relative_to(build).as_posix(): message_from_bytes((folder / "METADATA").read_bytes())
            for folder in build.rglob("*.dist-info")
        }
        shipped = {key: f"{one['Name'].replace('_', '-')}=={one['Version']}" for key, one in described.items()}
        assert shipped == located
        locks = [ROOT / "layers" / "common" / "requirements.txt", *(ROOT / "functions").glob("*/requirements.txt")]
        locked = "".join(file.read_text(encoding="utf-8") for file in locks)
        for one in bill["components"]:
            assert one["purl"] == f"pkg:pypi/{one['name']}@{one['version']}"
            assert one["licenses"]
            archives = [reference["hashes"] for reference in one["externalReferences"] if "hashes" in reference]
            of_lock = locked.partition(f"\n{one['name']}=={one['version']} ")[2] or locked
            hashes = re.findall(r"sha256:(\w+)", re.split(r"\n(?! )", of_lock, maxsplit=1)[0])
            assert [{"alg": "SHA-256", "content": value} for value in sorted(hashes)] == archives[0]

    def test_the_bill_of_materials_is_as_its_schema_says(self, build: Path) -> None:
        """CycloneDX's own, in its strict form."""
        bill = (build / "bom.cdx.json").read_text(encoding="utf-8")
        assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(bill) is None
        wrong = bill.replace('"type": "library"', '"type": "book"')
        assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(wrong) is not None

    def test_it_is_for_the_processor_that_it_was_built_for(self, build: Path) -> None:
        """Deployed to the other one its compiled modules could not be loaded: CloudFormation refuses it."""
        parameters: Any = Template.read(build / "template.yaml").content["Parameters"]
        parameter = parameters["Architecture"]
        assert (parameter["Default"], parameter["AllowedValues"]) == (ARCHITECTURE, [ARCHITECTURE])

    def test_two_builds_are_the_same(self, build: Path) -> None:
        """Byte for byte: a deployment without a change uploads nothing."""
        again = make_build(build.parent / "again")  # as deep: the template has the way from it to README.md
        files = {path.relative_to(build) for path in build.rglob("*") if path.is_file()}
        assert files == {path.relative_to(again) for path in again.rglob("*") if path.is_file()}
        _, different, missing = filecmp.cmpfiles(build, again, map(str, files), shallow=False)
        assert (different, missing) == ([], [])
