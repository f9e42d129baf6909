"""axe-core in a page: what of it people with a keyboard, a screen reader or weak eyes would stumble over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

SOURCE = Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js"
STANDARDS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
RUN = """([kind, values]) => axe
  .run(document, {resultTypes: ["violations"], runOnly: {type: kind, values}})
  .then(({violations}) => violations.map(({id, help, nodes}) => ({id, help, nodes: nodes.map((one) => one.html)})))"""
COLOURS = ("color-contrast",)
"""What another theme can change."""


def violations(page: Page, *only: str) -> list[str]:
    """What axe finds, one line a rule with the first places; `only` some rules."""
    # Evaluated by the browser's own debugger: the page's policy would rightly refuse it as a script.
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(SOURCE.read_text())
    return [_line(found) for found in page.evaluate(RUN, ["rule", only] if only else ["tag", STANDARDS])]


def in_both_themes(page: Page) -> list[str]:
    """Everything in light, and the colours once more in dark."""
    # Without motion, or colours would be measured on their way from one theme to the other.
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    found = [f"light: {line}" for line in violations(page)]
    page.emulate_media(color_scheme="dark")
    found += [f"dark: {line}" for line in violations(page, *COLOURS)]
    page.emulate_media(color_scheme="light")
    return found


def _line(found: dict[str, Any]) -> str:
    places = " | ".join(html[:160] for html in found["nodes"][:3])
    return f"{found['id']} ({len(found['nodes'])}): {found['help']}: {places}"
