"""Passwords: argon2 hashes, and random ones for people to type once."""

from __future__ import annotations

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_hasher = PasswordHasher()
_DECOY = _hasher.hash(secrets.token_urlsafe(16))
"""Checked for unknown people, so that an unknown email takes as long as a wrong password."""
MINIMUM = 12


def hash_password(password: str) -> str:
    """An argon2id hash with its parameters in it."""
    return _hasher.hash(password)


def is_right(password_hash: str | None, password: str) -> bool:
    """Whether `password` belongs to the hash; None (no such person) takes the same time and is never right."""
    try:
        return _hasher.verify(password_hash or _DECOY, password) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False


def random_password() -> str:
    """Sixteen characters that no one mixes up, about 80 bits."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "".join(secrets.choice(letters) for _ in range(16))
