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
BUCKET = "rehearsal"
SECRET_NAMES = (
    "DINGTALK_APP_SECRET",
    "DINGTALK_CALLBACK_TOKEN",
    "DINGTALK_CALLBACK_AES_KEY",
    "DATAPHIN_ACCESS_TOKEN",
    "DATAPHIN_CALLBACK_AES_KEY",
)


def run(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "SAM_CLI_TELEMETRY": "0", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command[:2])} failed:\n{done.stdout[-4000:]}")


class Installation:
    """A stack between the two ends."""

    def __init__(self, built: Path, emulator: Emulator, ends: Ends, front: Front) -> None:
        self.built, self.emulator, self.ends, self.front = built, emulator, ends, front
        self.stacks, self.table_api = emulator.client("cloudformation"), emulator.client("dynamodb")
        self.functions, self.secrets = emulator.client("lambda"), emulator.client("secretsmanager")
        place = {"LocationConstraint": emulator.region}
        emulator.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=place)
        self.secret = {name: ends.variables[name] for name in SECRET_NAMES}
        self.secret["BRIDGE_OPERATOR_TOKEN"] = secrets.token_urlsafe(24)
        made = self.secrets.create_secret(Name="approval-bridge", SecretString=json.dumps(self.secret))
        self.parameters = {
            "SecretArn": made["ARN"],
            "Architecture": "x86_64",
            "DingTalkAppKey": ends.variables["DINGTALK_APP_KEY"],
            "DingTalkAgentId": ends.variables["DINGTALK_AGENT_ID"],
            "DingTalkCorpId": ends.variables["DINGTALK_CORP_ID"],
            "DingTalkProcessCode": ends.variables["DINGTALK_PROCESS_CODE"],
            "DingTalkServiceUserId": ends.variables["DINGTALK_SERVICE_USER_ID"],
            "DingTalkApiUrl": ends.variables["DINGTALK_API_URL"],
            "DingTalkOapiUrl": ends.variables["DINGTALK_OAPI_URL"],
            "DataphinCallbackUrl": ends.variables["DATAPHIN_CALLBACK_URL"],
        }

    def deploy(self, **changes: str) -> dict[str, str]:
        """Creates or updates the stack; gives its outputs."""
        self.parameters.update(changes)
        overrides = [f"{name}={value}" for name, value in self.parameters.items()]
        command = ["sam", "deploy", "--template-file", str(self.built / "template.yaml")]
        command += ["--stack-name", STACK, "--s3-bucket", BUCKET, "--region", self.emulator.region]
        command += ["--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
        command += ["--no-confirm-changeset", "--no-progressbar", "--parameter-overrides", *overrides]
        run(command, self.emulator.environment)
        stack = self.stacks.describe_stacks(StackName=STACK)["Stacks"][0]
        outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        self.front.lead_to(self.api(outputs), self.emulator.port)
        return outputs

    def remove(self) -> None:
        """Deletes the stack, by the call that `sam delete` ends in: the emulator does not answer what that asks before."""
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

    @staticmethod
    def function(name: str) -> str:
        """A function's whole name."""
        return f"{STACK}-{name}"

    @staticmethod
    def api(outputs: dict[str, str]) -> str:
        """The API's id."""
        return outputs["DataphinSubmitApprovalRequestUrl"].removeprefix("https://").split(".")[0]


def table_of(built: Path) -> dict:
    """The table in the template that was deployed, without its short forms."""

    class Loader(yaml.SafeLoader):
        pass

    Loader.add_multi_constructor("!", lambda loader, tag, node: tag)
    return yaml.load((built / "template.yaml").read_text(), Loader)["Resources"]["Table"]


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
