"""The environment in which the functions run here: theirs, and nothing that could lead to a real AWS account."""

import os
import ssl
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from local.template import LOCAL_NAMES, Function

# Each function has its own in AWS; here they share a process and its logger.
_SERVICE_NAME = "POWERTOOLS_SERVICE_NAME"


def local_environment(outer: Mapping[str, str], *, endpoint: str) -> dict[str, str]:
    """`outer` without anything of AWS's and without proxies, so that boto3 finds `endpoint` and no credentials."""
    kept = {
        name: value
        for name, value in outer.items()
        if not name.startswith(("AWS_", "BOTO_", "POWERTOOLS_")) and not name.lower().endswith("_proxy")
    }
    return {
        **kept,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": LOCAL_NAMES["AWS::Region"],
        "AWS_DEFAULT_REGION": LOCAL_NAMES["AWS::Region"],
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def functions_environment(functions: Iterable[Function], *, trust_file: Path) -> dict[str, str]:
    """The variables of all functions in one. Raises ValueError when two of them need one variable with two values.

    PERMIT_LOOPBACK and SSL_CERT_FILE let them reach the local Torq; template.yaml sets neither.
    """
    merged: dict[str, str] = {}
    for function in functions:
        for name, value in function.environment.items():
            if name != _SERVICE_NAME and merged.setdefault(name, value) != value:
                raise ValueError(f"{name} is {merged[name]!r} for one function and {value!r} for {function.logical_id}")
    return {**merged, _SERVICE_NAME: "local", "PERMIT_LOOPBACK": "true", "SSL_CERT_FILE": str(trust_file)}


def write_trust_file(path: Path, ca_file: Path) -> Path:
    """Writes to `path` what OpenSSL trusts by default, so that real hosts can be called too, and `ca_file`."""
    default = ssl.get_default_verify_paths().cafile
    trusted = Path(default).read_bytes() if default else b""
    path.write_bytes(trusted + b"\n" + ca_file.read_bytes())
    return path


@contextmanager
def set_environment(environment: Mapping[str, str]) -> Iterator[None]:
    """Makes `environment` the process's own while entered."""
    outer = dict(os.environ)
    _replace(environment)
    try:
        yield
    finally:
        _replace(outer)


def _replace(environment: Mapping[str, str]) -> None:
    for name in os.environ.keys() - environment.keys():
        del os.environ[name]
    os.environ.update(environment)
