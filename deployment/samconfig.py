"""Reads and mends samconfig.toml, where the SAM CLI keeps how a stack is deployed."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class SamConfigError(Exception):
    """samconfig.toml does not say what is needed; the message says what."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where a stack is. `region` and `profile` None: those of the AWS CLI's own configuration."""

    stack_name: str
    region: str | None
    profile: str | None


def read_target(file: Path) -> Target:
    """The stack that `sam deploy` deploys to. Raises SamConfigError."""
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise SamConfigError(f"{file}: cannot be read: {exc}") from exc
    found: dict[str, Any] = {}
    for command in ("global", "deploy"):
        found |= content.get("default", {}).get(command, {}).get("parameters", {})
    if not found.get("stack_name"):
        raise SamConfigError(f"{file}: names no stack: add stack_name to [default.global.parameters]")
    return Target(stack_name=found["stack_name"], region=found.get("region"), profile=found.get("profile"))


def replace_value(file: Path, parameter: str, old: str, new: str) -> bool:
    """Writes a parameter's new value where the old one stands, so that the next deployment keeps it. False: nowhere."""
    text = file.read_text(encoding="utf-8")
    for quote in ('\\"', '"', ""):  # as `--guided` writes it, as the example has it, and bare
        before = f"{parameter}={quote}{old}{quote}"
        if before in text:
            file.write_text(text.replace(before, f"{parameter}={quote}{new}{quote}"), encoding="utf-8")
            return True
    return False
