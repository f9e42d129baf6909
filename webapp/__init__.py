"""The panel: a Flask application made by `create_app`.

Imports stand inside of the function, so that `webapp.domain` and `webapp.models` load without Flask's help.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from webapp.config import Config

FEATURES = (
    "auth",
    "overview",
    "connections",
    "sync_settings",
    "rooms",
    "room_import",
    "reservations",
    "activity",
    "ledger",
    "setup_guide",
)
"""Folders with a `views.py` that has a `blueprint`, and perhaps a `words.py` with `WORDS`."""
FOR_DEVELOPERS = ("parts",)
"""The same, where the environment asks for it."""


def create_app(config: Config | None = None) -> Flask:
    """The application; without `config` it is read from the environment (raises `ConfigError`)."""
    import os

    from flask import Flask

    from webapp import cli, error_pages, filters, security, shell
    from webapp.config import load_config
    from webapp.database import ENGINE_OPTIONS, prepare_engine
    from webapp.enqueue import Bell, connect_redis
    from webapp.extensions import db, migrate
    from webapp.forms import RowId
    from webapp.foundation import enter
    from webapp.secrets import SecretBox

    config = config or load_config(os.environ)
    enter(config)
    app = Flask(__name__)
    app.url_map.converters["int"] = RowId
    app.config["SQLALCHEMY_DATABASE_URI"] = config.database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = ENGINE_OPTIONS
    app.extensions["panel_config"] = config
    app.extensions["secret_box"] = SecretBox(config.secret_encryption_keys)
    app.extensions["bell"] = Bell(connect_redis(config.redis_url))
    security.secure(app, config)
    db.init_app(app)
    migrate.init_app(app, db, compare_type=True, render_as_batch=True)
    with app.app_context():
        prepare_engine(db.engine)
    filters.register(app)
    shell.register(app)
    error_pages.register(app)
    cli.register(app)
    _register_features(app, FEATURES + (FOR_DEVELOPERS if config.shows_parts else ()))
    return app


def _register_features(app: Flask, features: tuple[str, ...]) -> None:
    from importlib import import_module
    from importlib.util import find_spec

    from webapp.auth.session import init_login
    from webapp.words import learn

    init_login(app)
    for feature in features:
        package = f"webapp.{feature}"
        if find_spec(package) is None or find_spec(f"{package}.views") is None:
            continue
        if find_spec(f"{package}.words") is not None:
            learn(import_module(f"{package}.words").WORDS)
        app.register_blueprint(import_module(f"{package}.views").blueprint)
