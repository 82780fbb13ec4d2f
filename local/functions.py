"""Loads a function's real handler and calls it as Lambda would: JSON in, JSON out, a context, one call at a time."""

import importlib.util
import json
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from local.template import LOCAL_NAMES, Function

Handler = Callable[[Any, Any], object]

# An environment of Lambda has one invocation at a time. Here the functions share a process, and so the package's one
# logger and metrics: one invocation at a time for all of them.
_ONE_AT_A_TIME: Final = threading.Lock()


@dataclass(frozen=True, kw_only=True)
class Context:
    """What Lambda hands to a handler beside the event.

    https://docs.aws.amazon.com/lambda/latest/dg/python-context.html
    """

    aws_request_id: str
    function_name: str
    invoked_function_arn: str
    memory_limit_in_mb: str
    log_group_name: str
    deadline: float
    function_version: str = "$LATEST"
    log_stream_name: str = "local"
    identity: None = None
    client_context: None = None

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda would end the invocation; nothing ends it here."""
        return max(0, int((self.deadline - time.monotonic()) * 1000))


class LocalFunction:
    """A function of template.yaml whose handler runs in this process."""

    def __init__(self, template: Function, handler: Handler) -> None:
        self.template = template
        self.arn = ":".join(
            (
                "arn:aws:lambda",
                LOCAL_NAMES["AWS::Region"],
                LOCAL_NAMES["AWS::AccountId"],
                "function",
                template.logical_id,
            )
        )
        self._handler = handler

    def invoke(self, event: object, *, request_id: str) -> object:
        """The handler's answer. What it raises goes to its log, as Lambda writes it there, and on to the caller."""
        with _ONE_AT_A_TIME:
            try:
                return json.loads(json.dumps(self._handler(json.loads(json.dumps(event)), self._context(request_id))))
            except Exception:
                traceback.print_exc(file=sys.stdout)
                raise

    def _context(self, request_id: str) -> Context:
        name = self.template.logical_id
        return Context(
            aws_request_id=request_id,
            function_name=name,
            invoked_function_arn=self.arn,
            memory_limit_in_mb=str(self.template.memory_mb),
            log_group_name=f"/aws/lambda/{name}",
            deadline=time.monotonic() + self.template.timeout_seconds,
        )


def load_handler(path: Path) -> Handler:
    """`handler` of a function's file, loaded under the name of its folder: the file of every function is app.py.

    What stands beside it is imported by its own name, as in Lambda, where the folder is on the path.
    """
    name = f"functions_{path.parent.name}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    spec.loader.exec_module(module)
    handler: Handler = module.handler
    return handler
