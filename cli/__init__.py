"""The command line: webhooks in files, tests and deliveries in a terminal, all of it over the HTTP API."""

from typing import Any, Final

Document = dict[str, Any]
MASK: Final = "••••"  # stands for a secret that is stored
