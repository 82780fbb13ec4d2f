"""HTTP: what a user looks up while writing a webhook. It is all in the package: no table is read."""

from dataclasses import asdict
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from answering import json_answer
from grantwire.filter_catalogue import CATALOGUE
from grantwire.filters import OPERATORS, WITHOUT_VALUES
from grantwire.payload_schema import payload_schema
from grantwire.recipes import Recipe, recipes
from grantwire.samples import samples

router = APIGatewayHttpRouter()  # type: ignore[no-untyped-call]


@router.get("/api/schema")
def schema() -> Response[Any]:
    """The JSON Schema of an event's payload."""
    return json_answer(payload_schema())


@router.get("/api/samples")
def sample_payloads() -> Response[Any]:
    """The sample of each trigger, and then those at the edge of what may arrive."""
    return json_answer({"items": [one._asdict() for one in samples()]})


@router.get("/api/filters")
def filters() -> Response[Any]:
    """Fields that have a name, and every operator."""
    operators = [{"name": one, "takes_values": one not in WITHOUT_VALUES} for one in OPERATORS]
    return json_answer({"fields": [asdict(one) for one in CATALOGUE], "operators": operators})


@router.get("/api/recipes")
def ready_webhooks() -> Response[Any]:
    """A ready webhook for each well-known target: Torq's first."""
    return json_answer({"items": [_recipe(one) for one in recipes()]})


def _recipe(recipe: Recipe) -> dict[str, Any]:
    facts = asdict(recipe)
    del facts["webhook_json"]
    return {**facts, "webhook": recipe.webhook}
