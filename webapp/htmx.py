"""The HTMX idiom in one place: one address gives the whole page, or only the part that was asked for.

A view ends in `answer(...)`. A form's view ends, when all went well, in `done(...)`: a fragment for htmx, else a
redirect (303). Answers that depend on the header say so in `Vary`.
"""

from __future__ import annotations

from typing import Any

from flask import Response, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse


def wants_fragment() -> bool:
    """Whether htmx asks for a part of the page (a restore of history wants the whole one)."""
    headers = request.headers
    return headers.get("HX-Request") == "true" and headers.get("HX-History-Restore-Request") != "true"


def answer(page: str, fragment: str, status: int = 200, /, **context: Any) -> Response:
    """Render `fragment` alone for htmx, else the whole `page` that includes it."""
    response = make_response(render_template(fragment if wants_fragment() else page, **context), status)
    response.vary.add("HX-Request")
    return response


def done(url: str, fragment: str, /, **context: Any) -> AnyResponse:
    """After a change: for htmx the new fragment with `url` as the address, else a redirect to `url` (303)."""
    if not wants_fragment():
        response: AnyResponse = redirect(url, 303)
    else:
        response = make_response(render_template(fragment, **context))
        response.headers["HX-Push-Url"] = url
    response.vary.add("HX-Request")
    return response


def go_to(url: str) -> AnyResponse:
    """Load another page as a whole: 303, or `HX-Redirect` for htmx (whose swap cannot leave the page)."""
    if not wants_fragment():
        response: AnyResponse = redirect(url, 303)
    else:
        response = make_response("")
        response.headers["HX-Redirect"] = url
    response.vary.add("HX-Request")
    return response
