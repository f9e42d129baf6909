"""The words for people, by code: what happened, why, and what to do.

Errors carry codes and fields; here, and only here and in templates, they become sentences. A feature brings its
own catalogue (`webapp/<feature>/words.py`, a dict `WORDS`), which `create_app` learns. Sentences are HTML: fields
are escaped when they are filled in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from webapp.errors import AppError


@dataclass(frozen=True)
class Words:
    """What happened (a headline), why (a sentence), and what to do (one step a string)."""

    what: str
    why: str = ""
    mend: tuple[str, ...] = field(default=())

    def filled(self, fields: Mapping[str, Any]) -> Words:
        """The same with `fields` filled in and escaped; a field without a value reads as a dash."""
        values = _Fields({name: value for name, value in fields.items() if value not in ("", None)})
        return Words(
            Markup(self.what).format_map(values),
            Markup(self.why).format_map(values),
            tuple(Markup(step).format_map(values) for step in self.mend),
        )


class _Fields(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "–"


CATALOGUE: dict[str, Words] = {
    "not_found": Words(
        "This page does not exist",
        "The address is wrong, or what it showed is gone.",
        ("Go back to the Overview and look for it from there.",),
    ),
    "unreadable_request": Words(
        "This request cannot be read",
        "It holds something that no page of this panel sends. Nothing was saved.",
        ("Open the page again and use its buttons.",),
    ),
    "not_allowed_method": Words("This address does not take that request", "Open the page and use its buttons."),
    "too_large": Words("That is more than a form can hold", "Nothing was saved."),
    "session_ended": Words(
        "Your session ended", "Nothing was saved.", ("Sign in again, then go back and send the form once more.",)
    ),
    "internal": Words(
        "Something went wrong here",
        "The panel could not finish this. Nothing was half saved; the error is in the log of the web process.",
        ("Try again. If it stays, look at the log or call whoever runs this panel.",),
    ),
    "secret_unreadable": Words(
        "The stored secret cannot be decrypted",
        "The keys in SECRET_ENCRYPTION_KEYS are not the ones it was stored with.",
        ("Put the old key back behind the new one, or enter the secret value again.",),
    ),
}


def learn(words: Mapping[str, Words]) -> None:
    """Add a feature's catalogue; two features must not word one code differently."""
    for code, entry in words.items():
        if CATALOGUE.setdefault(code, entry) != entry:
            raise ValueError(f"the code {code!r} is worded twice")


def words_for(code: str, fields: Mapping[str, Any] | None = None) -> Words:
    """The words of a code with its fields; an unknown code is shown as itself, never as an error of ours."""
    entry = CATALOGUE.get(code) or Words(code.replace("_", " ").capitalize())
    return entry.filled(fields or {})


def words_of(error: AppError) -> Words:
    """The words of an error."""
    return words_for(error.code, error.fields)
