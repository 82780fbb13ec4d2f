"""Circuits in the table of deliveries: `pk` CIRCUIT, `sk` the receiver; there only while it is down or draining."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from grantwire.circuits import Circuit
from grantwire.frozen import frozen
from grantwire.stores.clients import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_PARTITION: Final = {"S": "CIRCUIT"}
_Row = dict[str, Any]


@frozen
class CircuitStore:
    """Rows of circuits. Every method raises StoreError when DynamoDB fails."""

    client: "DynamoDBClient"
    table_name: str

    def all(self) -> Sequence[Circuit]:
        """Every circuit that is not closed."""
        with translated("dynamodb Query"):
            page = self.client.query(
                TableName=self.table_name,
                KeyConditionExpression="pk = :circuit",
                ExpressionAttributeValues={":circuit": _PARTITION},
                ConsistentRead=True,
            )
        return [_read(row) for row in page["Items"]]

    def open(self, circuit: Circuit) -> None:
        """Open a receiver's circuit, unless it is open already."""
        condition = "attribute_not_exists(pk) OR draining = :draining"
        self._put(circuit, condition, {":draining": {"BOOL": True}})

    def drain(self, receiver: str, *, now: float) -> None:
        """The receiver is back: have its deliveries released, unless that has begun."""
        with translated("dynamodb UpdateItem"):
            try:
                self.client.update_item(
                    TableName=self.table_name,
                    Key=_key(receiver),
                    UpdateExpression="SET draining = :draining, probe_at = :now",
                    ConditionExpression="draining = :open",
                    ExpressionAttributeValues={
                        ":draining": {"BOOL": True},
                        ":open": {"BOOL": False},
                        ":now": {"N": f"{now:.3f}"},
                    },
                )
            except self.client.exceptions.ConditionalCheckFailedException:
                return

    def advance(self, circuit: Circuit, after: Circuit | None) -> bool:
        """Write `after` over `circuit`, or close it (None); False when it has changed meanwhile."""
        condition = "probe_at = :probe_at AND draining = :draining"
        row = _row(circuit)
        values = {":probe_at": row["probe_at"], ":draining": row["draining"]}
        if after is not None:
            return self._put(after, condition, values)
        with translated("dynamodb DeleteItem"):
            try:
                self.client.delete_item(
                    TableName=self.table_name,
                    Key=_key(circuit.receiver),
                    ConditionExpression=condition,
                    ExpressionAttributeValues=values,
                )
            except self.client.exceptions.ConditionalCheckFailedException:
                return False
        return True

    def _put(self, circuit: Circuit, condition: str, values: _Row) -> bool:
        with translated("dynamodb PutItem"):
            try:
                self.client.put_item(
                    TableName=self.table_name,
                    Item=_row(circuit),
                    ConditionExpression=condition,
                    ExpressionAttributeValues=values,
                )
            except self.client.exceptions.ConditionalCheckFailedException:
                return False
        return True


def _key(receiver: str) -> _Row:
    return {"pk": _PARTITION, "sk": {"S": receiver}}


def _row(circuit: Circuit) -> _Row:
    return {
        **_key(circuit.receiver),
        "opened_at": {"N": f"{circuit.opened_at:.3f}"},
        "probe_at": {"N": f"{circuit.probe_at:.3f}"},
        "probes": {"N": str(circuit.probes)},
        "draining": {"BOOL": circuit.draining},
    }


def _read(row: _Row) -> Circuit:
    return Circuit(
        receiver=row["sk"]["S"],
        opened_at=float(row["opened_at"]["N"]),
        probe_at=float(row["probe_at"]["N"]),
        probes=int(row["probes"]["N"]),
        draining=row["draining"]["BOOL"],
    )
