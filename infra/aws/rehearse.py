#!/usr/bin/env python3
"""Rehearses an installation on an AWS emulator (MiniStack), with simulated ends: moved in from one machine while it is paused,
a request round, a changed parameter, a rotated secret, down, and up again over the table that was left. Everything listens on
loopback, on free ports, and is stopped at the end. Prints what it proved; ends with 1 if something is not as it should be.

Needs what requirements.txt lists, on PATH and for this Python.
"""

import argparse
import json
import os
import secrets
import shutil
import sys
import tempfile
import time
from pathlib import Path

from rehearsal.emulator import Emulator, free_port
from rehearsal.ends import PATIENCE_SECONDS, Ends
from rehearsal.front import Front
from rehearsal.installation import (
    FUNCTIONS, RESOURCES, ROOT, SECRET, Installation, Parameters, goes_with_the_stack, leave_table, resources_of, run, stand_still,
    turn_on_expiry,
)
from rehearsal.stage import fitted
from rehearsal.told import check, note, step, summary
from rehearsal.witness import Witness, beyond, not_asked, unbounded

# What the diagnosis must find wrong: the address that AWS would give leads nowhere.
NOT_PUBLIC = ["callback"]
# The item by which an import has the bridge make the aliases; an export leaves it out.
BACKFILL = "M#aliases"
NO_EMULATOR_SHOWS = (
    "permissions other than those on the table: the emulator grants everything (the roles are linted and scanned)",
    "DeletionPolicy and deletion protection: it deletes a stack's table all the same, so the second half starts from a copy",
    "time to live, throttling, reserved concurrency, batch bisection and the queue of failures as AWS does them",
    "metrics, alarms and the dashboard: they are created, not evaluated",
    "that a policy in use is not deleted, nor the stack; who holds one is looked at before the stack is deleted",
    "a 409 where two parts of the API are made at once: a rule of the linter keeps them in a row",
    "the questions that `sam delete` asks before it deletes; the rehearsal deletes the stack itself",
    "TLS, the public address, DingTalk's check of it, its egress list, a private network, an own domain",
    "arm64, cold starts and latency: it starts a process for each call",
)


def main() -> int:
    options = arguments()
    work = Path(tempfile.mkdtemp(prefix="approval-bridge-rehearsal-"))
    front, emulator, ends, witnesses = Front(), None, None, {}
    try:
        parameters = Parameters(work)
        built = Path(options.built) if options.built else build(work, parameters)
        bridge = Path(options.bridge) if options.bridge else build_bridge()
        step("an emulator of AWS, and the two ends between which the bridge stands")
        emulator = Emulator(work)
        witnesses = {RESOURCES[name]: Witness(emulator.port) for name in FUNCTIONS}
        built, left_out = fitted(built, work, {name: witness.url for name, witness in witnesses.items()})
        note(f"(it cannot make {', '.join(left_out)}: left out)")
        ends = Ends(bridge, front.url, work)
        rehearse(Installation(built, parameters, emulator, ends, front), work)
        judge(witnesses, built)
    except Exception as error:  # Whatever it is, it is told, and everything is stopped.
        check(False, f"{type(error).__name__}: {error}")
        if emulator:
            note(emulator.last_words())
    finally:
        for running in (ends, emulator, front, *witnesses.values()):
            if running:
                running.stop()
        shutil.rmtree(work, ignore_errors=True)
    return summary(NO_EMULATOR_SHOWS)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--built", help="folder that `sam build --build-dir` filled (x86_64); built anew without it")
    parser.add_argument("--bridge", help="the `bridge` binary; built without it")
    return parser.parse_args()


def build(work: Path, parameters: Parameters) -> Path:
    step("sam build")
    quick = {
        "CARGO_PROFILE_RELEASE_LTO": "thin",
        "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "16",
        "CARGO_PROFILE_RELEASE_OPT_LEVEL": "1",
    }
    built = work / "built"
    parameters.sam("build", "--template-file", str(ROOT / "template.yaml"), "--build-dir", str(built), **quick)
    return built


def build_bridge() -> Path:
    run(["cargo", "build", "--locked", "--package", "bridge"], {})
    target = os.environ.get("CARGO_TARGET_DIR", str(ROOT / "target"))
    return Path(target) / "debug" / "bridge"


