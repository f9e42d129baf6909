"""What the panel, the workers and the clock start from alike; a worker has no use for the panel's pages."""

from __future__ import annotations

import logging

from sqlalchemy import Engine, create_engine

from webapp.config import Config
from webapp.database import ENGINE_OPTIONS, prepare_engine


def enter(config: Config) -> None:
    """Begin a process: its log, and its folder for data."""
    logging.basicConfig(level=config.log_level, format="%(levelname)s %(name)s %(message)s")
    config.data_dir.mkdir(parents=True, exist_ok=True)


def open_database(config: Config) -> Engine:
    """The database, as every process opens it."""
    engine = create_engine(config.database_url, **ENGINE_OPTIONS)
    prepare_engine(engine)
    return engine
