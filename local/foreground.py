"""Keeps Ctrl-C from make: make would report it as an error of the target, however well the stack stopped."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def own_foreground() -> Iterator[None]:
    """Has the terminal to itself while entered, as a shell's foreground job has; Ctrl-Z then does nothing.

    Without a terminal, or when it belongs to others or to this process already, everything stays as it is.
    """
    try:
        terminal = os.open("/dev/tty", os.O_RDWR)
    except OSError:
        yield
        return
    group = os.getpgrp()
    try:
        if group == os.getpid() or os.tcgetpgrp(terminal) != group:
            yield
            return
        for number in (
            signal.SIGTTOU,
            signal.SIGTSTP,
        ):  # the first one stops who hands over a terminal it does not have
            signal.signal(number, signal.SIG_IGN)
        os.setpgid(0, 0)
        os.tcsetpgrp(terminal, os.getpgrp())
        try:
            yield
        finally:
            os.tcsetpgrp(terminal, group)
    finally:
        os.close(terminal)
