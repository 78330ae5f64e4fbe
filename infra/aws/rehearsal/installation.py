"""A stack between the two ends, and the table that it leaves."""

import json
import os
import secrets
import subprocess
from pathlib import Path

import yaml

from .emulator import Emulator
from .ends import Ends
from .front import Front

ROOT = Path(__file__).resolve().parents[3]
STACK = "approval-bridge-rehearsal"
SECRET = "approval-bridge/secrets"
FUNCTIONS = ("submit", "callback", "test-connection", "template", "relay", "sweep")
OPERATORS_POLICIES = ("PolicyForLooking", "PolicyForResending")
# As the template names them.
RESOURCES = {name: name.title().replace("-", "") for name in FUNCTIONS}
SECRET_NAMES = (
    "DINGTALK_APP_SECRET",
    "DINGTALK_CALLBACK_TOKEN",
    "DINGTALK_CALLBACK_AES_KEY",
    "DATAPHIN_ACCESS_TOKEN",
    "DATAPHIN_CALLBACK_AES_KEY",
)


def run(command: list[str], environment: dict[str, str], where: Path = ROOT) -> None:
    done = subprocess.run(
        command,
        cwd=where,
        env={**os.environ, "SAM_CLI_TELEMETRY": "0", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command[:2])} failed:\n{done.stdout[-4000:]}")


class Parameters:
    """The installation's own file, which every command of `sam` reads by the project's samconfig.toml, where it stands."""

    def __init__(self, work: Path) -> None:
        self._folder, self._values = work, dict[str, str]()
        self.set(Architecture="x86_64")

    def set(self, **changes: str) -> None:
        """Writes values into it."""
        self._values |= changes
        lines = [f"{name} = {json.dumps(value)}\n" for name, value in self._values.items()]
        (self._folder / "parameters.toml").write_text("".join(lines))

    def sam(self, command: str, *words: str, **environment: str) -> None:
        """Runs a command of `sam` beside it."""
        run(["sam", command, "--config-file", str(ROOT / "samconfig.toml"), *words], environment, self._folder)


