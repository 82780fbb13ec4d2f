"""What botocore is spared when it makes a client changes nothing about what the client sends, and whom it trusts."""

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.exceptions import EndpointVariantError, SSLError
from botocore.loaders import Loader
from botocore.session import Session

from grantwire.stores import clients
from tests.receivers import Authority, answer, answering, receiving

CALLS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "dynamodb": ("get_item", {"TableName": "Deliveries", "Key": {"pk": {"S": "1"}, "sk": {"S": "1"}}}),
    "kms": ("decrypt", {"CiphertextBlob": b"1"}),
    "sqs": ("send_message", {"QueueUrl": "https://sqs.example.com/1/wakeups", "MessageBody": "1"}),
    "events": ("put_events", {"Entries": [{"Source": "access", "DetailType": "RequestCreated", "Detail": "{}"}]}),
    "lambda": ("invoke", {"FunctionName": "dispatch"}),
}
PARTITIONS: Final = Loader().load_data("endpoints")["partitions"]
NOTHING: Final = answer("200 OK", b"{}")
NOT_KNOWN: Final = ("us-east-99", "moon-north-1")  # AWS may open the first tomorrow; the second follows no pattern
PLAIN: Final = [(region, False, False) for one in PARTITIONS for region in (*one["regions"], *NOT_KNOWN)]
VARIED: Final = [
    (region, fips, dual_stack)
    for one in PARTITIONS
    for region in (min(one["regions"]), max(one["regions"]))
    for fips, dual_stack in ((True, False), (False, True), (True, True))
]


def session_with(loader: Loader) -> Session:
    session = Session()
    session.set_credentials("testing", "testing")
    session.register_component("data_loader", loader)
    return session


@pytest.fixture(scope="module")
def sessions() -> tuple[Session, Session]:
    """As botocore makes it, and as ours is made."""
    return session_with(Loader()), session_with(clients._Loader())


def sent(session: Session, service: str, region: str, config: Config) -> list[str]:
    """Where a client's call goes, and which region and service it is signed for."""
    client: Any = session.create_client(service, region_name=region, config=config)
    requests: list[AWSPreparedRequest] = []

    def answer(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        requests.append(request)
        return AWSResponse(request.url, 200, HTTPHeaders(), Raw())

    client.meta.events.register("before-send", answer)
    method, parameters = CALLS[service]
    getattr(client, method)(**parameters)
    (request,) = requests
    scope = str(request.headers["Authorization"]).split("/")  # …Credential=<key>/<day>/<region>/<service>/aws4_request…
    return [str(request.url), *scope[2:4]]


class Raw:
    """The body of an answer in which nothing stands."""

    def stream(self) -> list[bytes]:
        return [b"{}"]


def test_every_service_is_looked_at() -> None:
    """What this file compares is what there is."""
    assert set(CALLS) == set(clients._SERVICES)


@pytest.mark.parametrize("service", CALLS)
def test_a_call_goes_where_botocore_would_send_it(sessions: tuple[Session, Session], service: str) -> None:
    """In every region of every partition, and where FIPS or IPv6 endpoints are asked for."""
    theirs, ours = sessions
    compared = 0
    for region, fips, dual_stack in sorted({*PLAIN, *VARIED}):
        config = Config(use_fips_endpoint=fips, use_dualstack_endpoint=dual_stack)
        try:
            expected = sent(theirs, service, region, config)
        except EndpointVariantError:  # it has not heard of IPv6 in some partitions
            assert dual_stack
            continue
        assert sent(ours, service, region, config) == expected, (region, fips, dual_stack)
        compared += 1
    assert compared > len({region for region, _, _ in PLAIN})


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch, authority: Authority) -> Iterator[list[str]]:
    """Whenever a file of certificate authorities is read, by a process that trusts the test's own; its name."""
    found: list[str] = []
    read = ssl.SSLContext.load_verify_locations

    def noted(context: ssl.SSLContext, cafile: Any = None, *others: Any) -> None:
        found.append(cafile)
        read(context, cafile, *others)

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", noted)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(authority.file))
    clients._tls.cache_clear()
    clients._session.cache_clear()
    yield found
    clients._tls.cache_clear()
    clients._session.cache_clear()


def client_of(service: str, port: int) -> Any:
    where = {"endpoint_url": f"https://localhost:{port}", "region_name": "eu-west-1"}
    return clients.create(session_with(clients._Loader()), service, **where)


def test_certificate_authorities_are_read_once(reads: list[str], authority: Authority) -> None:
    """For every connection of every client; and that may be before the first of them."""
    with receiving(answering(NOTHING), authority.server_context()) as receiver:
        clients.read_authorities()
        assert reads == [str(authority.file)]
        for service in ("dynamodb", "kms"):
            client = client_of(service, receiver.port)
            for _ in range(2):
                method, parameters = CALLS[service]
                getattr(client, method)(**parameters)
                client.close()
        assert receiver.connections == 4
    assert reads == [str(authority.file)]


def test_who_is_not_trusted_is_not_talked_to(reads: list[str], tmp_path: Path) -> None:
    """Another authority's server, or one with another name."""
    stranger = Authority(tmp_path)
    with receiving(answering(NOTHING), stranger.server_context()) as receiver, pytest.raises(SSLError):
        client_of("dynamodb", receiver.port).list_tables()
    assert reads
