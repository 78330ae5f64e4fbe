"""The two ends: a simulated DingTalk and a simulated Dataphin (`bridge simulate`)."""

import json
import queue
import re
import subprocess
import threading
import time
import urllib.request
from pathlib import Path

from .front import call

APPROVER = "emp1002"
# An event is pushed a third time after 42 seconds.
PATIENCE_SECONDS = 120


class Ends:
    """A simulated DingTalk and a simulated Dataphin."""

    def __init__(self, bridge: Path, bridge_url: str, work: Path) -> None:
        self._bridge = bridge
        command = [str(bridge), "simulate", "--dingtalk", "127.0.0.1:0", "--dataphin", "127.0.0.1:0", "--bridge", bridge_url]
        self._process = subprocess.Popen(
            command, cwd=work, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self.variables: dict[str, str] = {}
        line = ""
        while not line.startswith("# waiting"):
            line = self._lines.get(timeout=30)
            if found := re.fullmatch(r"export (\w+)='(.*)'", line):
                self.variables[found[1]] = found[2]
        self._dingtalk = self.variables["DINGTALK_API_URL"]
        self._dataphin = self.variables["DATAPHIN_CALLBACK_URL"].split("/api/")[0]

    def wait_until_connected(self) -> None:
        """Until both ends know the bridge: they try by themselves."""
        while not self._lines.get(timeout=PATIENCE_SECONDS).startswith("# connected"):
            pass

    def connect(self, bridge_url: str) -> None:
        """Tells DingTalk the address again: its console waits 2.5 seconds for a function that has just been deployed."""
        token, key = self.variables["DINGTALK_CALLBACK_TOKEN"], self.variables["DINGTALK_CALLBACK_AES_KEY"]
        address = {"url": f"{bridge_url}/dingtalk/callback", "token": token, "aesKey": key}
        began = time.monotonic()
        while True:
            try:
                self._post(self._dingtalk, "/simulator/subscription", address)
                return
            except RuntimeError:
                if time.monotonic() - began > PATIENCE_SECONDS:
                    raise

    def test_connection(self) -> dict:
        """Presses *Test Connection* in Dataphin; once more where a function that was just deployed was not quick enough."""
        first = self._post(self._dataphin, "/simulator/connect", {})
        return first if first["passed"] else self._post(self._dataphin, "/simulator/connect", {})

    def set_access_token(self, token: str) -> None:
        """Types another Access Token into Dataphin's settings."""
        self._post(self._dataphin, "/simulator/settings", {"accessToken": token})

    def file(self) -> dict:
        """Files a request in Dataphin."""
        approver = {"userId": "300000002", "userSourceId": APPROVER, "userName": "Wang Wei"}
        node = {"approveOperator": "OR", "approveUsers": [approver]}
        return self._answer(self._post(self._dataphin, "/simulator/requests", {"approveNodes": [node]}))

    def submit_again(self, apply_id: str) -> dict:
        """Dataphin sends it once more."""
        return self._answer(self._post(self._dataphin, f"/simulator/requests/{apply_id}/submit", {}))

    def decide_and_wait(self, apply_id: str) -> float | None:
        """Agrees to all on the approver's desk; gives the seconds until Dataphin knows, `None` if it never does."""
        for todo in self._get(self._dingtalk, f"/simulator/todos?userId={APPROVER}"):
            self._post(self._dingtalk, f"/simulator/tasks/{todo['task']}/agree", {"remark": "fine"})
        began = time.monotonic()
        while time.monotonic() - began < PATIENCE_SECONDS:
            told = self._get(self._dataphin, f"/simulator/requests/{apply_id}")["ledger"]
            if told:
                return round(time.monotonic() - began, 1) if told[0]["outcome"] == "agree" else None
            time.sleep(0.2)
        return None

    def command(self, *words: str, **environment: str) -> str:
        """What a command of `bridge` prints."""
        done = subprocess.run([self._bridge, *words], env=environment, capture_output=True, text=True, check=False)
        return done.stdout or done.stderr

    def serve(self, port: int, file: Path) -> subprocess.Popen:
        """A bridge on one machine, between the same ends."""
        own = {"BRIDGE_LISTEN": f"127.0.0.1:{port}", "BRIDGE_FILE": str(file)}
        return subprocess.Popen(
            [str(self._bridge), "serve"], env=self.variables | own, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def stop(self) -> None:
        """Ends them."""
        self._process.terminate()
        self._process.wait(10)

    def _read(self) -> None:
        for line in self._process.stdout or ():
            self._lines.put(line.rstrip("\n"))

    @staticmethod
    def _answer(filed: dict) -> dict:
        answer = filed["answer"]
        body = json.loads(answer["body"]) if answer["body"].startswith("{") else {}
        accepted, instance = body.get("success") is True, body.get("processInstanceId")
        return {"applyId": filed["applyId"], "accepted": accepted, "instance": instance, "body": answer["body"]}

    @staticmethod
    def _get(end: str, path: str) -> dict | list:
        return json.loads(call(urllib.request.Request(end + path))[1])

    @staticmethod
    def _post(end: str, path: str, body: dict) -> dict:
        request = urllib.request.Request(end + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
        status, text = call(request)
        if status >= 400:
            raise RuntimeError(f"{path}: {status} {text}")
        return json.loads(text) if text else {}
