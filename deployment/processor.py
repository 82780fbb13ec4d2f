"""Makes a build's template take the processor it was built for, and no other: compiled modules run on that one only."""

import argparse
import re
import sys
from pathlib import Path

_PARAMETER = re.compile(
    r"(^  Architecture:\n    Type: String\n    Default: )\w+(\n    AllowedValues:\n)(?:    - \w+\n)+", re.MULTILINE
)


def main(arguments: list[str]) -> int:
    """Change the template in this folder. Exit status: 0."""
    made = argparse.ArgumentParser(prog="deployment.processor", description=__doc__)
    made.add_argument("build", type=Path)
    made.add_argument("architecture", choices=["arm64", "x86_64"])
    given = made.parse_args(arguments)
    template = given.build / "template.yaml"
    template.write_text(bound(template.read_text(encoding="utf-8"), given.architecture), encoding="utf-8")
    return 0


def bound(template: str, architecture: str) -> str:
    """The template whose parameter Architecture has this one value. Raises ValueError when SAM writes it otherwise."""
    changed, found = _PARAMETER.subn(rf"\g<1>{architecture}\g<2>    - {architecture}\n", template)
    if found != 1:
        raise ValueError("the built template has no parameter Architecture as it is expected")
    return changed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
