"""The address under which the ends know the bridge."""

import http.client
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Front:
    """One address for the API, whatever its id: an emulated API is known by its host's name, which nobody resolves."""

    def __init__(self) -> None:
        self._target: tuple[str, int] | None = None
        front = self

        class Handler(BaseHTTPRequestHandler):
            def do_any(self) -> None:
                status, headers, body = front._pass(self)
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_any  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:
                """Whoever hung up before the answer came, as DingTalk does after 1.5 seconds, is not told of here."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def lead_to(self, api: str | None, port: int) -> None:
        """From now on it leads to this API."""
        self._target = (api, port) if api else None

    def get(self, path: str, token: str | None = None) -> tuple[int, str]:
        """Status and body of a call."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return call(urllib.request.Request(self.url + path, headers=headers))

    def post(self, path: str, body: bytes, token: str | None = None) -> tuple[int, str]:
        """Status and body of a call."""
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        return call(urllib.request.Request(self.url + path, body, headers))

    def stop(self) -> None:
        """Ends it."""
        self._server.shutdown()
        self._server.server_close()

    def _pass(self, request: BaseHTTPRequestHandler) -> tuple[int, list[tuple[str, str]], bytes]:
        if self._target is None:
            return 503, [], b"no API yet"
        api, port = self._target
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        headers = {name: value for name, value in request.headers.items() if name.lower() not in ("host", "connection")}
        headers["Host"] = f"{api}.execute-api.localhost:{port}"
        to_api = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            to_api.request(request.command, request.path, body, headers)
            answer = to_api.getresponse()
            dropped = ("content-length", "transfer-encoding", "connection", "date", "server")
            kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in dropped]
            return answer.status, kept, answer.read()
        finally:
            to_api.close()


def call(request: urllib.request.Request) -> tuple[int, str]:
    """Status and body, whatever the status."""
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode(errors="replace")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")
