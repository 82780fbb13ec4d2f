"""`make deploy`: what was built goes to AWS, and once more when the console's address is known only then.

The user pool's client has to name the address to which people come back after they have signed in. The address is the
API's, whose authorizer names the client: CloudFormation makes no such circle (docs/decisions.md).
"""

import argparse
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from deployment.samconfig import SamConfigError, Target, read_target, replace_value
from local import ROOT

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

CALLBACKS: Final = "SignInCallbackUrls"
DEFAULT_CALLBACKS: Final = "http://localhost:8765/"
STACK_NAME: Final = "grantwire"  # what is offered
NOT_SIGNED_IN: Final = (
    "AWS has no credentials here: sign in first, until `aws sts get-caller-identity` answers, or choose a profile, "
    "as in `AWS_PROFILE=prod make deploy`."
)
_SAM: Final = str(Path(sys.executable).parent / "sam")

Run = Callable[[Sequence[str]], int]


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """A deployed stack: its parameters and its outputs."""

    parameters: Mapping[str, str]
    outputs: Mapping[str, str]


Describe = Callable[[Target], Deployed]


def deploy(config: Path, *, run: Run, describe: Describe, say: Callable[[str], None]) -> int:
    """The exit code: that of the first `sam deploy` that fails, 2 when samconfig.toml or the stack cannot be read."""
    command = [_SAM, "deploy", "--no-fail-on-empty-changeset"]
    guided = [] if config.exists() else ["--guided", "--stack-name", STACK_NAME]
    if code := run([*command, *guided]):
        return code
    try:
        target = read_target(config)
        deployed = describe(target)
        if wanted := wanted_callbacks(deployed):
            say(f"\nOnce more, so that people can sign in to {deployed.outputs['ConsoleUrl']} ...")
            changed = ["--no-confirm-changeset", "--parameter-overrides", f"{CALLBACKS}={wanted}"]
            if code := run([*command, *changed]):
                return code
            replace_value(config, CALLBACKS, DEFAULT_CALLBACKS, wanted)
    except (SamConfigError, BotoCoreError, ClientError) as exc:
        say(f"{exc}")
        return 2
    say(next_steps(deployed, target))
    return 0


def wanted_callbacks(deployed: Deployed) -> str:
    """What SignInCallbackUrls has to become; empty when it names the console, or the stack has no user pool."""
    console = deployed.outputs.get("ConsoleUrl", "")
    callbacks = deployed.parameters.get(CALLBACKS, "")
    if "UserPoolId" not in deployed.outputs or console in callbacks.split(","):
        return ""
    return f"{callbacks},{console}"


def next_steps(deployed: Deployed, target: Target) -> str:
    """What a person does now, each with its command."""
    outputs = deployed.outputs
    options = "".join(
        f" --{name} {value}" for name, value in (("region", target.region), ("profile", target.profile)) if value
    )
    lines = ["", f"Deployed. The console: {outputs['ConsoleUrl']}"]
    if "UserPoolId" in outputs:
        pool = f"--user-pool-id {outputs['UserPoolId']} --username YOU@EXAMPLE.COM"
        lines += [
            "",
            "Add yourself; the password comes by mail:",
            f"  aws cognito-idp admin-create-user {pool}{options}",
        ]
    lines += [
        "",
        "Add a webhook in the console, then put a first event on the bus:",
        f"  {outputs['FirstEvent']}{options}",
    ]
    return "\n".join([*lines, "", "docs/deploy.md has the rest: updates, several stacks, deletion, restoring."])


def describe_stack(target: Target) -> Deployed:
    """The stack as CloudFormation has it. Raises ClientError when there is none."""
    session = boto3.Session(profile_name=target.profile, region_name=target.region)
    client: CloudFormationClient = session.client("cloudformation")
    (stack,) = client.describe_stacks(StackName=target.stack_name)["Stacks"]
    return described(stack)


def described(stack: Mapping[str, Any]) -> Deployed:
    """The parameters and outputs in one of the answers to DescribeStacks."""
    return Deployed(
        parameters={one["ParameterKey"]: one.get("ParameterValue", "") for one in stack.get("Parameters", [])},
        outputs={one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", [])},
    )


def main(arguments: list[str]) -> int:
    """The exit code of `make deploy`."""
    argparse.ArgumentParser(prog="make deploy", description=__doc__).parse_args(arguments)
    config = ROOT / "samconfig.toml"
    if problem := credentials_problem(config):
        print(problem, file=sys.stderr)
        return 2
    return deploy(config, run=_run, describe=describe_stack, say=print)


def credentials_problem(config: Path) -> str:
    """Why AWS cannot be asked; empty when it can. Before the questions of `--guided`, not after them."""
    try:
        profile = read_target(config).profile if config.exists() else None
        return "" if boto3.Session(profile_name=profile).get_credentials() else NOT_SIGNED_IN
    except (SamConfigError, BotoCoreError) as exc:
        return str(exc)


def _run(command: Sequence[str]) -> int:
    return subprocess.call(command, cwd=ROOT)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
