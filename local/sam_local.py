"""`make sam-local`: what `sam local invoke` needs so that a function in its container works on the running local stack.

The SAM CLI hands a function only variables that its template declares, and template.yaml declares neither another AWS
nor loopback. So a copy of the built template declares them, and a file has every variable's value.
"""

import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from local import ROOT
from local.environment import local_environment
from local.errors import LocalError
from local.options import add_port, parser
from local.running import RunningStack
from local.template import Template

TEMPLATE_FILE: Final = "local.yaml"
VARIABLES_FILE: Final = "local-env.json"
_TRUST: Final = "trust.pem"
_IN_CONTAINER: Final = f"/var/task/{_TRUST}"
_EVENTS: Final = (
    ("DispatchFunction", "events/request_*.json"),
    ("TestWebhookFunction", "events/test_*.json"),
    ("SweepFunction", "events/internal/sweep.json"),
    ("RedeliverFunction", "events/internal/wakeup.json"),
)


def variables(stack: RunningStack) -> dict[str, dict[str, str]]:
    """The variables of each function, by its logical id: its own, and what leads to the local stack."""
    outer = local_environment({}, endpoint=stack.aws_endpoint)
    local = outer | {"AWS_SESSION_TOKEN": "local", "PERMIT_LOOPBACK": "true", "SSL_CERT_FILE": _IN_CONTAINER}
    return {name: {**own, **local} for name, own in stack.environments.items()}


def declaring(built: Mapping[str, Any], names: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """The built template with every variable declared in the function that is given it. JSON is YAML too."""
    resources = dict(built["Resources"])
    for name, given in names.items():
        properties = dict(resources[name]["Properties"])
        properties["Environment"] = {"Variables": dict.fromkeys(given, "")}
        resources[name] = {**resources[name], "Properties": properties}
    return {**built, "Resources": resources}


def write(build: Path, stack: RunningStack, trust_file: Path) -> None:
    """The two files beside the built template, and in each function's folder the certificates to trust."""
    given = variables(stack)
    template = declaring(Template.read(build / "template.yaml").content, given)
    (build / TEMPLATE_FILE).write_text(json.dumps(template, default=str), encoding="utf-8")
    (build / VARIABLES_FILE).write_text(json.dumps(given, indent=2), encoding="utf-8")
    for name in given:
        shutil.copy(trust_file, build / name / _TRUST)


def commands(build: Path) -> list[str]:
    """A command for each event of events/."""
    where = f"-t {build / TEMPLATE_FILE} --env-vars {build / VARIABLES_FILE} --docker-network host"
    return [
        f".venv/bin/sam local invoke {name} -e {file.relative_to(ROOT)} {where}"
        for name, pattern in _EVENTS
        for file in sorted(ROOT.glob(pattern))
    ]


def main(arguments: list[str]) -> int:
    """Exit status: 0, or 2 when no local stack runs."""
    made = parser("local.sam_local", __doc__)
    add_port(made)
    made.add_argument("--build", type=Path, default=Path(".aws-sam/local"), help="what was built for this machine")
    options = made.parse_args(arguments)
    try:
        stack = RunningStack.read(options.folder, options.port)
    except LocalError as error:
        print(error, file=sys.stderr)
        return 2
    write(options.build, stack, options.folder / str(options.port) / _TRUST)
    print("\n".join(commands(options.build)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
