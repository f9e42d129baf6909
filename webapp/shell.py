"""What stands around every page: navigation, banners that concern the whole system, versioned static files."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

from flask import Flask, g, url_for
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from whitenoise import WhiteNoise

from webapp.clock import utcnow
from webapp.extensions import db
from webapp.models import Hold, Mailbox, Outbox, SyncSettings, WorkerHeartbeat
from webapp.running import panel_config

WORKER_MISSED = timedelta(minutes=2)
"""A worker that has not been seen for so long is taken for gone."""
STATIC = Path(__file__).parent / "static"
STATIC_SECONDS = 7 * 24 * 3600
"""Static files are asked for with the version of their contents, so they may be kept."""


@dataclass(frozen=True)
class Standing:
    """How the system stands, read once a page with one query."""

    now: datetime
    sync_enabled: bool
    waiting: int
    holds: int
    workers: int
    worker_seen_at: datetime | None
    polled_at: datetime | None

    @property
    def worker_missing(self) -> bool:
        """No worker has been seen lately."""
        return self.worker_seen_at is None or self.now - self.worker_seen_at >= WORKER_MISSED


def standing(session: Session, now: datetime) -> Standing:
    """Read `Standing` at `now`: one query of small scalars."""
    worker = WorkerHeartbeat.kind == "worker"
    row = session.execute(
        select(
            select(SyncSettings.enabled).scalar_subquery().label("enabled"),
            select(func.count()).select_from(Outbox).scalar_subquery().label("waiting"),
            select(func.count()).select_from(Hold).where(Hold.closed_at.is_(None)).scalar_subquery().label("holds"),
            select(func.count())
            .select_from(WorkerHeartbeat)
            .where(worker, WorkerHeartbeat.seen_at > now - WORKER_MISSED)
            .scalar_subquery()
            .label("workers"),
            select(func.max(WorkerHeartbeat.seen_at)).where(worker).scalar_subquery().label("seen"),
            select(func.max(Mailbox.last_polled_at)).scalar_subquery().label("polled"),
        )
    ).one()
    return Standing(now, bool(row.enabled), row.waiting, row.holds, row.workers, row.seen, row.polled)


def page_standing() -> Standing:
    """The standing of this request, read when the first banner asks for it."""
    if "standing" not in g:
        g.standing = standing(db.session(), utcnow())
    return cast(Standing, g.standing)


def contents_version(folder: Path) -> str:
    """A short digest of every file below `folder`."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def static_address(path: str, version: str) -> str:
    """The address of a static file, made once a request: a page names the file of icons a hundred times."""
    made: dict[str, str] = g.setdefault("static_addresses", {})
    if path not in made:
        made[path] = url_for("static", filename=path, v=version)
    return made[path]


def register(app: Flask) -> None:
    """Serve static files and give templates what the shell needs."""
    version = contents_version(STATIC)
    app.wsgi_app = WhiteNoise(  # type: ignore[method-assign]
        app.wsgi_app,
        root=str(STATIC),
        prefix="static/",
        max_age=STATIC_SECONDS,
        add_headers_function=lambda headers, _path, _url: headers.add_header("X-Content-Type-Options", "nosniff"),
    )
    app.jinja_env.globals.update(
        static=lambda path: static_address(path, version),
        standing=page_standing,
        product=lambda: panel_config().product_name,
        has_endpoint=lambda name: name in app.view_functions,
        utcnow=utcnow,
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
