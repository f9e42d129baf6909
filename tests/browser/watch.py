"""What a browser complains of, and what it asks for."""

from __future__ import annotations

from playwright.sync_api import BrowserContext, Page

REPORT_VIOLATIONS = """
addEventListener("securitypolicyviolation", (event) =>
  noteViolation(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`));
"""
SAID_TO_PEOPLE = ("status of 422", "status of 409")
"""Chromium logs every answer above 399; with these two the panel refuses a form beside its fields."""


class Watch:
    """Collects from every page of a context: complaints of scripts and policies, and requests."""

    def __init__(self, context: BrowserContext) -> None:
        self.complaints: list[str] = []
        self.requests: list[str] = []
        context.expose_binding("noteViolation", lambda _, text: self.complaints.append(text))
        context.add_init_script(REPORT_VIOLATIONS)
        context.on("page", self._watch)

    def _watch(self, page: Page) -> None:
        page.on("console", lambda message: self._note(message.type, message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.append(f"{request.method} {request.url}"))

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and not any(words in text for words in SAID_TO_PEOPLE):
            self.complaints.append(text)
