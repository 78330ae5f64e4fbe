"""MiniStack, on a port of its own."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import boto3

REGION = "eu-west-1"


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Emulator:
    """A running emulator. Its functions are the real binaries, each call a process."""

    def __init__(self, work: Path) -> None:
        self.port, self.region = free_port(), REGION
        endpoint = f"http://127.0.0.1:{self.port}"
        # Nothing of the caller's own AWS account is used.
        nobody = work / "no-aws-configuration"
        self.environment = {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "AWS_CONFIG_FILE": str(nobody),
            "AWS_SHARED_CREDENTIALS_FILE": str(nobody),
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        own = {
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "LAMBDA_EXECUTOR": "local",
            "MINISTACK_REGION": REGION,
            # Its broker for devices, on a fixed port, is not asked for.
            "IOT_MTLS_ENABLED": "0",
        }
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        self._log = work / "emulator.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "ministack"],
                env={**inherited, **self.environment, **own, "TMPDIR": str(work)},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._wait(f"{endpoint}/_ministack/health")

    def client(self, service: str) -> boto3.client:
        """A client of one of its services."""
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        endpoint = self.environment["AWS_ENDPOINT_URL"]
        return boto3.client(service, endpoint_url=endpoint, region_name=REGION, **keys)

    def last_words(self) -> str:
        """The end of its log."""
        return self._log.read_text(errors="replace")[-3000:]

    def stop(self) -> None:
        """Ends it."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _wait(self, url: str) -> None:
        for _ in range(1200):
            try:
                with urllib.request.urlopen(url, timeout=2):
                    return
            except (urllib.error.URLError, OSError):
                if self._process.poll() is not None:
                    break
                time.sleep(0.1)
        raise RuntimeError(f"the emulator does not start:\n{self.last_words()}")
