"""Reference material about Microsoft Graph that may lie beside the checkout: recordings, examples, a description."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[3] / "shared" / "graph"
ABSENT = "the reference folder is not beside this checkout"


def recordings() -> set[str]:
    """The names of the recorded answers; empty where there are none."""
    return {path.stem for path in (FOLDER / "recorded").glob("*.json")}


def examples() -> set[str]:
    """The names of the documented payloads; empty where there are none."""
    return {path.stem for path in (FOLDER / "examples").glob("*.json")}


def recording(name: str) -> dict[str, Any]:
    """One recording: request and response."""
    recorded: dict[str, Any] = json.loads((FOLDER / "recorded" / f"{name}.json").read_text())
    return recorded


def example(name: str) -> Any:
    """One documented payload."""
    return json.loads((FOLDER / "examples" / f"{name}.json").read_text())


@cache
def description() -> dict[str, Any] | None:
    """The OpenAPI description; None where it is not there."""
    path = FOLDER / "openapi.yaml"
    if not path.exists():
        return None
    import yaml

    described: dict[str, Any] = yaml.safe_load(path.read_text())
    return described
