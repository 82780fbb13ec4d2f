"""`make deploy` and `make restore`, with everything but AWS and the SAM CLI."""

import json
import re
import shlex
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest
from samcli.cli.types import CfnParameterOverridesType

from deployment.deploy import (
    DEFAULT_CALLBACKS,
    Deployed,
    credentials_problem,
    deploy,
    described,
    next_steps,
    wanted_callbacks,
)
from deployment.restore import import_template, kept, main, resources_to_import
from deployment.samconfig import SamConfigError, Target, read_target, replace_value
from grantwire.request_events import parse
from local.template import LOCAL_NAMES, Template
from tests.project.documents import ROOT

CONSOLE = "https://a1b2c3.execute-api.eu-west-1.amazonaws.com/"
CONFIG = """\
version = 0.1
[default.global.parameters]
stack_name = "access"
region = "eu-west-1"
[default.deploy.parameters]
profile = "prod"
parameter_overrides = "EventBusName=\\"default\\" SignInCallbackUrls=\\"http://localhost:8765/\\" LogLevel=\\"INFO\\""
"""
OUTPUTS = {"ConsoleUrl": CONSOLE, "UserPoolId": "eu-west-1_p", "FirstEvent": "aws events put-events --entries '[]'"}


class FakeCloud:
    """CloudFormation and the SAM CLI: a parameter of the command line is one of the stack from then on."""

    def __init__(self, config: Path, **outputs: str) -> None:
        self.config = config
        self.commands: list[list[str]] = []
        self.said: list[str] = []
        self.parameters = {"SignInCallbackUrls": DEFAULT_CALLBACKS, "EventBusName": "default"}
        self.outputs = outputs or OUTPUTS
        self.codes: list[int] = []

    def run(self, command: Sequence[str]) -> int:
        self.commands.append(list(command))
        if "--guided" in command:
            self.config.write_text(CONFIG)
        if "--parameter-overrides" in command:
            given = command[command.index("--parameter-overrides") + 1]
            self.parameters |= CfnParameterOverridesType().convert((given,), None, None)
        return self.codes.pop(0) if self.codes else 0

    def describe(self, target: Target) -> Deployed:
        assert target == Target(stack_name="access", region="eu-west-1", profile="prod")
        return Deployed(parameters=self.parameters, outputs=self.outputs)

    def deploy(self) -> int:
        return deploy(self.config, run=self.run, describe=self.describe, say=self.said.append)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "samconfig.toml"


