"""Refusals of Graph and of Entra, as answers are made of them."""

from __future__ import annotations

from dataclasses import dataclass, field


class GraphError(Exception):
    """An error answer of Graph: status, code, message, extra headers."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        headers: dict[str, str] | None = None,
        bare: bool = False,
        inner_code: str | None = None,
    ) -> None:
        super().__init__(f"{status} {code}")
        self.status, self.code, self.message = status, code, message
        self.headers = headers or {}
        self.bare = bare
        self.inner_code = inner_code


@dataclass
class TokenError(Exception):
    """An error answer of the token endpoint or of discovery."""

    status: int
    error: str
    code: int
    text: str
    uri: bool = field(default=True)


class AnswerLost(Exception):
    """The client never gets an answer; `after` tells whether the request had its effect."""

    def __init__(self, after: bool, dropped: bool = False) -> None:
        super().__init__("after" if after else "before")
        self.after = after
        self.dropped = dropped


def item_not_found() -> GraphError:
    """The id is gone, or is of another mailbox."""
    return GraphError(404, "ErrorItemNotFound", "The specified object was not found in the store.")


def malformed_id() -> GraphError:
    """Not an id at all."""
    return GraphError(400, "ErrorInvalidIdMalformed", "Id is malformed.")


def invalid_property() -> GraphError:
    """A value that Exchange refuses, without saying which."""
    return GraphError(400, "ErrorPropertyValidationFailure", "At least one property failed validation.")


def access_denied() -> GraphError:
    """The role is missing, or the mailbox is out of the app's scope."""
    return GraphError(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")


def bad_request(message: str) -> GraphError:
    """A request that cannot be understood."""
    return GraphError(400, "BadRequest", message)


def unknown_segment(segment: str) -> GraphError:
    """A path that Graph does not have: the broker refuses it, without innerError."""
    return GraphError(400, "RequestBroker--ParseUri", f"Resource not found for the segment '{segment}'.", bare=True)
