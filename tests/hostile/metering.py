"""Measures how long something took, by clock and by processor, and by how much memory grew at most meanwhile."""

import gc
import re
import resource
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

_STATUS: Final = Path("/proc/self/status")
_CLEAR: Final = Path("/proc/self/clear_refs")


class Meter:
    """Started before a case, and again by a case that has something to set up first; stopped by the first who does."""

    def __init__(self, *, of_memory: bool = True) -> None:
        self.of_memory = of_memory
        self.seconds = self.cpu_seconds = self.megabytes = 0.0
        self.start()

    def start(self) -> None:
        """From now on. The peak of memory is counted anew where the system can do that (Linux)."""
        if self.of_memory:
            gc.collect()
            with suppress(OSError):
                _CLEAR.write_text("5")  # proc(5): resets the peak
        self._memory, self._running = self._peak_megabytes(), True
        self._began, self._cpu_began = time.monotonic(), time.process_time()

    def stop(self) -> None:
        """Until now, unless it was stopped before."""
        if self._running:
            self.seconds, self.cpu_seconds = time.monotonic() - self._began, time.process_time() - self._cpu_began
            self.megabytes = max(0.0, self._peak_megabytes() - self._memory)
            self._running = False

    def _peak_megabytes(self) -> float:
        """The most that was in use since the last reset, or ever."""
        if not self.of_memory:
            return 0.0
        try:
            found = re.search(r"VmHWM:\s*(\d+) kB", _STATUS.read_text())
        except OSError:
            found = None
        return int(found[1]) / 1024 if found else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
