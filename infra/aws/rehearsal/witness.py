"""What each function asks of the table, held against what its role allows: the emulator itself allows everything."""

import fnmatch
import http.client
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import yaml

# One call as a role sees it: the action, what it is about ("table" or "index/<name>"), and the item's key.
Call = tuple[str, str, str | None]
MEMBERS = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}
KEYS = "dynamodb:LeadingKeys"


class Witness:
    """Stands between one function and the emulator's DynamoDB, and notes down its calls."""

    def __init__(self, port: int) -> None:
        self.calls: set[Call] = set()
        witness = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:  # noqa: N802
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                action = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
                witness.calls |= set(asked(action, json.loads(body)))
                headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
                to_api = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
                try:
                    to_api.request("POST", self.path, body, headers)
                    answer = to_api.getresponse()
                    text = answer.read()
                finally:
                    to_api.close()
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:
                """A function that ended is no error."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Ends it."""
        self._server.shutdown()
        self._server.server_close()


def asked(action: str, body: dict) -> list[Call]:
    """What a call asks for. A transaction asks for each action in it, about each key in it: AWS may hold all against all."""
    if action == "TransactWriteItems":
        members = [(MEMBERS[kind], key_of(member)) for item in body["TransactItems"] for kind, member in item.items()]
        return [(action, "table", key) for action, _ in members for _, key in members]
    index = body.get("IndexName")
    return [(action, f"index/{index}" if index else "table", key_of(body))]


def key_of(body: dict) -> str | None:
    return (body.get("Key") or body.get("Item") or {}).get("pk", {}).get("S")


def beyond(role: str, calls: set[Call], built: Path) -> list[str]:
    """The calls that a role in roles.yaml does not allow."""
    statements = statements_of(role, built)
    return sorted(f"{action} on {where} {key or ''}" for action, where, key in calls
                  if not any(allows(statement, action, where, key) for statement in statements))


def unbounded(role: str, built: Path) -> list[str]:
    """The actions on items that a role allows without naming the keys, or for a call that has none."""
    return [action for statement in statements_of(role, built) for action in many(statement["Action"])
            if action.endswith("Item") and not (keys(statement) and has_key(statement))]


def not_asked(role: str, calls: set[Call], built: Path) -> list[str]:
    """The items that a role allows and nobody asked for."""
    allowed = {(action.removeprefix("dynamodb:"), pattern) for statement in statements_of(role, built)
               for action in many(statement["Action"]) for pattern in keys(statement)}
    asked_for = {(action, pattern) for action, pattern in allowed
                 if any(action == asked and key and fnmatch.fnmatchcase(key, pattern) for asked, _, key in calls)}
    return sorted(f"{action} {pattern[:1]}" for action, pattern in allowed - asked_for)


def statements_of(role: str, built: Path) -> list[dict]:
    roles = yaml.safe_load((built / "Roles" / "template.yaml").read_text())["Resources"]
    policies = roles[role]["Properties"]["Policies"]
    return [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]


def allows(statement: dict, action: str, where: str, key: str | None) -> bool:
    named = [found.get("Fn::Sub", found.get("Ref")) for found in many(statement["Resource"])]
    about = "TableArn" if where == "table" else f"${{TableArn}}/{where}"
    patterns = keys(statement)
    fits = not patterns or (key is not None and any(fnmatch.fnmatchcase(key, pattern) for pattern in patterns))
    return f"dynamodb:{action}" in many(statement["Action"]) and about in named and fits


def keys(statement: dict) -> list[str]:
    return statement.get("Condition", {}).get("ForAllValues:StringLike", {}).get(KEYS, [])


def has_key(statement: dict) -> bool:
    return statement.get("Condition", {}).get("Null", {}).get(KEYS) == "false"


def many(value: object) -> list:
    return value if isinstance(value, list) else [value]
