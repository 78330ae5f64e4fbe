#!/usr/bin/env python3
"""Rehearses an installation on an AWS emulator (MiniStack), with simulated ends: up, a request round, a changed parameter,
a rotated secret, down, and up again over the table that was left. Everything listens on loopback, on free ports, and is
stopped at the end. Prints what it proved; ends with 1 if something is not as it should be.

Needs what requirements.txt lists, on PATH and for this Python.
"""

import argparse
import json
import os
import secrets
import shutil
import sys
import tempfile
from pathlib import Path

from rehearsal.emulator import Emulator
from rehearsal.ends import Ends
from rehearsal.front import Front
from rehearsal.installation import ROOT, Installation, leave_table, run, table_of, turn_on_expiry
from rehearsal.told import check, note, step, summary

# What the diagnosis must find wrong: the address that AWS would give leads nowhere.
NOT_PUBLIC = ["callback"]
NO_EMULATOR_SHOWS = (
    "permissions: the emulator grants everything (the roles are linted and scanned, not exercised)",
    "DeletionPolicy and deletion protection: it deletes a stack's table all the same, so the second half starts from a copy",
    "time to live, throttling, reserved concurrency, batch bisection and the queue of failures as AWS does them",
    "metrics, alarms and the dashboard: they are created, not evaluated",
    "the questions that `sam delete` asks before it deletes; the rehearsal deletes the stack itself",
    "TLS, the public address, DingTalk's check of it, its egress list, a private network, an own domain",
    "arm64, cold starts and latency: it starts a process for each call",
)


def main() -> int:
    options = arguments()
    work = Path(tempfile.mkdtemp(prefix="approval-bridge-rehearsal-"))
    front, emulator, ends = Front(), None, None
    try:
        built = Path(options.built) if options.built else build(work)
        bridge = Path(options.bridge) if options.bridge else build_bridge()
        step("an emulator of AWS, and the two ends between which the bridge stands")
        emulator = Emulator(work)
        ends = Ends(bridge, front.url, work)
        rehearse(Installation(built, emulator, ends, front))
    except Exception as error:  # Whatever it is, it is told, and everything is stopped.
        check(False, f"{type(error).__name__}: {error}")
        if emulator:
            note(emulator.last_words())
    finally:
        for running in (ends, emulator, front):
            if running:
                running.stop()
        shutil.rmtree(work, ignore_errors=True)
    return summary(NO_EMULATOR_SHOWS)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--built", help="folder that `sam build --build-dir` filled (x86_64); built anew without it")
    parser.add_argument("--bridge", help="the `bridge` binary; built without it")
    return parser.parse_args()


def build(work: Path) -> Path:
    step("sam build")
    quick = {
        "CARGO_PROFILE_RELEASE_LTO": "thin",
        "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "16",
        "CARGO_PROFILE_RELEASE_OPT_LEVEL": "1",
    }
    built = work / "built"
    run(["sam", "build", "--build-dir", str(built), "--parameter-overrides", "Architecture=x86_64"], quick)
    return built


def build_bridge() -> Path:
    run(["cargo", "build", "--locked", "--package", "bridge"], {})
    target = os.environ.get("CARGO_TARGET_DIR", str(ROOT / "target"))
    return Path(target) / "debug" / "bridge"


