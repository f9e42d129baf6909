"""Encryption of what must not be readable in the database: client secrets and token caches."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from webapp.errors import AppError


class SecretUnreadable(AppError):
    """None of the configured keys decrypts what is stored; the secret has to be entered again."""

    code = "secret_unreadable"
    http_status = 500


class SecretBox:
    """Encrypts with the first key and decrypts with any, so that keys can be rotated."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    def encrypt(self, text: str) -> str:
        """`text` as an ASCII token."""
        return self._fernet.encrypt(text.encode()).decode()

    def decrypt(self, token: str) -> str:
        """The text of `token`; raises `SecretUnreadable`, which carries nothing of it."""
        try:
            return self._fernet.decrypt(token.encode()).decode()
        except InvalidToken:
            raise SecretUnreadable from None