def rehearse(site: Installation, work: Path) -> None:
    ends, front = site.ends, site.front

    step("a bridge on one machine, with a request on somebody's desk")
    port = free_port()
    machine = ends.serve(port, work / "bridge.db")
    front.lead_to("machine", port)
    ends.wait_until_connected()
    moved = ends.file()
    check(moved["accepted"], f"submit: {moved['instance']}")
    machine.terminate()
    machine.wait(20)
    front.lead_to(None, 0)

    step("install: sam deploy, paused")
    first = site.deploy(Paused="yes")
    resources = resources_of(site.built)
    still = stand_still(resources)
    check(site.clock() == {"DISABLED"} and len(still) == len(FUNCTIONS) + 1, f"the clock is off, and so are {', '.join(still)}")
    note("(the emulator heeds the clock's state; the others are read in the template)")
    for name in ("DataphinSubmitApprovalRequestUrl", "DingTalkEventSubscriptionUrl", "OperatorPage", "TableName"):
        check(name in first, f"output {name}: {first.get(name)}")
    known = site.table_api.describe_table(TableName=first["TableName"])["Table"]
    indexes = {index["IndexName"] for index in known["GlobalSecondaryIndexes"]}
    check(indexes == {"due", "status"} and known["DeletionProtectionEnabled"], "the table has both indexes and is protected")
    turn_on_expiry(site.table_api, first["TableName"])
    note("(the emulator leaves out the table's time to live: set now, as the template says)")
    secret_values = set(site.secret.values())
    exposed = [name for name in FUNCTIONS if secret_values & set(site.environment(name).values())]
    check(not exposed, "no secret is in a function's environment")

    step("moved in: export, import, and on")
    ends.command("export", str(work / "all.jsonl"), BRIDGE_FILE=str(work / "bridge.db"))
    at_aws = site.at_table(first["TableName"])
    told = ends.command("import", str(work / "all.jsonl"), **at_aws)
    exported = {item["pk"]["S"] for item in map(json.loads, (work / "all.jsonl").read_text().splitlines()) if "pk" in item}
    there = {item["pk"]["S"] for item in site.table_api.scan(TableName=first["TableName"])["Items"]}
    check(exported and exported <= there, f"{len(exported)} items are in the stack's table: {told.strip().splitlines()[-1]}")
    check(there - exported == {BACKFILL}, "and none besides but the one that asks the bridge for aliases")
    check("is there already" not in ends.command("import", str(work / "all.jsonl"), **at_aws), "nothing has changed them meanwhile")
    site.deploy(Paused="no")
    check(site.clock() == {"ENABLED"}, "the clock wakes the sweep")
    ends.connect(front.url)
    check(True, "DingTalk accepted the callback address (check_url through the API and the function)")
    seconds = ends.decide_and_wait(moved["applyId"])
    check(seconds is not None, f"what was on a desk is decided in DingTalk, and told to Dataphin {seconds} s later")

    step("a request goes round")
    test = ends.test_connection()
    check(test["passed"], f"Dataphin's Test Connection: {test['message']}")
    filed = ends.file()
    check(filed["accepted"], f"submit: {filed['instance']}")
    seconds = ends.decide_and_wait(filed["applyId"])
    check(seconds is not None, f"decided in DingTalk, told to Dataphin {seconds} s later, woken by the table's stream")
    swept = json.load(site.functions.invoke(FunctionName=site.function("sweep"), Payload=b"{}")["Payload"])
    check(swept.get("failed") == 0, f"sweep: {swept}")

    shown = ends.command("show", filed["applyId"], **at_aws)
    check("delivered" in shown, f"bridge show, on the stack's table: {shown.strip().splitlines()[0]}")

    step("the doors")
    check(front.get("/operator")[0] == 200, "the operator's page")
    check(front.get("/operator/doctor")[0] == 401, "the diagnosis asks for the operator's token")
    status, diagnosis = front.get("/operator/doctor", site.secret["BRIDGE_OPERATOR_TOKEN"])
    findings = json.loads(diagnosis)["findings"]
    failed = [finding["id"] for finding in findings if finding["outcome"] == "failed"]
    check(status == 200 and failed == NOT_PUBLIC,
          f"with it, of {len(findings)} checks only {failed} fails: there is no public address here")
    check(front.post("/dingtalk/callback", b"{}")[0] == 403, "an unsigned callback is not accepted")
    check(front.post("/dataphin/bpms/processinstance/create", b"{}")[0] == 401, "a submit without the token is not accepted")
    check(front.get("/elsewhere")[0] == 404, "no other path leads anywhere")

    step("templates: generated, checked, tried")
    token = site.secret["BRIDGE_OPERATOR_TOKEN"]
    for act in ("generate", "check"):
        status, text = front.post(f"/operator/templates/{act}", b"{}", token)
        check(status == 200, f"{act}: {text[:60]}")
    status, text = front.post("/operator/templates/try", b"{}", token)
    tried = json.loads(text)
    began = time.monotonic()
    while status == 200 and tried["standing"] == "under-way" and time.monotonic() - began < PATIENCE_SECONDS:
        time.sleep(1)
        status, text = front.get(f"/operator/templates/try/{tried['instance']}", token)
        tried = json.loads(text)
    check(status == 200 and tried.get("standing") == "passed", f"try: {tried.get('standing', text)}")

    step("update: changed parameters, sam deploy again")
    second = site.deploy(DataphinRefusalsAs200="true", LookingRoles="data-platform,on-call", ResendingGroups="on-call")
    same = ("DataphinSubmitApprovalRequestUrl", "TableName", "FailuresQueueUrl")
    check(all(first[name] == second[name] for name in same), "address, table and queue are the same")
    check(front.post("/dataphin/bpms/processinstance/create", b"{}")[0] == 200, "refusals are answered with 200 now")
    again = ends.submit_again(filed["applyId"])
    check(again["body"] == filed["body"], "the first request is known still: the same answer")

    step("rotation: another access token in the secret")
    old, new = site.secret["DATAPHIN_ACCESS_TOKEN"], secrets.token_hex(8)
    site.secret["DATAPHIN_ACCESS_TOKEN"] = new
    site.secrets.put_secret_value(SecretId=SECRET, SecretString=json.dumps(site.secret))
    check(ends.test_connection()["passed"], "Dataphin's old token is accepted as long as it is the one before")
    ends.set_access_token(new)
    check(ends.test_connection()["passed"], "and so is the new one")
    check(old != new and ends.file()["accepted"], "a submit under the new token")

    step("removal: the stack is deleted")
    left = site.table_api.scan(TableName=first["TableName"])["Items"]
    resource = resources["Table"]
    check(resource["DeletionPolicy"] == "Retain" and resource["UpdateReplacePolicy"] == "Retain",
          "the table is marked to be retained")
    operators_lose_their_policies(site, second)
    site.remove()
    check(not site.is_there(), "the stack is gone")
    check(bool(site.secrets.get_secret_value(SecretId=SECRET)["SecretString"]), "the secret is there")

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


