"""Replay jobs in the table of deliveries: `pk` REPLAY, `sk` the job's id. There are few: people make them."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from grantwire.frozen import frozen
from grantwire.replaying import JobState, ReplayJob
from grantwire.stores.clients import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_PARTITION: Final = {"S": "REPLAY"}
_NUMBERS: Final = ("since", "until", "per_minute", "total", "replayed", "next_at")
_CHANGING: Final = ("state", "cursor", "replayed", "next_at")
_DAY: Final = 86_400


@frozen
class ReplayJobStore:
    """Rows of replay jobs. Every method raises StoreError when DynamoDB fails."""

    client: "DynamoDBClient"
    table_name: str
    retention_days: int
    clock: Callable[[], float]

    def create(self, job: ReplayJob) -> None:
        """Store a new job."""
        expiry = {"expires_at": {"N": str(int(self.clock()) + self.retention_days * _DAY)}}
        with translated("dynamodb PutItem"):
            self.client.put_item(
                TableName=self.table_name, Item=_row(job) | expiry, ConditionExpression="attribute_not_exists(pk)"
            )

    def get(self, job_id: str) -> ReplayJob | None:
        """The job, None when there is none."""
        key: dict[str, Any] = {"pk": _PARTITION, "sk": {"S": job_id}}
        with translated("dynamodb GetItem"):
            row = self.client.get_item(TableName=self.table_name, Key=key, ConsistentRead=True).get("Item")
        return _read(row) if row else None

    def running(self) -> Sequence[ReplayJob]:
        """Every job that is running."""
        running: list[ReplayJob] = []
        start: dict[str, Any] = {}
        while True:
            with translated("dynamodb Query"):
                page = self.client.query(
                    TableName=self.table_name,
                    KeyConditionExpression="pk = :replay",
                    FilterExpression="#state = :running",
                    ExpressionAttributeNames={"#state": "state"},
                    ExpressionAttributeValues={":replay": _PARTITION, ":running": {"S": JobState.RUNNING}},
                    **start,
                )
            running += [_read(row) for row in page["Items"]]
            if "LastEvaluatedKey" not in page:
                return running
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def newest_of(self, webhook_id: str, *, limit: int) -> Sequence[ReplayJob]:
        """The newest `limit` jobs of a webhook, newest first, among the newest of all that one read finds (1 MB)."""
        with translated("dynamodb Query"):
            page = self.client.query(
                TableName=self.table_name,
                KeyConditionExpression="pk = :replay",
                FilterExpression="webhook_id = :webhook",
                ExpressionAttributeValues={":replay": _PARTITION, ":webhook": {"S": webhook_id}},
                ScanIndexForward=False,
                ConsistentRead=True,
            )
        return [_read(row) for row in page["Items"][:limit]]

    def advance(self, job: ReplayJob, after: ReplayJob) -> bool:
        """Write `after` over `job`; False when the job was cancelled, or another step was faster."""
        old, new = _row(job), _row(after)
        with translated("dynamodb UpdateItem"):
            try:
                self.client.update_item(
                    TableName=self.table_name,
                    Key={"pk": new["pk"], "sk": new["sk"]},
                    UpdateExpression="SET " + ", ".join(f"#{name} = :new_{name}" for name in _CHANGING),
                    ConditionExpression=" AND ".join(f"#{name} = :{name}" for name in _CHANGING),
                    ExpressionAttributeNames={f"#{name}": name for name in _CHANGING},
                    ExpressionAttributeValues={
                        **{f":{name}": old[name] for name in _CHANGING},
                        **{f":new_{name}": new[name] for name in _CHANGING},
                    },
                )
            except self.client.exceptions.ConditionalCheckFailedException:
                return False
        return True


def _row(job: ReplayJob) -> dict[str, Any]:
    facts = asdict(job)
    row: dict[str, Any] = {"pk": _PARTITION, "sk": {"S": facts.pop("id")}}
    for name, value in facts.items():
        row[name] = {"N": repr(value)} if name in _NUMBERS else {"S": str(value)}
    return row


def _read(row: dict[str, Any]) -> ReplayJob:
    return ReplayJob(
        id=row["sk"]["S"],
        webhook_id=row["webhook_id"]["S"],
        since=float(row["since"]["N"]),
        until=float(row["until"]["N"]),
        per_minute=int(row["per_minute"]["N"]),
        total=int(row["total"]["N"]),
        state=JobState(row["state"]["S"]),
        replayed=int(row["replayed"]["N"]),
        next_at=float(row["next_at"]["N"]),
        cursor=row["cursor"]["S"],
    )