class Installation:
    """A stack between the two ends."""

    def __init__(self, built: Path, parameters: Parameters, emulator: Emulator, ends: Ends, front: Front) -> None:
        self.built, self.parameters, self.emulator, self.ends, self.front = built, parameters, emulator, ends, front
        self.stacks, self.table_api = emulator.client("cloudformation"), emulator.client("dynamodb")
        self.functions, self.secrets = emulator.client("lambda"), emulator.client("secretsmanager")
        self.people = emulator.client("iam")
        self.secret = {name: ends.variables[name] for name in SECRET_NAMES}
        self.secret["BRIDGE_OPERATOR_TOKEN"] = secrets.token_urlsafe(24)
        made = self.secrets.create_secret(Name=SECRET, SecretString=json.dumps(self.secret))
        self.parameters.set(
            SecretArn=made["ARN"],
            DingTalkAppKey=ends.variables["DINGTALK_APP_KEY"],
            DingTalkAgentId=ends.variables["DINGTALK_AGENT_ID"],
            DingTalkCorpId=ends.variables["DINGTALK_CORP_ID"],
            DingTalkProcessCode=ends.variables["DINGTALK_PROCESS_CODE"],
            DingTalkServiceUserId=ends.variables["DINGTALK_SERVICE_USER_ID"],
            DingTalkApiUrl=ends.variables["DINGTALK_API_URL"],
            DingTalkOapiUrl=ends.variables["DINGTALK_OAPI_URL"],
            DataphinCallbackUrl=ends.variables["DATAPHIN_CALLBACK_URL"],
        )

    def deploy(self, **changes: str) -> dict[str, str]:
        """Creates or updates the stack, with its parameters changed like this; gives its outputs."""
        self.parameters.set(**changes)
        words = ["--template-file", str(self.built / "template.yaml"), "--stack-name", STACK]
        self.parameters.sam("deploy", *words, "--no-confirm-changeset", "--no-progressbar", **self.emulator.environment)
        stack = self.stacks.describe_stacks(StackName=STACK)["Stacks"][0]
        outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        self.front.lead_to(self.api(outputs), self.emulator.port)
        return outputs

    def holders(self) -> list[str]:
        """The roles that hold a policy of the stack's for operators by hand. AWS deletes no such policy, and so no such stack; the
        emulator deletes both."""
        outputs = {one["OutputKey"]: one["OutputValue"] for one in self.stacks.describe_stacks(StackName=STACK)["Stacks"][0]["Outputs"]}
        held = [self.people.list_entities_for_policy(PolicyArn=outputs[name]) for name in OPERATORS_POLICIES]
        return sorted({role["RoleName"] for entities in held for role in entities["PolicyRoles"]})

    def remove(self) -> None:
        """Deletes the stack, by the call that `sam delete` ends in: the emulator does not answer what that asks before."""
        if holders := self.holders():
            raise RuntimeError(f"DELETE_FAILED: Cannot delete a policy attached to entities: {', '.join(holders)}")
        self.stacks.delete_stack(StackName=STACK)
        self.stacks.get_waiter("stack_delete_complete").wait(StackName=STACK, WaiterConfig={"Delay": 1})
        self.front.lead_to(None, 0)

    def is_there(self) -> bool:
        """Whether there is a stack."""
        stacks = self.stacks.list_stacks(StackStatusFilter=["CREATE_COMPLETE", "UPDATE_COMPLETE"])["StackSummaries"]
        return any(stack["StackName"] == STACK for stack in stacks)

    def environment(self, function: str) -> dict[str, str]:
        """What a function has in its environment."""
        found = self.functions.get_function_configuration(FunctionName=self.function(function))
        return found["Environment"]["Variables"]

    def at_table(self, table: str) -> dict[str, str]:
        """The environment of a command of `bridge` that works on the stack's table."""
        own = {"BRIDGE_TABLE": table, "BRIDGE_DYNAMODB_ENDPOINT": self.emulator.environment["AWS_ENDPOINT_URL"]}
        return self.emulator.environment | own

    def clock(self) -> set[str]:
        """Whether the clock wakes the sweep."""
        return {rule["State"] for rule in self.emulator.client("events").list_rules()["Rules"]}

    @staticmethod
    def function(name: str) -> str:
        """A function's whole name."""
        return f"{STACK}-{name}"

    @staticmethod
    def api(outputs: dict[str, str]) -> str:
        """The API's id."""
        return outputs["DataphinSubmitApprovalRequestUrl"].removeprefix("https://").split(".")[0]


def resources_of(built: Path) -> dict:
    """What the template that was deployed makes."""
    return yaml.safe_load((built / "template.yaml").read_text())["Resources"]


def stand_still(resources: dict) -> list[str]:
    """What the template keeps from running while it is paused."""
    def paused(property_of: dict | None) -> object:
        return (property_of or {}).get("Fn::If", [None, None])[:2]

    functions = {name: found["Properties"] for name, found in resources.items() if found["Type"] == "AWS::Serverless::Function"}
    still = [name for name, found in functions.items() if paused(found.get("ReservedConcurrentExecutions")) == ["IsPaused", 0]]
    stream = functions["Relay"]["Events"]["Changes"]["Properties"]
    return still + (["stream"] if paused(stream.get("Enabled")) == ["IsPaused", False] else [])


def goes_with_the_stack(built: Path) -> list[str]:
    """Where the operators' policies get roles and groups from, so that CloudFormation itself detaches them."""
    roles = yaml.safe_load((built / "Roles" / "template.yaml").read_text())["Resources"]
    return [str(roles[policy]["Properties"].get(kind)) for policy in ("Look", "Resend") for kind in ("Roles", "Groups")]


def turn_on_expiry(api, table: str) -> None:
    """Items with `expires` go away by themselves."""
    api.update_time_to_live(
        TableName=table, TimeToLiveSpecification={"AttributeName": "expires", "Enabled": True}
    )


def leave_table(api, properties: dict, items: list[dict]) -> str:
    """A table like the stack's, with what was in it; gives its stream."""
    made = api.create_table(
        TableName="left-behind",
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        **{name: properties[name] for name in ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")},
    )
    turn_on_expiry(api, "left-behind")
    for item in items:
        api.put_item(TableName="left-behind", Item=item)
    return made["TableDescription"]["LatestStreamArn"]
