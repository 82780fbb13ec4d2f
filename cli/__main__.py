"""The command line: `python -m cli list`. `cli/grantwire` runs it from anywhere."""

import os
import sys
import time

from cli.running import run
from cli.terminal import Terminal


def main() -> int:
    """The exit code of what the process was asked for."""
    terminal = Terminal(out=sys.stdout, err=sys.stderr)
    try:
        return run(sys.argv[1:], environment=os.environ, terminal=terminal, ask=_ask, wait=time.sleep)
    except BrokenPipeError:  # whoever read along, `head` for one, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _ask(question: str) -> str:
    """The question goes to stderr, so that stdout stays a result."""
    sys.stderr.write(question)
    sys.stderr.flush()
    answer = sys.stdin.readline()
    if not answer:
        raise EOFError
    return answer


if __name__ == "__main__":
    sys.exit(main())