def operators_lose_their_policies(site: Installation, outputs: dict[str, str]) -> None:
    """Whoever got a policy by the parameters keeps nobody from deleting the stack; whoever got it by hand loses it before."""
    named = goes_with_the_stack(site.built)
    parameters = ("LookingRoles", "LookingGroups", "ResendingRoles", "ResendingGroups")
    check(all(name in given for name, given in zip(parameters, named)), f"operators named in {', '.join(parameters)} go with the stack")
    trust = {"Version": "2012-10-17", "Statement": []}
    site.people.create_role(RoleName="an-operator", AssumeRolePolicyDocument=json.dumps(trust))
    policy = outputs["PolicyForLooking"]
    site.people.attach_role_policy(RoleName="an-operator", PolicyArn=policy)
    check(site.holders() == ["an-operator"], "one more got the policy by hand: AWS would not delete the stack")
    for role in site.people.list_entities_for_policy(PolicyArn=policy)["PolicyRoles"]:
        site.people.detach_role_policy(RoleName=role["RoleName"], PolicyArn=policy)
    check(site.holders() == [], "the README's two commands list and detach it")


def judge(witnesses: dict[str, Witness], built: Path) -> None:
    step("permissions: what each function asked of the table, against its role")
    for name, witness in witnesses.items():
        wrong = beyond(name, witness.calls, built)
        kinds = sorted({f"{action} {key[:1] if key else where}" for action, where, key in witness.calls})
        check(bool(kinds) and not wrong, f"{name}: {', '.join(wrong) or ', '.join(kinds)}")
        if idle := not_asked(name, witness.calls, built):
            note(f"     (allowed, and not asked for in this rehearsal: {', '.join(idle)})")
        loose = unbounded(name, built)
        check(not loose, f"{name}: each action on items is bound to keys{''.join(f', but {action}' for action in loose)}")


if __name__ == "__main__":
    sys.exit(main())
