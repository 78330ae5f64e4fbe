"""What `sam build` made, fitted to the emulator: in a copy."""

import shutil
from pathlib import Path

import yaml

# What the emulator cannot make. The linter has looked at them.
UNKNOWN = ("AWS::Logs::MetricFilter",)


def fitted(built: Path, work: Path) -> tuple[Path, list[str]]:
    """A copy without what the emulator cannot make; and what that is."""
    copy, left_out = work / "fitted", []
    shutil.copytree(built, copy)
    for path in copy.rglob("template.yaml"):
        template = yaml.safe_load(path.read_text())
        for name, resource in list(template["Resources"].items()):
            if resource["Type"] in UNKNOWN:
                del template["Resources"][name]
                left_out.append(name)
        path.write_text(yaml.safe_dump(template, allow_unicode=True, sort_keys=False))
    return copy, left_out
