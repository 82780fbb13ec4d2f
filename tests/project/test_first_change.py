"""The tutorial holds: what it says to change, changed in a copy, makes the tests it names pass, and not before."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.project.documents import ROOT

TUTORIAL = (ROOT / "docs" / "first-change.md").read_text(encoding="utf-8")
DIFFS = re.findall(r"^```diff\n(.*?)^```", TUTORIAL, re.MULTILINE | re.DOTALL)
COMMANDS = re.findall(r"^\.venv/bin/python (-m pytest .+)$", TUTORIAL, re.MULTILINE)
COPIED = ("layers", "functions", "tests", "cli", "local", "docs", "pyproject.toml", "template.yaml")


def ran(command: str, folder: Path) -> int:
    """The exit code of a command of the tutorial."""
    arguments = re.findall(r'"[^"]+"|\S+', command)
    done = subprocess.run(
        [sys.executable, *(one.strip('"') for one in arguments), "-p", "no:cacheprovider"],
        cwd=folder,
        capture_output=True,
        check=False,
    )
    return done.returncode


def apply(diff: str, folder: Path) -> None:
    """As `git apply` does. Raises CalledProcessError when a line of it is not there any more."""
    subprocess.run(["git", "apply", "--whitespace=nowarn", "-"], input=diff.encode(), cwd=folder, check=True)


def test_the_first_change_can_be_made_as_it_is_written(tmp_path: Path) -> None:
    """Its test fails before the code is there, and everything it names passes after it."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "images"))
        else:
            shutil.copy(source, tmp_path / name)
    says_what, makes_it_so, says_so = DIFFS
    before, after = COMMANDS
    apply(says_what, tmp_path)
    assert ran(before, tmp_path) == 1
    apply(makes_it_so, tmp_path)
    apply(says_so, tmp_path)
    assert ran(after, tmp_path) == 0
