"""The callback in Python. What Lambda's own runtime does is the loop at the end."""

import http.client
import json
import os
import sys

from callback import Callback

BASE = "/2018-06-01/runtime/invocation"


def run() -> None:
    handle = Callback()
    runtime = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    while True:
        runtime.request("GET", f"{BASE}/next")
        response = runtime.getresponse()
        event, request_id = json.load(response), response.headers["lambda-runtime-aws-request-id"]
        try:
            answer, path = handle(event), "response"
        except Exception as error:  # The runtime goes on, whatever a request did.
            print(type(error).__name__, file=sys.stderr)
            answer, path = {"errorType": type(error).__name__, "errorMessage": ""}, "error"
        runtime.request("POST", f"{BASE}/{request_id}/{path}", json.dumps(answer))
        runtime.getresponse().read()


run()
