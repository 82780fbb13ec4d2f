"""How other programs find the stack that is running: a file it leaves in its folder while it does."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Self

from local.errors import NotRunningError

_FILE: Final = "stack.json"


@dataclass(frozen=True, kw_only=True)
class RunningStack:
    """What a stack says of itself.

    environments  the variables that template.yaml gives each function, by its logical id, with this stack's names
    """

    aws_endpoint: str
    bus: str
    tables: tuple[str, ...]
    environments: Mapping[str, Mapping[str, str]]

    @classmethod
    def read(cls, folder: Path, port: int) -> Self:
        """The stack whose API has this port. Raises NotRunningError."""
        try:
            return cls(**json.loads((folder / str(port) / _FILE).read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise NotRunningError(
                f"no local stack runs on port {port}; start one with `make run`, or name its port: PORT=…"
            ) from None

    @contextmanager
    def announced(self, own_folder: Path) -> Iterator[None]:
        """Leaves the file while entered."""
        path = own_folder / _FILE
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
