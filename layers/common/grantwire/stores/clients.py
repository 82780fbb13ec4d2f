"""AWS clients, made once, and AWS's errors in our words.

botocore's session makes the same clients as boto3's, without importing S3's transfer manager: a third of a cold start.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.httpsession import create_urllib3_context, get_cert_path
from botocore.loaders import Loader
from botocore.session import Session

from grantwire import __version__
from grantwire.errors import StoreError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sqs import SQSClient

# Short waits, few retries: when a table does not answer within seconds, AWS's own retry of the event is the better net.
# mypy has looked at the parameters, and AWS does; botocore's own look takes a tenth of a call's CPU. It also puts the
# User-Agent together anew, twice for each call, which takes a fifth, unless it is told what to say.
_CONFIG = Config(
    user_agent=f"Grantwire/{__version__}",
    connect_timeout=2,
    read_timeout=5,
    max_pool_connections=64,
    parameter_validation=False,
    retries={"mode": "standard", "total_max_attempts": 4},
)
_SERVICES: Final = ("dynamodb", "kms", "sqs", "events", "lambda")
_LOCK = Lock()


def dynamodb() -> "DynamoDBClient":
    """The DynamoDB client of this process."""
    client: DynamoDBClient = _client("dynamodb")
    return client


def kms() -> "KMSClient":
    """The KMS client of this process."""
    client: KMSClient = _client("kms")
    return client


def sqs() -> "SQSClient":
    """The SQS client of this process."""
    client: SQSClient = _client("sqs")
    return client


def events() -> "EventBridgeClient":
    """The EventBridge client of this process."""
    client: EventBridgeClient = _client("events")
    return client


def functions() -> "LambdaClient":
    """The Lambda client of this process."""
    client: LambdaClient = _client("lambda")
    return client


def _client(service: str) -> Any:
    """Made under a lock: boto3's session is not safe to share while it makes a client."""
    with _LOCK:
        return _made(service)


def read_authorities() -> None:
    """Read whom to trust, which the first connection would do otherwise."""
    bundle = _session().get_config_variable("ca_bundle")
    _tls().load_verify_locations(get_cert_path(bundle or True), None, None)


@cache
def _made(service: str) -> Any:
    return create(_session(), service)


def create(session: Session, service: str, **where: Any) -> Any:
    """A client of a session; all share what they trust."""
    client: Any = session.create_client(service, config=_CONFIG, **where)
    with suppress(AttributeError):  # botocore's insides: where they have changed, it goes on by itself, more slowly
        client._endpoint.http_session._manager.connection_pool_kw["ssl_context"] = _tls()
    return client


@cache
def _tls() -> Any:
    """Reads a file of certificate authorities once. botocore has it read for each connection, into the same context:
    16 ms of CPU, a hundred where a function has a seventh of a core (https://github.com/urllib3/urllib3/issues/3623).
    """
    context: Any = create_urllib3_context()
    context.load_verify_locations = cache(context.load_verify_locations)
    return context


@cache
def _session() -> Session:
    session = Session()
    session.register_component("data_loader", _Loader())
    return session


class _Loader(Loader):
    """Knows of our services only: botocore would look through the folders and read the endpoints of all four hundred.

    Where one of ours is in a region, and how it is signed for, its own rules say, which botocore reads beside these.
    """

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002 - botocore's own signature
        """As botocore asks, to see whether there is such a service."""
        return [*_SERVICES]

    def load_data_with_path(self, name: str) -> tuple[Any, str]:
        """As botocore asks for what stands in one of its files."""
        if name == "endpoints":
            return {"version": 3, "partitions": []}, self.BUILTIN_DATA_PATH
        found: tuple[Any, str] = super().load_data_with_path(name)
        return found


@contextmanager
def translated(operation: str) -> Iterator[None]:
    """AWS's errors become StoreError with the operation and AWS's code; its message may quote data and stays out."""
    try:
        yield
    except ClientError as exc:
        raise StoreError(f"{operation}: {error_code(exc)}") from exc
    except BotoCoreError as exc:
        raise StoreError(f"{operation}: {type(exc).__name__}") from exc


def error_code(exc: ClientError) -> str:
    """AWS's name of the error, as in `ThrottlingException`."""
    return exc.response.get("Error", {}).get("Code", "unknown")
