"""The words of the domain as frozen values. Times are epoch seconds (UTC), durations milliseconds unless named so."""

from collections.abc import Mapping
from enum import StrEnum
from typing import ClassVar, Final

from grantwire.frozen import frozen

TRIGGERS: Final = (
    "RequestCreated",
    "RequestApproved",
    "RequestExpired",
    "RequestFailed",
    "RequestGranted",
    "RequestRejected",
)
MASK: Final = "••••"

Json = None | bool | int | float | str | list[object] | dict[str, object]


@frozen
class RequestEvent:
    """One access-request event.

    id       `evt_…`, made from what identifies the event, so that a producer's retry is the same event
    trigger  one of TRIGGERS, whichever spelling came
    time     when it happened
    payload  the `detail` as it came: what templates and filters see
    """

    id: str
    trigger: str
    time: float
    payload: Mapping[str, object]


class State(StrEnum):
    """Where a delivery stands. `waiting`: its last attempt failed in a way that may pass, or it has had none yet."""

    DELIVERING = "delivering"
    WAITING = "waiting"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@frozen
class Delivery:
    """One event to one webhook, as its row says.

    webhook_id, sort_key  the row's key: the sort key is made of the event's time and id
    attempts              how many were begun since the delivery was made or last replayed
    due_at                when waiting: the moment of the next attempt; None when nobody but AWS's own retry wakes it
    lease_until           when delivering: the moment from which its sender is taken for dead
    sweep_at              the moment from which the sweep looks after it; None when it is not in the sweep's index
    parked_for            when waiting for a receiver that is down: see `identifiers.receiver_id`; no due_at then
    parked_at             since when it has been waiting for that one
    number                when waiting for its turn: drawn of its webhook's pace, see `pacing`
    """

    webhook_id: str
    sort_key: str
    trigger: str
    state: State
    attempts: int
    due_at: float | None = None
    lease_until: float | None = None
    sweep_at: float | None = None
    parked_for: str | None = None
    parked_at: float | None = None
    number: float | None = None

    @property
    def event_id(self) -> str:
        """The event's id, the last part of the sort key."""
        return self.sort_key.rpartition("#")[2]


@frozen(kw_only=False)
class PlainSecret:
    """A secret as the user typed it. Lives in memory only; neither `repr()` nor `str()` shows it."""

    value: str

    def __repr__(self) -> str:
        return f"PlainSecret({MASK})"

    __str__ = __repr__


@frozen(kw_only=False)
class SealedSecret:
    """A secret encrypted by KMS for one webhook, base64: the only form that is stored."""

    ciphertext: str


@frozen(kw_only=False)
class MaskedSecret:
    """The mask in place of a secret: in an update, the one that is stored already. See `saving.keep_secrets`."""


Secret = PlainSecret | SealedSecret | MaskedSecret


@frozen
class Header:
    """One row of a webhook's headers. The value is a template; a secret one is wrapped."""

    name: str
    value: str | Secret


@frozen
class Bearer:
    """`Authorization: Bearer …` with the token that is the secret."""

    kind: ClassVar[str] = "bearer"
    hidden_field: ClassVar[str] = "token"
    secret: Secret


@frozen
class Basic:
    """`Authorization: Basic …` (RFC 7617); the password is the secret."""

    kind: ClassVar[str] = "basic"
    hidden_field: ClassVar[str] = "password"
    username: str
    secret: Secret


@frozen
class ApiKey:
    """A header of any name whose whole value is the secret."""

    kind: ClassVar[str] = "api_key"
    hidden_field: ClassVar[str] = "value"
    header: str
    secret: Secret


@frozen
class ClientCredentials:
    """`Authorization: Bearer …` with a token that a token endpoint gives for the client's secret (RFC 6749, 4.4).

    scope, audience  left out of the request when empty
    secret_in_body   whether id and secret go into the request's body instead of its `Authorization`
    """

    kind: ClassVar[str] = "oauth2_client_credentials"
    hidden_field: ClassVar[str] = "client_secret"
    token_url: str
    client_id: str
    secret: Secret
    scope: str = ""
    audience: str = ""
    secret_in_body: bool = False


Authentication = Bearer | Basic | ApiKey | ClientCredentials


@frozen
class Signing:
    """Standard Webhooks, see `signing`.

    secret           None: one is to be made when the webhook is saved
    previous_secret  signs too, until `previous_until`
    """

    secret: Secret | None
    previous_secret: Secret | None = None
    previous_until: float = 0.0


@frozen
class Filter:
    """`values` are alternatives; see `filters` for fields and operators."""

    field: str
    operator: str
    values: tuple[str, ...]


@frozen
class ResponseValidator:
    """Passes when any node at `json_path` equals any of `expected_values` (their JSON spelling without quotes)."""

    json_path: str
    expected_values: tuple[str, ...]


@frozen
class Webhook:
    """Where to send what, and when. See docs/webhooks.md for the rule of each field.

    `version` counts saves from 1; a draft that was never saved has 0. `deliveries_per_second`: None for no limit.
    """

    id: str
    name: str
    active: bool
    method: str
    url: str
    body_template: str
    headers: tuple[Header, ...]
    authentication: Authentication | None = None
    signing: Signing | None = None
    triggers: tuple[str, ...]
    filters: tuple[Filter, ...]
    timeout_seconds: float
    response_validators: tuple[ResponseValidator, ...]
    max_attempts: int
    deliveries_per_second: float | None = None
    version: int
    created_at: float
    updated_at: float


@frozen
class HttpRequest:
    """What goes over the wire. Holds secrets in the clear, so it has no repr and is never logged or stored as it is."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    __repr__ = object.__repr__


@frozen
class HttpResponse:
    """What came back. `body` is decompressed and at most 64 KB; `truncated` when there was more.

    May echo what was sent, or hold an access token, and so has no repr.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    truncated: bool

    __repr__ = object.__repr__


class FailureKind(StrEnum):
    """Why no whole answer came. The first three are final; the others may pass. The first four: nothing was sent."""

    ADDRESS_NOT_ALLOWED = "address_not_allowed"
    URL_UNUSABLE = "url_unusable"
    TEMPLATE = "template"
    AUTHENTICATION = "authentication"
    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    TIMEOUT = "timeout"
    CONNECTION_LOST = "connection_lost"
    PROTOCOL = "protocol"


@frozen(kw_only=False)
class Failure:
    """Why no whole answer came: a kind for machines, a sentence for people (no secrets in it)."""

    kind: FailureKind
    sentence: str


@frozen
class Timings:
    """Milliseconds of each phase; a phase that did not take place (a kept connection has no dns) is None."""

    dns: float | None = None
    connect: float | None = None
    tls: float | None = None
    first_byte: float | None = None
    total: float = 0.0


@frozen
class Exchange:
    """One request and what became of it: a whole `response`, or the `failure` that stood in its way, never both."""

    response: HttpResponse | None
    failure: Failure | None
    timings: Timings
    remote_address: str | None


@frozen
class DeadLetter:
    """One message of the dead-letter queue: its receipt, and the event in it; no event when none can be read."""

    receipt: str
    event: object | None