class TestDeploy:
    def test_the_first_time_it_asks_and_deploys_twice(self, config: Path) -> None:
        """So that people can sign in; the next deployment then keeps it, and is one."""
        cloud = FakeCloud(config)
        assert cloud.deploy() == 0
        assert ["--guided" in command for command in cloud.commands] == [True, False]
        assert cloud.commands[0][-2:] == ["--stack-name", "grantwire"]
        assert cloud.parameters["SignInCallbackUrls"] == f"{DEFAULT_CALLBACKS},{CONSOLE}"
        overrides = tomllib.loads(config.read_text())["default"]["deploy"]["parameters"]["parameter_overrides"]
        kept = CfnParameterOverridesType().convert((overrides,), None, None)
        assert kept == {
            "EventBusName": "default",
            "SignInCallbackUrls": f"{DEFAULT_CALLBACKS},{CONSOLE}",
            "LogLevel": "INFO",
        }
        assert cloud.deploy() == 0
        assert len(cloud.commands) == 3
        assert "--guided" not in cloud.commands[2]

    def test_what_to_do_next_is_told(self, config: Path) -> None:
        cloud = FakeCloud(config)
        cloud.deploy()
        told = cloud.said[-1]
        assert CONSOLE in told
        assert (
            "admin-create-user --user-pool-id eu-west-1_p --username YOU@EXAMPLE.COM --region eu-west-1 --profile prod"
            in told
        )
        assert "put-events --entries '[]' --region eu-west-1 --profile prod" in told

    def test_with_an_issuer_of_ones_own_once_is_enough(self, config: Path) -> None:
        """There is no user pool whose client would have to know the console."""
        cloud = FakeCloud(config, ConsoleUrl=CONSOLE, FirstEvent="aws")
        assert cloud.deploy() == 0
        assert len(cloud.commands) == 1
        assert "admin-create-user" not in cloud.said[-1]

    @pytest.mark.parametrize("codes", [[1], [0, 1]])
    def test_a_deployment_that_fails_ends_it(self, config: Path, codes: list[int]) -> None:
        cloud = FakeCloud(config)
        cloud.codes = list(codes)
        assert cloud.deploy() == 1
        assert len(cloud.commands) == len(codes)
        assert f"{DEFAULT_CALLBACKS},{CONSOLE}" not in config.read_text()

    def test_callbacks_of_ones_own_stay(self) -> None:
        own = {"SignInCallbackUrls": "https://portal.example.com/"}
        assert wanted_callbacks(Deployed(parameters=own, outputs=OUTPUTS)) == f"https://portal.example.com/,{CONSOLE}"

    def test_a_samconfig_without_a_stack_is_told(self, config: Path) -> None:
        config.write_text("version = 0.1\n")
        said: list[str] = []
        assert deploy(config, run=lambda _: 0, describe=FakeCloud(config).describe, say=said.append) == 2
        assert "names no stack: add stack_name" in said[0]

    def test_who_is_not_signed_in_is_told_before_anything_is_asked(
        self, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """So is a profile that there is not; credentials of the environment will do."""
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            monkeypatch.setenv(name, str(tmp_path / "none"))
        assert "sign in first" in credentials_problem(config)
        config.write_text(CONFIG)
        assert "profile (prod) could not be found" in credentials_problem(config)
        config.unlink()
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
        assert credentials_problem(config) == ""

    def test_a_stack_is_read_as_cloudformation_describes_it(self) -> None:
        stack = {
            "Parameters": [{"ParameterKey": "A", "ParameterValue": "b"}, {"ParameterKey": "Hidden"}],
            "Outputs": [{"OutputKey": "Out", "OutputValue": "b"}],
        }
        assert described(stack) == Deployed(parameters={"A": "b", "Hidden": ""}, outputs={"Out": "b"})
        assert described({}) == Deployed(parameters={}, outputs={})


class TestSamConfig:
    def test_the_example_is_one(self, tmp_path: Path) -> None:
        """Its parameters are ones of the template, with values that the template accepts."""
        example = ROOT / "samconfig.example.toml"
        assert read_target(example).stack_name == "grantwire"
        given = tomllib.loads(example.read_text())["default"]["deploy"]["parameters"]["parameter_overrides"]
        parameters = Template.read().section("Parameters")
        for name, value in CfnParameterOverridesType().convert(tuple(given), None, None).items():
            assert re.fullmatch(parameters[name]["AllowedPattern"], value), name  # type: ignore[index]

    @pytest.mark.parametrize("written", ['P=\\"old\\"', "P=old", '"P=old"'])
    def test_a_value_is_replaced_as_it_is_written(self, written: str, tmp_path: Path) -> None:
        file = tmp_path / "samconfig.toml"
        file.write_text(written)
        assert replace_value(file, "P", "old", "new")
        assert file.read_text() == written.replace("old", "new")
        assert not replace_value(file, "P", "old", "new")

    def test_no_toml(self, tmp_path: Path) -> None:
        with pytest.raises(SamConfigError, match="cannot be read"):
            read_target(tmp_path / "samconfig.toml")


def test_the_first_event_is_one_that_can_be_used() -> None:
    """The command of the output, read as a shell reads it: two calls make two events."""
    template = Template.read()
    command = shlex.split(str(template.resolve(template.section("Outputs", "FirstEvent")["Value"])))
    assert command[:4] == ["aws", "events", "put-events", "--entries"]
    (entry,) = json.loads(command[4])
    assert (entry["EventBusName"], entry["Source"]) == ("default", "apono")
    envelope = {
        "detail-type": entry["DetailType"],
        "time": "2026-11-18T13:06:40Z",
        "detail": json.loads(entry["Detail"]),
    }
    first, second = (parse({**envelope, "id": one}) for one in ("1", "2"))
    assert first is not None
    assert second is not None
    assert first.id != second.id
    assert first.trigger == "RequestCreated"


NAMES = {"WebhooksTable": "w", "DeliveriesTable": "d", "SecretsKey": "k-1", "UserPool": "eu-west-1_p"}


class TestRestore:
    def test_what_outlives_a_stack_can_be_taken_in(self) -> None:
        """An import takes resources with a deletion policy, and with nothing that refers to what is not there."""
        template = import_template(Template.read(), NAMES)
        assert template["Resources"].keys() == NAMES.keys()
        assert all(one["DeletionPolicy"] == "Retain" for one in template["Resources"].values())
        text = json.dumps(template)
        assert {"AWS::Partition", "AWS::AccountId"} >= set(re.findall(r"\$\{([\w:]+)\}", text))
        assert not any("Condition" in one for one in template["Resources"].values())
        assert '"Ref"' not in text

    def test_each_is_named_by_what_aws_knows_it_by(self) -> None:
        named = {
            one["LogicalResourceId"]: one["ResourceIdentifier"] for one in resources_to_import(Template.read(), NAMES)
        }
        assert named == {
            "WebhooksTable": {"TableName": "w"},
            "DeliveriesTable": {"TableName": "d"},
            "SecretsKey": {"KeyId": "k-1"},
            "UserPool": {"UserPoolId": "eu-west-1_p"},
        }

    def test_everything_that_is_kept_has_an_identifier(self) -> None:
        every = dict.fromkeys(kept(Template.read()), "x")
        assert {one["LogicalResourceId"] for one in resources_to_import(Template.read(), every)} == every.keys()

    def test_the_command(self, tmp_path: Path) -> None:
        assert main([*(f"{key}={value}" for key, value in NAMES.items()), "--into", str(tmp_path)]) == 0
        assert {file.name for file in tmp_path.iterdir()} == {"template.json", "resources.json"}

    def test_a_key_of_ones_own_is_not_taken_in(self, tmp_path: Path) -> None:
        """It stays where it is; the deployment is told of it by the parameter."""
        tables = ["WebhooksTable=w", "DeliveriesTable=d"]
        assert main([*tables, "SecretsKeyArn=arn:aws:kms:eu-west-1:123456789012:key/k-1", "--into", str(tmp_path)]) == 0
        template = json.loads((tmp_path / "template.json").read_text(encoding="utf-8"))
        assert template["Resources"].keys() == {"WebhooksTable", "DeliveriesTable"}

    @pytest.mark.parametrize(
        "names", [["WebhooksTable=w"], ["WebhooksTable=w", "DeliveriesTable=d"], ["Nothing=x"], ["WebhooksTable"]]
    )
    def test_a_name_that_is_missing_or_foreign(self, names: list[str], tmp_path: Path) -> None:
        with pytest.raises(SystemExit) as ended:
            main([*names, "--into", str(tmp_path)])
        assert ended.value.code == 2


def test_next_steps_need_no_region(tmp_path: Path) -> None:
    target = Target(stack_name="access", region=None, profile=None)
    assert "None" not in next_steps(Deployed(parameters={}, outputs=OUTPUTS), target)
    assert LOCAL_NAMES["AWS::StackName"] == "local"
