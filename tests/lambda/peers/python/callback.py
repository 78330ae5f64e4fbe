"""DingTalk reports: verify, commit, acknowledge. Everything that can be made once is made before the first request."""

import base64
import json
import os
import secrets
from datetime import datetime, timezone
from urllib.parse import parse_qs

import boto3
from botocore.exceptions import ClientError

from envelope import Keys, Opened

RESULTS = {"agree": "agreed", "refuse": "refused"}
TABLE = os.environ["BRIDGE_TABLE"]
CHANGE = (
    "SET #commit = :commit, #version = :next, updated_at = :ms, due_at = :ms, #record.#version = :next, "
    "#record.updated_at = :now, #record.#timeline.#entries = list_append(#record.#timeline.#entries, :entry), "
    "#state.pending.reading = :reading"
)
NAMES = ("commit", "version", "record", "timeline", "entries", "state")


class Callback:
    def __init__(self) -> None:
        self.api = boto3.client("dynamodb", endpoint_url=os.environ["BRIDGE_DYNAMODB_ENDPOINT"])
        got = boto3.client("secretsmanager").get_secret_value(SecretId=os.environ["BRIDGE_SECRET_ID"])
        secret = json.loads(got["SecretString"])
        self.keys = Keys(secret["DINGTALK_CALLBACK_TOKEN"], secret["DINGTALK_CALLBACK_AES_KEY"])
        self.owners = {os.environ["DINGTALK_APP_KEY"], os.environ["DINGTALK_CORP_ID"]}
        self.load("warm-up")  # Connects.

    def __call__(self, event: dict) -> dict:
        opened = self.open(event)
        if opened is None or opened.owner not in self.owners:
            return answer(403, {"code": "not-accepted"})
        reported = json.loads(opened.message)
        if reported.get("type") == "finish":
            result = RESULTS.get(reported.get("result"), "finished")
            self.commit(reported["processInstanceId"], result, reported["finishTime"])
        return answer(200, self.keys.seal(b"success", opened.owner))

    def open(self, event: dict) -> Opened | None:
        query = parse_qs(event["rawQueryString"])
        body = base64.b64decode(event["body"]) if event["isBase64Encoded"] else event["body"]
        try:
            signature, timestamp, nonce = (query[name][0] for name in ("msg_signature", "timestamp", "nonce"))
            return self.keys.open(signature, timestamp, nonce, json.loads(body)["encrypt"])
        except (ValueError, KeyError, TypeError):
            return None

    def load(self, key: str) -> dict | None:
        return self.api.get_item(TableName=TABLE, Key={"pk": {"S": key}}, ConsistentRead=True).get("Item")

    def commit(self, instance: str, result: str, finish_time: int) -> None:
        """Writes what was reported into the approval that the instance belongs to, if it is still pending."""
        owner = (self.load(f"I#{instance}") or {}).get("approval", {}).get("S")
        while owner:
            item = self.load(f"A#{owner}")
            if item is None or "pending" not in item["state"]["M"]:
                return
            version, now = int(item["version"]["N"]), datetime.now(timezone.utc)
            at, finished = text(iso(now)), text(iso(datetime.fromtimestamp(finish_time / 1000, timezone.utc)))
            hint = {"result": text(result), "finished_at": finished, "received_at": at}
            entry = {"at": at, "what": {"M": {"end-reported": {"M": {"result": text(result)}}}}}
            try:
                self.api.update_item(
                    TableName=TABLE,
                    Key={"pk": {"S": f"A#{owner}"}},
                    UpdateExpression=CHANGE,
                    ConditionExpression="#version = :version AND attribute_exists(#state.pending)",
                    ExpressionAttributeNames={f"#{name}": name for name in NAMES},
                    ExpressionAttributeValues={
                        ":commit": text(secrets.token_hex(8)),
                        ":version": number(version),
                        ":next": number(version + 1),
                        ":ms": number(int(now.timestamp() * 1000)),
                        ":now": at,
                        ":entry": {"L": [{"M": entry}]},
                        ":reading": {"M": {"at": at, "attempts": number(0), "hint": {"M": hint}}},
                    },
                )
                return
            except ClientError as error:
                if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                    raise  # Otherwise someone was first.


def text(value: str) -> dict:
    return {"S": value}


def number(value: int) -> dict:
    return {"N": str(value)}


def iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def answer(status: int, body: dict) -> dict:
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": json.dumps(body)}
