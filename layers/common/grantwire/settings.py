"""Reads the environment: the only place that does. Each function has its own frozen settings, read once."""

import os
from collections.abc import Mapping
from functools import cache

from grantwire.errors import SettingsError
from grantwire.frozen import frozen


@frozen
class EgressSettings:
    """ALLOWED_HOSTS: host patterns, none for any public host. PERMIT_LOOPBACK: tests and the local stack only."""

    allowed_hosts: tuple[str, ...]
    permit_loopback: bool


@frozen
class QueueSettings:
    """What a function that has deliveries woken needs; the names are the environment variables in lower case."""

    deliveries_table: str
    delivery_retention_days: int
    wakeups_url: str


@frozen
class DeliverySettings(QueueSettings):
    """What a function that sends deliveries needs: `redeliver` no more. `own_host` is the HTTP API's."""

    webhooks_table: str
    event_bus: str
    disable_after_days: int
    own_host: str
    egress: EgressSettings


@frozen
class SweepSettings(QueueSettings):
    """What `sweep` needs."""

    webhooks_table: str
    event_bus: str


@frozen
class OperateSettings(QueueSettings):
    """What `operate` needs."""

    dispatch_dead_letters_url: str
    dispatch_function: str


@frozen
class DispatchSettings:
    """What `dispatch` needs."""

    deliveries: DeliverySettings
    dispatch_dead_letters_url: str


@frozen
class WebhookTestSettings:
    """What `test_webhook` needs."""

    webhooks_table: str
    egress: EgressSettings


@frozen
class WebhooksSettings(QueueSettings):
    """What `webhooks` needs. `secrets_key` is the id of the key that seals; nothing is opened there."""

    webhooks_table: str
    secrets_key: str
    event_bus: str
    event_source: str


@frozen
class ConsoleSettings:
    """What `console` needs; none of it is set on the local stack, where nobody signs in.

    sign_in_issuer    the OpenID Connect issuer; empty: no sign-in
    sign_in_client_id the page's client there, which has no secret
    sign_in_audience  asked for in the authorization request, where the issuer wants that
    sign_in_origin    where its token endpoint is, when that is not on the issuer's own host
    """

    sign_in_issuer: str
    sign_in_client_id: str
    sign_in_audience: str
    sign_in_origin: str


@cache
def dispatch_settings() -> DispatchSettings:
    """Settings of the running `dispatch` function. Raises SettingsError naming the variable."""
    return read_dispatch_settings(os.environ)


@cache
def delivery_settings() -> DeliverySettings:
    """Settings of the running `redeliver` function. Raises SettingsError naming the variable."""
    return read_delivery_settings(os.environ)


@cache
def sweep_settings() -> SweepSettings:
    """Settings of the running `sweep` function. Raises SettingsError naming the variable."""
    return read_sweep_settings(os.environ)


@cache
def operate_settings() -> OperateSettings:
    """Settings of the running `operate` function. Raises SettingsError naming the variable."""
    return read_operate_settings(os.environ)


@cache
def webhook_test_settings() -> WebhookTestSettings:
    """Settings of the running `test_webhook` function. Raises SettingsError naming the variable."""
    return read_webhook_test_settings(os.environ)


@cache
def webhooks_settings() -> WebhooksSettings:
    """Settings of the running `webhooks` function. Raises SettingsError naming the variable."""
    return read_webhooks_settings(os.environ)


@cache
def console_settings() -> ConsoleSettings:
    """Settings of the running `console` function."""
    return read_console_settings(os.environ)


def read_dispatch_settings(environment: Mapping[str, str]) -> DispatchSettings:
    """The settings that `environment` holds. Raises SettingsError naming the variable."""
    return DispatchSettings(
        deliveries=read_delivery_settings(environment),
        dispatch_dead_letters_url=_required(environment, "DISPATCH_DEAD_LETTERS_URL"),
    )


