"""`flask secrets`: what is stored encrypted, and the keys it is encrypted with."""

from __future__ import annotations

import click
from flask.cli import AppGroup
from sqlalchemy import delete, select
from sqlalchemy.orm import joinedload

from webapp.database import begin_writing
from webapp.extensions import db
from webapp.filters import count
from webapp.models import Credential, TokenCache
from webapp.running import secret_box
from webapp.secrets import SecretUnreadable

secrets = AppGroup("secrets", help="Stored secrets and their keys.")


@secrets.command("rotate")
def rotate() -> None:
    """Encrypt every stored secret with the first of SECRET_ENCRYPTION_KEYS; the others can be removed then (S22)."""
    session, box = db.session(), secret_box()
    begin_writing(session)
    done, unreadable = 0, []
    for row in session.scalars(select(Credential).options(joinedload(Credential.connection)).order_by(Credential.id)):
        try:
            row.secret_encrypted = box.encrypt(box.decrypt(row.secret_encrypted))
            done += 1
        except SecretUnreadable:
            unreadable.append(row.connection.name)
    session.execute(delete(TokenCache))  # workers get new ones
    session.commit()
    click.echo(f"{count(done, 'secret is', 'secrets are')} encrypted with the first key.")
    if unreadable:
        names = ", ".join(unreadable)
        raise click.ClickException(f"No key decrypts the secret of: {names}. Enter it again, then rotate once more.")
    click.echo("The other keys can be removed from SECRET_ENCRYPTION_KEYS.")
