"""Puts the local stack together and takes it apart again. One to a process: the functions keep what they once made."""

import contextlib
import errno
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Final

from local import ROOT
from local.api import Answered, Api
from local.asynchronous import Handled
from local.environment import functions_environment, local_environment, set_environment, write_trust_file
from local.errors import PortTakenError
from local.event_source import BatchHandled
from local.functions import LocalFunction, load_handler
from local.http_server import LoopbackServer
from local.schedule import Ran
from local.template import Template
from local.terminal import Terminal
from local.torq import Received, Torq
from local.webhook_files import WebhookFile, load_webhooks

if TYPE_CHECKING:
    from local.aws import Clients

# Where each function's code is; functions/Makefile says the same to `sam build`.
DISPATCH: Final = "DispatchFunction"
FOLDERS: Final[Mapping[str, str]] = {
    "ConsoleFunction": "console",
    DISPATCH: "dispatch",
    "RedeliverFunction": "redeliver",
    "SweepFunction": "sweep",
    "TestWebhookFunction": "test_webhook",
    "WebhooksFunction": "webhooks",
}
WEBHOOKS_TABLE, DELIVERIES_TABLE, SECRETS_KEY = "WebhooksTable", "DeliveriesTable", "SecretsKey"
DEAD_LETTERS: Final = "DispatchDeadLetters"

Happening = Received | Handled | BatchHandled | Ran | Answered


@dataclass(frozen=True, kw_only=True)
class Aws:
    """The local AWS, and the template that knows the names of the resources in it."""

    endpoint: str
    clients: "Clients"
    template: Template


@dataclass(frozen=True, kw_only=True)
class Stack:
    """The local stack, running.

    bus       the EventBridge bus on which dispatch's rule listens
    webhooks  as stored, with the file each came from
    folder    the stack's files: functions.log and trust.pem
    """

    torq: Torq
    aws: Aws
    bus: str
    api_port: int
    webhooks: tuple[WebhookFile, ...]
    folder: Path


@contextmanager
def local_stack(
    *,
    webhooks: Path,
    folder: Path,
    port: int,
    terminal: Terminal,
    happenings: "SimpleQueue[Happening | None]",
    pace: float = 1.0,
) -> Iterator[Stack]:
    """The stack while entered. The API listens on `port` (0: a free one), the files are in `folder`/<port>.

    What happens in it is put into `happenings`: what Torq received, the events and wake-ups that were handled, what ran
    by schedule, the API's answers. A schedule's time goes by `pace` times faster than in AWS.
    Raises WebhookFilesError or PortTakenError before anything is started.
    """
    with ExitStack() as parts:
        torq = parts.enter_context(Torq(on_received=happenings.put))
        placeholders = {"LOCAL_TORQ": torq.url, "LOCAL_TORQ_BUSY": torq.busy_url, "LOCAL_TORQ_TOKEN": torq.token}
        files = load_webhooks(webhooks, placeholders=placeholders, now=time.time())
        api = Api(on_answered=happenings.put)
        server = _bound(api, port)
        parts.callback(server.server_close)
        own_folder = folder / str(server.port)
        _send_output_to(own_folder / "functions.log", parts)
        with terminal.step("AWS (DynamoDB, SQS, EventBridge, KMS) by moto"):
            aws = _start_aws(parts)
        with terminal.step(f"The functions {', '.join(FOLDERS.values())}"):
            trust_file = write_trust_file(own_folder / "trust.pem", torq.ca_file)
            functions = _load_functions(aws.template, trust_file, parts)
        with terminal.step(f"The webhooks in {webhooks}: {', '.join(file.webhook.name for file in files)}"):
            stored = tuple(_stored(file, aws) for file in files)
        api.route_to(functions.values())
        parts.enter_context(server)
        _start_callers(functions.values(), aws, happenings.put, pace, parts)
        (rule,) = functions[DISPATCH].template.rules
        yield Stack(torq=torq, aws=aws, bus=rule.bus, api_port=server.port, webhooks=stored, folder=own_folder)


def _bound(api: Api, port: int) -> LoopbackServer:
    try:
        return LoopbackServer(api, port=port)
    except OSError as error:
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            raise PortTakenError(
                f"127.0.0.1:{port} cannot be used: {error.strerror}. Choose another port, or 0 for any that is free: "
                "make run PORT=0"
            ) from error
        raise


def _send_output_to(path: Path, parts: ExitStack) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    log = parts.enter_context(path.open("w", encoding="utf-8", buffering=1))
    parts.enter_context(contextlib.redirect_stdout(log))


def _start_aws(parts: ExitStack) -> Aws:
    from local.aws import AwsServer, Clients, create_resources  # takes about a second: not before something was said

    server = parts.enter_context(AwsServer())
    parts.enter_context(set_environment(local_environment(os.environ, endpoint=server.endpoint)))
    clients = parts.enter_context(Clients())
    return Aws(endpoint=server.endpoint, clients=clients, template=create_resources(Template.read(), clients))


def _load_functions(template: Template, trust_file: Path, parts: ExitStack) -> dict[str, LocalFunction]:
    known = {logical_id: template.function(logical_id) for logical_id in FOLDERS}
    variables = functions_environment(known.values(), trust_file=trust_file)
    parts.enter_context(set_environment({**os.environ, **variables}))
    return {
        logical_id: LocalFunction(function, load_handler(ROOT / "functions" / FOLDERS[logical_id] / "app.py"))
        for logical_id, function in known.items()
    }


def _stored(file: WebhookFile, aws: Aws) -> WebhookFile:
    from grantwire.saving import save
    from grantwire.stores.secrets import KmsSecrets
    from grantwire.stores.webhooks import WebhookStore

    names = aws.template.names
    webhooks = WebhookStore(client=aws.clients.dynamodb, table_name=names[WEBHOOKS_TABLE])
    secrets = KmsSecrets(client=lambda: aws.clients.kms, key_id=names[SECRETS_KEY])
    return replace(file, webhook=save(file.webhook, webhooks=webhooks, secrets=secrets))


def _start_callers(
    functions: Iterable[LocalFunction], aws: Aws, tell: Callable[[Happening], None], pace: float, parts: ExitStack
) -> None:
    from local.callers import Callers

    callers = Callers(clients=aws.clients, stopping=threading.Event(), tell=tell, pace=pace)
    for function in functions:
        for worker in callers.of(function):
            parts.enter_context(worker)
    parts.callback(callers.stopping.set)  # all of them at once, before the first one is waited for
