"""What `sam build` made, fitted to the emulator: in a copy."""

import shutil
from pathlib import Path

import yaml

# What the emulator cannot make, and alarms that calculate. The linter has looked at them.
UNKNOWN = ("AWS::Logs::MetricFilter",)


def fitted(built: Path, work: Path, stores: dict[str, str]) -> tuple[Path, list[str]]:
    """A copy without what the emulator cannot make, whose functions find the table at addresses of their own; and what was
    left out."""
    copy, left_out = work / "fitted", []
    shutil.copytree(built, copy)
    for path in copy.rglob("template.yaml"):
        template = yaml.safe_load(path.read_text())
        for name, resource in list(template["Resources"].items()):
            if resource["Type"] in UNKNOWN or calculates(resource):
                del template["Resources"][name]
                left_out.append(name)
            if resource["Type"] == "AWS::Serverless::Function":
                resource["Properties"]["Environment"] = {"Variables": {"BRIDGE_DYNAMODB_ENDPOINT": stores[name]}}
        path.write_text(yaml.safe_dump(template, allow_unicode=True, sort_keys=False))
    return copy, left_out


def calculates(resource: dict) -> bool:
    return resource["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" in resource["Properties"]
