"""`flask users`: accounts of the panel."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from webapp.auth import service
from webapp.auth.passwords import random_password
from webapp.clock import utcnow
from webapp.database import begin_writing
from webapp.extensions import db

users = AppGroup("users", help="Accounts of the panel.")

WORDS = {
    "email_taken": "There is an account with this email already.",
    "email_wrong": "This is not an email address.",
    "no_such_user": "There is no account with this email.",
    "password_short": "The password has to have at least 12 characters.",
}


@users.command("ensure-admin")
def ensure_admin() -> None:
    """Make the first administrator and print the password once; silent when any account exists."""
    begin_writing(db.session())
    made = service.ensure_admin(db.session(), utcnow())
    db.session.commit()
    if made:
        click.echo(f"email={made[0]} password={made[1]}")


@users.command("add")
@click.argument("email")
@click.option("--name", default="", help="The name shown in the panel.")
@click.option("--password", default="", help="Without it a random one is made and printed.")
def add(email: str, name: str, password: str) -> None:
    """Make an account."""
    chosen = password or random_password()
    begin_writing(db.session())
    try:
        user = service.add_user(db.session(), email, name, chosen, utcnow())
    except service.AccountError as error:
        raise click.ClickException(WORDS[error.code]) from None
    db.session.commit()
    click.echo(f"email={user.email}" + ("" if password else f" password={chosen}"))


@users.command("reset-password")
@click.argument("email")
def reset_password(email: str) -> None:
    """Give an account a new random password, printed once; its sessions end."""
    chosen = random_password()
    begin_writing(db.session())
    try:
        user = service.reset_password(db.session(), email, chosen)
    except service.AccountError as error:
        raise click.ClickException(WORDS[error.code]) from None
    db.session.commit()
    click.echo(f"email={user.email} password={chosen}")