def rehearse(site: Installation) -> None:
    ends, front = site.ends, site.front

    step("install: sam deploy")
    first = site.deploy()
    for name in ("DataphinSubmitApprovalRequestUrl", "DingTalkEventSubscriptionUrl", "OperatorPage", "TableName"):
        check(name in first, f"output {name}: {first.get(name)}")
    known = site.table_api.describe_table(TableName=first["TableName"])["Table"]
    indexes = {index["IndexName"] for index in known["GlobalSecondaryIndexes"]}
    check(indexes == {"due", "status"} and known["DeletionProtectionEnabled"], "the table has both indexes and is protected")
    turn_on_expiry(site.table_api, first["TableName"])
    note("(the emulator leaves out the table's time to live: set now, as the template says)")
    secret_values = set(site.secret.values())
    functions = ("submit", "callback", "test-connection", "template", "relay", "sweep")
    exposed = [name for name in functions if secret_values & set(site.environment(name).values())]
    check(not exposed, "no secret is in a function's environment")

    step("a request goes round")
    ends.wait_until_connected()
    check(True, "DingTalk accepted the callback address (check_url through the API and the function)")
    test = ends.test_connection()
    check(test["passed"], f"Dataphin's Test Connection: {test['message']}")
    filed = ends.file()
    check(filed["accepted"], f"submit: {filed['instance']}")
    seconds = ends.decide_and_wait(filed["applyId"])
    check(seconds is not None, f"decided in DingTalk, told to Dataphin {seconds} s later, woken by the table's stream")
    swept = json.load(site.functions.invoke(FunctionName=site.function("sweep"), Payload=b"{}")["Payload"])
    check(swept.get("failed") == 0, f"sweep: {swept}")

    shown = ends.command("show", filed["applyId"], **site.emulator.environment, BRIDGE_TABLE=first["TableName"],
                         BRIDGE_DYNAMODB_ENDPOINT=site.emulator.environment["AWS_ENDPOINT_URL"])
    check("delivered" in shown, f"bridge show, on the stack's table: {shown.strip().splitlines()[0]}")

    step("the doors")
    check(front.get("/operator")[0] == 200, "the operator's page")
    check(front.get("/operator/doctor")[0] == 401, "the diagnosis asks for the operator's token")
    status, diagnosis = front.get("/operator/doctor", site.secret["BRIDGE_OPERATOR_TOKEN"])
    findings = json.loads(diagnosis)["findings"]
    failed = [finding["id"] for finding in findings if finding["outcome"] == "failed"]
    check(status == 200 and failed == NOT_PUBLIC, f"with it, of {len(findings)} checks only {failed} fails: there is no public address here")
    check(front.post("/dingtalk/callback", b"{}")[0] == 403, "an unsigned callback is not accepted")
    check(front.post("/dataphin/bpms/processinstance/create", b"{}")[0] == 401, "a submit without the token is not accepted")
    check(front.get("/elsewhere")[0] == 404, "no other path leads anywhere")

    step("update: a changed parameter, sam deploy again")
    second = site.deploy(DataphinRefusalsAs200="true")
    same = ("DataphinSubmitApprovalRequestUrl", "TableName", "FailuresQueueUrl")
    check(all(first[name] == second[name] for name in same), "address, table and queue are the same")
    check(front.post("/dataphin/bpms/processinstance/create", b"{}")[0] == 200, "refusals are answered with 200 now")
    again = ends.submit_again(filed["applyId"])
    check(again["body"] == filed["body"], "the first request is known still: the same answer")

    step("rotation: another access token in the secret")
    old, new = site.secret["DATAPHIN_ACCESS_TOKEN"], secrets.token_hex(8)
    site.secret["DATAPHIN_ACCESS_TOKEN"] = new
    site.secrets.put_secret_value(SecretId="approval-bridge", SecretString=json.dumps(site.secret))
    check(ends.test_connection()["passed"], "Dataphin's old token is accepted as long as it is the one before")
    ends.set_access_token(new)
    check(ends.test_connection()["passed"], "and so is the new one")
    check(old != new and ends.file()["accepted"], "a submit under the new token")

    step("removal: the stack is deleted")
    left = site.table_api.scan(TableName=first["TableName"])["Items"]
    resource = table_of(site.built)
    check(resource["DeletionPolicy"] == "Retain" and resource["UpdateReplacePolicy"] == "Retain",
          "the table is marked to be retained")
    site.remove()
    check(not site.is_there(), "the stack is gone")
    check(bool(site.secrets.get_secret_value(SecretId="approval-bridge")["SecretString"]), "the secret is there")

    step("installed again, over the table that was left")
    kept = leave_table(site.table_api, resource["Properties"], left)
    third = site.deploy(ExistingTableName="left-behind", ExistingTableStreamArn=kept)
    check(third["TableName"] == "left-behind", "the stack takes up the table")
    ends.connect(front.url)
    again = ends.submit_again(filed["applyId"])
    check(again["body"] == filed["body"], "the request of before is known: the same answer")
    check(ends.test_connection()["passed"], "Dataphin's Test Connection")
    filed = ends.file()
    check(filed["accepted"], "a new request")
    seconds = ends.decide_and_wait(filed["applyId"])
    check(seconds is not None, f"decided in DingTalk, told to Dataphin {seconds} s later")
    site.remove()
    count = len(site.table_api.scan(TableName="left-behind")["Items"])
    check(not site.is_there() and count > len(left), f"removed: the stack is gone, the table is there with {count} items")


if __name__ == "__main__":
    sys.exit(main())
