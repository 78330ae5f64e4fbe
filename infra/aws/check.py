#!/usr/bin/env python3
"""Looks whether what an installation on AWS needs is there, and says in a sentence each what to do if not.

    python3 infra/aws/check.py            before `pip install`: the tools on this machine
    python3 infra/aws/check.py account    before `sam deploy`: the account, by parameters.toml

It ends with 1 if something is missing. It changes nothing. Any Python 3.6 can read it: an old one must be told that it is old.
"""

import importlib.util
import shutil
import subprocess
import sys

OLDEST_PYTHON = (3, 11)
STACK = "approval-bridge"
# AWS keeps so many executions of an account unreserved.
KEPT = 100
RUST_TARGETS = {"x86_64": "x86_64-unknown-linux-gnu", "arm64": "aarch64-unknown-linux-gnu"}
# As in the template.
DEFAULTS = {"Architecture": "x86_64", "ReserveConcurrency": "no", "SubmitConcurrency": "10", "RelayConcurrency": "4"}


def python(version, has_venv):
    """What is wrong with this Python."""
    found = ".".join(str(part) for part in version[:2])
    oldest = ".".join(str(part) for part in OLDEST_PYTHON)
    if tuple(version[:2]) < OLDEST_PYTHON:
        return [
            "This is Python {0}, and the deployment tools need {1} or later: install one (Debian 12 and Ubuntu 24.04 have it; dnf install "
            "python{1}; brew install python@{1}) and begin anew with that, as python{1} in place of python3.".format(found, oldest)
        ]
    if not has_venv:
        return ["This Python cannot make environments: install its venv module (on Debian and Ubuntu, apt-get install python3-venv)."]
    return []


def machine(has):
    """What is missing on the machine; `has` tells whether there is a command."""
    missing = []
    if not (has("cc") or has("gcc") or has("clang")):
        missing.append(
            "There is no C compiler, and the build needs one: apt-get install build-essential (Debian, Ubuntu), dnf install gcc (Fedora, "
            "Amazon Linux), xcode-select --install (macOS)."
        )
    if not (has("cargo") and has("rustup")):
        missing.append("Rust is missing: install it from https://rustup.rs, and open a new shell.")
    if not has("aws"):
        missing.append("The AWS CLI is missing: install version 2 from https://aws.amazon.com/cli/.")
    return missing


def rust_target(architecture, installed):
    """Whether Rust can build for the functions' processor."""
    target = RUST_TARGETS.get(architecture, architecture)
    if installed is None or target in installed:
        return []
    return ["Rust cannot build for {0} yet: rustup target add {1}".format(architecture, target)]


def region(name, architecture):
    """Whether the region has the processor, as far as is known."""
    if architecture == "arm64" and name.startswith("cn-"):
        return ['{0} has no arm64 for Lambda: write Architecture = "x86_64".'.format(name)]
    return []


def quota(parameters, unreserved, reserves_already):
    """Whether the account has executions enough to reserve some."""
    needed = KEPT + 1 + int(parameters["SubmitConcurrency"]) + int(parameters["RelayConcurrency"])
    if parameters["ReserveConcurrency"] != "yes" or reserves_already or unreserved >= needed:
        return []
    return [
        'The account has {0} unreserved executions, and ReserveConcurrency = "yes" needs {1}: write "no", or ask for more under '
        "Service Quotas > AWS Lambda > Concurrent executions.".format(unreserved, needed)
    ]


def left_behind(tables, stack_is_there):
    """Tables of stacks that are gone: nobody finds them by himself."""
    if stack_is_there or not tables:
        return []
    return [
        "(There are tables of earlier stacks: {0}. Take one up with ExistingTableName, or delete it: see the README.)".format(", ".join(tables))
    ]


def account(stack):
    """What is wrong with the account, and what is worth knowing."""
    import boto3  # pip has brought it by now.
    import tomllib
    from botocore.exceptions import BotoCoreError, ClientError

    with open("parameters.toml", "rb") as file:
        parameters = dict(DEFAULTS, **{name: str(value) for name, value in tomllib.load(file).items()})
    wrong = rust_target(parameters["Architecture"], installed_targets())
    session = boto3.session.Session()
    if not session.region_name:
        return wrong + ["There is no region: export AWS_DEFAULT_REGION=…"], []
    wrong += region(session.region_name, parameters["Architecture"])
    try:
        functions = session.client("lambda")
        unreserved = functions.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"]
        wrong += quota(parameters, unreserved, reserved(functions, stack, ClientError) > 0)
        pages = session.client("dynamodb").get_paginator("list_tables").paginate()
        tables = [name for page in pages for name in page["TableNames"] if name.startswith(stack + "-Table-")]
        return wrong, left_behind(tables, is_there(session.client("cloudformation"), stack, ClientError))
    except (BotoCoreError, ClientError) as error:
        return wrong + ["AWS does not answer as it should: {0}".format(error)], []


def installed_targets():
    try:
        listed = subprocess.run(["rustup", "target", "list", "--installed"], stdout=subprocess.PIPE, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return listed.stdout.decode().split()


def reserved(functions, stack, error):
    try:
        return functions.get_function_concurrency(FunctionName=stack + "-submit").get("ReservedConcurrentExecutions", 0)
    except error:
        return 0


def is_there(stacks, stack, error):
    try:
        return bool(stacks.describe_stacks(StackName=stack)["Stacks"])
    except error:
        return False


def main(words):
    notes = []
    this_python = python(sys.version_info, importlib.util.find_spec("ensurepip") is not None)
    if words[:1] == ["account"]:
        wrong, notes = (this_python, []) if this_python else account(words[1] if words[1:] else STACK)
    elif words == ["python"]:
        wrong = this_python
    elif not words:
        wrong = this_python + machine(shutil.which)
    else:
        sys.exit(__doc__)
    for line in wrong + notes:
        print(line)
    if not wrong:
        print("Nothing is missing.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
