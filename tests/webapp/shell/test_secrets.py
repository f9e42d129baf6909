"""Encryption at rest."""

from __future__ import annotations

import traceback

import pytest
from cryptography.fernet import Fernet

from webapp.secrets import SecretBox, SecretUnreadable

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def test_what_is_encrypted_comes_back() -> None:
    token = SecretBox([NEW]).encrypt("päss~word")
    assert "päss" not in token
    assert SecretBox([NEW]).decrypt(token) == "päss~word"


def test_the_first_key_encrypts_and_all_decrypt() -> None:
    """S22."""
    token = SecretBox([OLD]).encrypt("x")
    rotated = SecretBox([NEW, OLD])
    assert rotated.decrypt(token) == "x"
    assert SecretBox([NEW]).decrypt(rotated.encrypt("y")) == "y"


@pytest.mark.parametrize("key", [OLD, NEW], ids=["changed_token", "wrong_key"])
def test_a_wrong_key_or_a_changed_token_is_an_error_that_carries_nothing(key: str) -> None:
    """S22."""
    token = SecretBox([OLD]).encrypt("x")
    token = token if key == NEW else token[:20] + ("A" if token[20] != "A" else "B") + token[21:]
    with pytest.raises(SecretUnreadable) as caught:
        SecretBox([key]).decrypt(token)
    assert token not in "".join(traceback.format_exception(caught.value))
