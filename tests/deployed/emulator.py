"""Runs what `make build` made as Lambda runs it: AWS's runtime interface emulator, the function, its layer, no more.

The functions see the standard library, their own folder, the layer, and the modules that Lambda's Python runtime brings
along. Anything else that is installed here stays out of sight, so that a library missing from the layer fails here and
not in the cloud.
"""

import http.client
import importlib.util
import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from local.template import Function
from tests.deployed.processes import end_of, free_port, listens, running, until

ROOT: Final = Path(__file__).resolve().parents[2]
ARCHITECTURE: Final = "arm64" if platform.machine() in {"aarch64", "arm64"} else "x86_64"

# Lambda's Python runtime: its client, boto3, and what those need.
RUNTIME_MODULES: Final = (
    "awslambdaric",
    "runtime_client",
    "simplejson",
    "snapshot_restore_py",
    "boto3",
    "botocore",
    "s3transfer",
    "jmespath",
    "dateutil",
    "six",
    "urllib3",
)

# Nothing of this machine's AWS set-up is seen; the only AWS is the one that AWS_ENDPOINT_URL names.
FAKE_AWS: Final[Mapping[str, str]] = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
}

# Python's warnings and tracebacks, lines of Powertools above INFO, and what the emulator finds wrong.
COMPLAINT: Final = re.compile(r'Traceback|Warning:|Exception ignored|"level":"(WARNING|ERROR|CRITICAL)"|\[(WARN|ERROR)')


class FunctionError(AssertionError):
    """The function raised, or was ended; the message is what Lambda would say."""


def make_build(folder: Path) -> Path:
    """Build for this machine's processor into `folder`, in the environment that runs the tests. Returns `folder`.

    Compiled libraries are those for the Python that runs the tests; what is deployed has them for Lambda's.
    """
    _make("artefacts", f"BUILD_DIR={folder}", f"ARCHITECTURE={ARCHITECTURE}")
    return folder


def runtime_python() -> str:
    """The Python of Lambda's version that `make build` compiles with; empty when there is none on this machine."""
    return _make("--silent", "--eval", "found: ; @echo $(RUNTIME_PYTHON)", "found").strip()


def _make(*arguments: str) -> str:
    """What make prints, in the environment that runs the tests."""
    environment = {
        name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MFLAGS", "MAKELEVEL"}
    } | {"LIBRARIES_PYTHON": f"{sys.version_info.major}.{sys.version_info.minor}"}
    command = ["make", "--no-print-directory", "-C", str(ROOT), *arguments, f"VENV={sys.prefix}"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"make {arguments[0]} failed:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def collect_runtime(folder: Path) -> Path:
    """Fill `folder` with links to what Lambda's Python runtime brings along. Returns `folder`."""
    for name in RUNTIME_MODULES:
        spec = importlib.util.find_spec(name)
        assert spec is not None, f"{name} is not installed"
        assert spec.origin is not None, f"{name} has no file"
        file = Path(spec.origin)
        module = file.parent if file.name == "__init__.py" else file
        (folder / module.name).symlink_to(module)
    return folder


@dataclass(frozen=True, kw_only=True)
class Sandbox:
    """How a function of a build is started.

    command      Python that imports from PYTHONPATH and the standard library only, and writes no .pyc files
    folder       the function's own, as /var/task
    environment  what the process sees, all of it
    """

    command: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]

    @classmethod
    def of(cls, function: Function, *, build: Path, runtime: Path, local: Mapping[str, str]) -> "Sandbox":
        """The variables of template.yaml, those that Lambda sets, and `local`: what the tests have to add."""
        folder = build / function.logical_id
        path = [folder, build / "CommonLayer" / "python", runtime]
        return cls(
            command=(sys.executable, "-S", "-B", "-W", "default"),
            folder=folder,
            environment={
                **function.environment,
                **FAKE_AWS,
                **local,
                "AWS_LAMBDA_FUNCTION_NAME": function.logical_id,
                "AWS_LAMBDA_FUNCTION_TIMEOUT": str(function.timeout_seconds),
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
                "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
                "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
                "LANG": "en_US.UTF-8",
                "LAMBDA_TASK_ROOT": str(folder),
                "PATH": "/usr/bin:/bin",
                "PYTHONPATH": ":".join(map(str, path)),
                "TZ": ":UTC",
            },
        )

    def python(self, code: str) -> str:
        """What `code` prints when it runs in place of the handler."""
        command = [*self.command, "-c", code]
        done = subprocess.run(
            command, env=self.environment, cwd=self.folder, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout


@dataclass(kw_only=True)
class EmulatedFunction:
    """A function that waits for invocations. One at a time, please: the emulator ends itself at a second one."""

    port: int
    log: Path
    _lines_read: int = 0

    def invoke(self, event: object) -> Any:
        """What the handler returns. Raises FunctionError when it raises instead."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("POST", "/2015-03-31/functions/function/invocations", json.dumps(event))
            answer = json.loads(connection.getresponse().read() or b"null")
        finally:
            connection.close()
        if isinstance(answer, dict) and "errorType" in answer:
            raise FunctionError(f"{answer}\n{end_of(self.log)}")
        return answer

    def complaints(self) -> list[str]:
        """The log lines since the last call, the emulator's own among them, that tell of something wrong."""
        lines = self.log.read_text(encoding="utf-8").splitlines()[self._lines_read :]
        self._lines_read += len(lines)
        return [line for line in lines if COMPLAINT.search(line)]


@contextmanager
def emulating(sandbox: Sandbox, *, log: Path) -> Iterator[EmulatedFunction]:
    """The function under the emulator, ended afterwards."""
    port = free_port()
    addresses = {"runtime-interface-emulator": port, "runtime-api": free_port()}
    flags = [part for name, at in addresses.items() for part in (f"--{name}-address", f"127.0.0.1:{at}")]
    handler = [*sandbox.command, "-m", "awslambdaric", "app.handler"]
    command: list[str | Path] = [_emulator(), "--log-level", "warn", *flags, *handler]
    with running(command, environment=sandbox.environment, folder=sandbox.folder, log=log):
        until(lambda: listens(port), f"the start of {sandbox.folder.name}", log=log)
        yield EmulatedFunction(port=port, log=log)


def _emulator() -> Path:
    """AWS's emulator, which comes with the SAM CLI."""
    spec = importlib.util.find_spec("samcli")
    assert spec is not None, "aws-sam-cli is not installed"
    assert spec.submodule_search_locations is not None, "aws-sam-cli is no package"
    return Path(spec.submodule_search_locations[0]) / "local" / "rapid" / f"aws-lambda-rie-{ARCHITECTURE}"