def read_delivery_settings(environment: Mapping[str, str]) -> DeliverySettings:
    """The settings that `environment` holds. Raises SettingsError naming the variable."""
    return DeliverySettings(
        deliveries_table=_required(environment, "DELIVERIES_TABLE"),
        delivery_retention_days=_days(environment, "DELIVERY_RETENTION_DAYS"),
        wakeups_url=_required(environment, "WAKEUPS_URL"),
        webhooks_table=_required(environment, "WEBHOOKS_TABLE"),
        event_bus=_required(environment, "EVENT_BUS"),
        disable_after_days=_days(environment, "DISABLE_AFTER_DAYS"),
        own_host=_required(environment, "OWN_HOST"),
        egress=_egress(environment),
    )


def read_sweep_settings(environment: Mapping[str, str]) -> SweepSettings:
    """The settings that `environment` holds. Raises SettingsError naming the variable."""
    return SweepSettings(
        webhooks_table=_required(environment, "WEBHOOKS_TABLE"),
        deliveries_table=_required(environment, "DELIVERIES_TABLE"),
        delivery_retention_days=_days(environment, "DELIVERY_RETENTION_DAYS"),
        wakeups_url=_required(environment, "WAKEUPS_URL"),
        event_bus=_required(environment, "EVENT_BUS"),
    )


def read_operate_settings(environment: Mapping[str, str]) -> OperateSettings:
    """The settings that `environment` holds. Raises SettingsError naming the variable."""
    return OperateSettings(
        deliveries_table=_required(environment, "DELIVERIES_TABLE"),
        delivery_retention_days=_days(environment, "DELIVERY_RETENTION_DAYS"),
        wakeups_url=_required(environment, "WAKEUPS_URL"),
        dispatch_dead_letters_url=_required(environment, "DISPATCH_DEAD_LETTERS_URL"),
        dispatch_function=_required(environment, "DISPATCH_FUNCTION"),
    )


def read_webhook_test_settings(environment: Mapping[str, str]) -> WebhookTestSettings:
    """The settings that `environment` holds. Raises SettingsError naming the variable."""
    return WebhookTestSettings(webhooks_table=_required(environment, "WEBHOOKS_TABLE"), egress=_egress(environment))


def read_webhooks_settings(environment: Mapping[str, str]) -> WebhooksSettings:
    """The settings that `environment` holds. Raises SettingsError naming the variable."""
    return WebhooksSettings(
        webhooks_table=_required(environment, "WEBHOOKS_TABLE"),
        secrets_key=_required(environment, "SECRETS_KEY"),
        event_bus=_required(environment, "EVENT_BUS"),
        event_source=_required(environment, "EVENT_SOURCE"),
        deliveries_table=_required(environment, "DELIVERIES_TABLE"),
        delivery_retention_days=_days(environment, "DELIVERY_RETENTION_DAYS"),
        wakeups_url=_required(environment, "WAKEUPS_URL"),
    )


def read_console_settings(environment: Mapping[str, str]) -> ConsoleSettings:
    """The settings that `environment` holds; none is required."""
    return ConsoleSettings(
        sign_in_issuer=environment.get("SIGN_IN_ISSUER", ""),
        sign_in_client_id=environment.get("SIGN_IN_CLIENT_ID", ""),
        sign_in_audience=environment.get("SIGN_IN_AUDIENCE", ""),
        sign_in_origin=environment.get("SIGN_IN_ORIGIN", ""),
    )


def is_started_by_lambda() -> bool:
    """Whether Lambda has started this process, and not a test or the local stack."""
    return "AWS_LAMBDA_INITIALIZATION_TYPE" in os.environ


def _egress(environment: Mapping[str, str]) -> EgressSettings:
    hosts = environment.get("ALLOWED_HOSTS", "").split(",")
    return EgressSettings(
        allowed_hosts=tuple(host.strip().lower() for host in hosts if host.strip()),
        permit_loopback=environment.get("PERMIT_LOOPBACK", "") == "true",
    )


def _required(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "")
    if not value:
        raise SettingsError(
            f"the environment variable {name} is not set; template.yaml sets it when the stack is deployed"
        )
    return value


def _days(environment: Mapping[str, str], name: str) -> int:
    value = _required(environment, name)
    if not value.isascii() or not value.isdigit() or int(value) < 1:
        raise SettingsError(
            f"the environment variable {name} is {value!r}; it must be a whole number of days, 1 or more"
        )
    return int(value)
