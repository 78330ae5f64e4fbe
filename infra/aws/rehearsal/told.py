"""What was proved and what was not, line by line."""

_failed: list[str] = []


def step(what: str) -> None:
    """Begins a step."""
    print(f"\n== {what}", flush=True)


def note(what: str) -> None:
    """Says something besides."""
    print(f"   {what}", flush=True)


def check(holds: bool, what: str) -> None:
    """Tells whether something holds."""
    print(f"   {'ok  ' if holds else 'FAIL'} {what}", flush=True)
    if not holds:
        _failed.append(what)


def summary(not_shown: tuple[str, ...]) -> int:
    """Ends: what no emulator shows, and the exit code."""
    step("what no emulator shows: see the checklist for a first deployment")
    for what in not_shown:
        note(f"- {what}")
    print(f"\n{'everything is as it should be' if not _failed else f'{len(_failed)} not as it should be'}", flush=True)
    return 1 if _failed else 0
