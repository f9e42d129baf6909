"""The first tables, the one row of settings, and this installation's mark.

Revision: 0001, the first.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from webapp.models import base as models

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "connection",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("client_id", sa.String(length=36), nullable=False),
        sa.Column("tenant_id", sa.String(length=253), nullable=False),
        sa.Column("tenant_guid", sa.String(length=36), nullable=True),
        sa.Column("created_at", models.UtcDateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("places_wanted", sa.Integer(), nullable=False),
        sa.Column("places_done", sa.Integer(), nullable=False),
        sa.Column("places_listed_at", models.UtcDateTime(timezone=True), nullable=True),
        sa.Column("places_error", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connection")),
        sa.UniqueConstraint("name", name=op.f("uq_connection_name")),
    )
    op.create_table(
        "install",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mark", sa.String(length=8), nullable=False),
        sa.Column("made_at", models.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_install_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_install")),
    )
    op.create_table(
        "lease",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("expires_at", models.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lease")),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("email", name=op.f("uq_person_email")),
    )
    op.create_table(
        "sync_all",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("started_at", models.UtcDateTime(timezone=True), nullable=False),
        sa.Column("started_by", sa.String(length=200), nullable=False),
        sa.Column("finished_at", models.UtcDateTime(timezone=True), nullable=True),
        sa.Column("rooms_total", sa.Integer(), nullable=False),
        sa.Column("rooms_done", sa.Integer(), nullable=False),
        sa.Column("rooms_failed", sa.Integer(), nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_all")),
    )
    with op.batch_alter_table("sync_all", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sync_all_started_at"), ["started_at"], unique=False)

    op.create_table(
        "sync_settings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("sync_all_not_before", models.UtcDateTime(timezone=True), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_sync_settings_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_settings")),
    )
    op.create_table(
        "user",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("created_at", models.UtcDateTime(timezone=True), nullable=False),
        sa.Column("last_login_at", models.UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user")),
        sa.UniqueConstraint("email", name=op.f("uq_user_email")),
    )
    op.create_table(
        "worker_heartbeat",
        sa.Column("process", sa.String(length=96), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("started_at", models.UtcDateTime(timezone=True), nullable=False),
        sa.Column("seen_at", models.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("process", name=op.f("pk_worker_heartbeat")),
    )
    with op.batch_alter_table("worker_heartbeat", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_worker_heartbeat_seen_at"), ["seen_at"], unique=False)

    op.create_table(
        "connection_check",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "running",
                "confirmed",
                "failed",
                name="checkstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("requested_at", models.UtcDateTime(timezone=True), nullable=False),
        sa.Column("requested_by", sa.String(length=200), nullable=False),
        sa.Column("started_at", models.UtcDateTime(timezone=True), nullable=True),
        sa.Column("beat_at", models.UtcDateTime(timezone=True), nullable=True),
        sa.Column("finished_at", models.UtcDateTime(timezone=True), nullable=True),
        sa.Column("next_try_at", models.UtcDateTime(timezone=True), nullable=True),
        sa.Column("code", sa.String(length=64), nullable=True),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("steps", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_connection_check_connection_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connection_check")),
    )
    with op.batch_alter_table("connection_check", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_connection_check_connection_id_connection_check_requested_at"),
            ["connection_id", "requested_at"],
            unique=False,
        )
        batch_op.create_index(batch_op.f("ix_connection_check_state"), ["state"], unique=False)

    op.create_table(
        "credential",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("secret_id", sa.String(length=36), nullable=False),
        sa.Column("secret_encrypted", sa.Text(), nullable=False),
        sa.Column("stored_at", models.UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("refused_as_expired_at", models.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_credential_connection_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credential")),
        sa.UniqueConstraint("connection_id", name=op.f("uq_credential_connection_id")),
    )
    op.create_table(
        "mailbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("tenant_guid", sa.String(length=36), nullable=True),
        sa.Column("calendar_key", sa.Text(), nullable=True),
        sa.Column("claim_owner", sa.String(length=64), nullable=True),
        sa.Column("claim_expires_at", models.UtcDateTime(timezone=True), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("full_wanted", sa.Integer(), nullable=False),
        sa.Column("full_done", sa.Integer(), nullable=False),
        sa.Column("not_before", models.UtcDateTime(timezone=True), nullable=True),
        sa.Column("next_look_at", models.UtcDateTime(timezone=True), nullable=True),
        sa.Column("last_polled_at", models.UtcDateTime(timezone=True), nullable=True),
        sa.Column("last_round_at", models.UtcDateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.CheckConstraint("done <= wanted", name=op.f("ck_mailbox_done")),
        sa.CheckConstraint("full_done <= full_wanted", name=op.f("ck_mailbox_full_done")),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], name=op.f("fk_mailbox_connection_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailbox")),
        sa.UniqueConstraint("tenant_guid", "calendar_key", name=op.f("uq_mailbox_tenant_guid_calendar_key")),
    )
    with op.batch_alter_table("mailbox", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_mailbox_connection_id"), ["connection_id"], unique=False)

    op.create_table(
        "meeting",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=1024), nullable=False),
        sa.Column(
            "title_source",
            sa.Enum(
                "typed",
                "room_copy",
                "organizer",
                "placeholder",
                name="titlesource",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("is_private", sa.Boolean(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("single", "series", name="meetingkind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column(
            "home",
            sa.Enum("resource", "user", name="home", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column(
            "origin",
            sa.Enum("here", "outlook", name="origin", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("organizer_id", sa.Integer(), nullable=True),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("all_day", sa.Boolean(), nullable=False),
        sa.Column("starts_at", models.UtcDateTime(timezone=True), nullable=True),
        sa.Column("ends_at", models.UtcDateTime(timezone=True), nullable=True),
        sa.Column("start_date", sa.Date(), nullable=True),
        sa.Column("end_date", sa.Date(), nullable=True),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("other_attendees", sa.Integer(), nullable=False),
        sa.Column("tenant_guid", sa.String(length=36), nullable=True),
        sa.Column("ical_uid", sa.String(length=512), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", models.UtcDateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("cancelled_at", models.UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(all_day AND start_date IS NOT NULL AND end_date IS NOT NULL) OR (NOT all_day AND starts_at IS NOT NULL AND ends_at IS NOT NULL)",
            name=op.f("ck_meeting_span"),
        ),
        sa.ForeignKeyConstraint(["organizer_id"], ["person.id"], name=op.f("fk_meeting_organizer_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["person.id"], name=op.f("fk_meeting_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meeting")),
        sa.UniqueConstraint("tenant_guid", "ical_uid", name=op.f("uq_meeting_tenant_guid_ical_uid")),
    )
    op.create_table(
        "room_choice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("building", sa.String(length=255), nullable=False),
        sa.Column("floor", sa.String(length=64), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=True),
        sa.Column("listed_at", models.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_room_choice_connection_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_room_choice")),
        sa.UniqueConstraint("connection_id", "address", name=op.f("uq_room_choice_connection_id_address")),
    )
    op.create_table(
        "token_cache",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("cache_encrypted", sa.Text(), nullable=False),
        sa.Column("updated_at", models.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_token_cache_connection_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("connection_id", name=op.f("pk_token_cache")),
    )
    op.create_table(
        "delta_session",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mailbox_id", sa.Integer(), nullable=False),
        sa.Column("window_start", models.UtcDateTime(timezone=True), nullable=False),
        sa.Column("window_end", models.UtcDateTime(timezone=True), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("is_listing", sa.Boolean(), nullable=False),
        sa.Column("delta_link", sa.Text(), nullable=True),
        sa.Column("delta_link_at", models.UtcDateTime(timezone=True), nullable=True),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("next_link", sa.Text(), nullable=True),
        sa.Column("round_began_at", models.UtcDateTime(timezone=True), nullable=True),
        sa.Column("started_at", models.UtcDateTime(timezone=True), nullable=False),
        sa.Column("full_seen", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["mailbox_id"], ["mailbox.id"], name=op.f("fk_delta_session_mailbox_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delta_session")),
    )
    with op.batch_alter_table("delta_session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_delta_session_mailbox_id"), ["mailbox_id"], unique=False)
        batch_op.create_index(
            "ix_delta_session_one_active",
            ["mailbox_id"],
            unique=True,
            sqlite_where=sa.text("active = 1"),
            postgresql_where=sa.text("active"),
        )

    op.create_table(
        "room",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("building", sa.String(length=200), nullable=False),
        sa.Column("floor", sa.String(length=64), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=True),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=True),
        sa.Column("external_address", sa.String(length=320), nullable=True),
        sa.Column("address_confirmed", sa.Boolean(), nullable=False),
        sa.Column("mailbox_id", sa.Integer(), nullable=True),
        sa.Column("sync_active", sa.Boolean(), nullable=False),
        sa.Column(
            "sync_state",
            sa.Enum(
                "off",
                "pending",
                "active",
                "error",
                "held",
                name="roomstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("sync_code", sa.String(length=64), nullable=True),
        sa.Column("sync_fields", sa.JSON(), nullable=False),
        sa.Column("sync_state_since", models.UtcDateTime(timezone=True), nullable=True),
        sa.Column("last_synced_at", models.UtcDateTime(timezone=True), nullable=True),
        sa.Column("progress_done", sa.Integer(), nullable=False),
        sa.Column("progress_total", sa.Integer(), nullable=True),
        sa.Column("archived_at", models.UtcDateTime(timezone=True), nullable=True),
        sa.Column("booking_seq", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", models.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(mailbox_id IS NULL) = (connection_id IS NULL OR external_address IS NULL)",
            name=op.f("ck_room_linked_whole"),
        ),
        sa.CheckConstraint("capacity IS NULL OR capacity >= 0", name=op.f("ck_room_capacity")),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], name=op.f("fk_room_connection_id")),
        sa.ForeignKeyConstraint(["mailbox_id"], ["mailbox.id"], name=op.f("fk_room_mailbox_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_room")),
        sa.UniqueConstraint("mailbox_id", name=op.f("uq_room_mailbox_id")),
    )
    with op.batch_alter_table("room", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_room_connection_id"), ["connection_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_room_name"), ["name"], unique=False)
        batch_op.create_index(batch_op.f("ix_room_sync_state"), ["sync_state"], unique=False)

    op.create_table(
        "hold",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("room_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "mass_cancel",
                "mass_retime",
                "empty_listing",
                "slot_taken",
                "edited_and_cancelled",
                name="holdkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("opened_at", models.UtcDateTime(timezone=True), nullable=False),
        sa.Column("closed_at", models.UtcDateTime(timezone=True), nullable=True),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["room_id"], ["room.id"], name=op.f("fk_hold_room_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hold")),
    )
    with op.batch_alter_table("hold", schema=None) as batch_op:
        batch_op.create_index(
            "ix_hold_one_open",
            ["room_id", "kind"],
            unique=True,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )
        batch_op.create_index(batch_op.f("ix_hold_room_id"), ["room_id"], unique=False)

    op.create_table(
        "reservation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("meeting_id", sa.Integer(), nullable=False),
        sa.Column("room_id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column(
            "sync_state",
            sa.Enum(
                "local",
                "waiting",
                "synced",
                "awaiting",
                "declined",
                "failed",
                "held",
                name="syncstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("sync_code", sa.String(length=64), nullable=True),
        sa.Column("sync_fields", sa.JSON(), nullable=False),
        sa.Column(
            "answer",
            sa.Enum(
                "none",
                "organizer",
                "tentativelyAccepted",
                "accepted",
                "declined",
                "notResponded",
                name="answer",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("incarnation", sa.Integer(), nullable=False),
        sa.Column("not_followed_since", models.UtcDateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", models.UtcDateTime(timezone=True), nullable=True),
        sa.Column("created_at", models.UtcDateTime(timezone=True), nullable=False),
        sa.Column("cancelled_at", models.UtcDateTime(timezone=True), nullable=True),
        sa.Column("cancelled_by", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.id"], name=op.f("fk_reservation_meeting_id")),
        sa.ForeignKeyConstraint(["room_id"], ["room.id"], name=op.f("fk_reservation_room_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reservation")),
        sa.UniqueConstraint("meeting_id", "room_id", name=op.f("uq_reservation_meeting_id_room_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_reservation_public_id")),
    )
    with op.batch_alter_table("reservation", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_reservation_room_id_reservation_sync_state"), ["room_id", "sync_state"], unique=False
        )

    op.create_table(
        "room_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("room_id", sa.Integer(), nullable=False),
        sa.Column("mailbox_id", sa.Integer(), nullable=False),
        sa.Column("sync_all_id", sa.Integer(), nullable=True),
        sa.Column(
            "kind",
            sa.Enum("delta", "full", name="runkind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column(
            "result",
            sa.Enum(
                "running",
                "done",
                "held",
                "throttled",
                "failed",
                "lost",
                name="runresult",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("started_at", models.UtcDateTime(timezone=True), nullable=False),
        sa.Column("finished_at", models.UtcDateTime(timezone=True), nullable=True),
        sa.Column("code", sa.String(length=64), nullable=True),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("events_read", sa.Integer(), nullable=False),
        sa.Column("changed_here", sa.Integer(), nullable=False),
        sa.Column("changed_there", sa.Integer(), nullable=False),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["mailbox_id"], ["mailbox.id"], name=op.f("fk_room_run_mailbox_id")),
        sa.ForeignKeyConstraint(["room_id"], ["room.id"], name=op.f("fk_room_run_room_id")),
        sa.ForeignKeyConstraint(
            ["sync_all_id"], ["sync_all.id"], name=op.f("fk_room_run_sync_all_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_room_run")),
    )
    with op.batch_alter_table("room_run", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_room_run_result"), ["result"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_room_run_room_id_room_run_started_at"), ["room_id", "started_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_room_run_started_at"), ["started_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_room_run_sync_all_id"), ["sync_all_id"], unique=False)

    op.create_table(
        "staged_row",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["delta_session.id"], name=op.f("fk_staged_row_session_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staged_row")),
        sa.UniqueConstraint("session_id", "position", name=op.f("uq_staged_row_session_id_position")),
    )
    op.create_table(
        "attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mailbox_id", sa.Integer(), nullable=False),
        sa.Column("reservation_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "create", "patch", "delete", name="attemptkind", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "open",
                "done",
                "refused",
                "dropped",
                name="attemptstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=True),
        sa.Column("transaction_id", sa.Text(), nullable=True),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("sends", sa.Integer(), nullable=False),
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.Column("next_look_at", models.UtcDateTime(timezone=True), nullable=True),
        sa.Column("started_at", models.UtcDateTime(timezone=True), nullable=False),
        sa.Column("finished_at", models.UtcDateTime(timezone=True), nullable=True),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=128), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["mailbox_id"], ["mailbox.id"], name=op.f("fk_attempt_mailbox_id")),
        sa.ForeignKeyConstraint(
            ["reservation_id"], ["reservation.id"], name=op.f("fk_attempt_reservation_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["run_id"], ["room_run.id"], name=op.f("fk_attempt_run_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
    )
    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_attempt_mailbox_id_attempt_state"), ["mailbox_id", "state"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_attempt_reservation_id"), ["reservation_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_attempt_started_at"), ["started_at"], unique=False)

    op.create_table(
        "conflict",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("room_id", sa.Integer(), nullable=False),
        sa.Column("reservation_id", sa.Integer(), nullable=False),
        sa.Column("other_reservation_id", sa.Integer(), nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "overlap",
                "time",
                "title",
                "cancelled_and_edited",
                name="conflictkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("at", models.UtcDateTime(timezone=True), nullable=False),
        sa.Column("ended_at", models.UtcDateTime(timezone=True), nullable=True),
        sa.Column("here", sa.JSON(), nullable=False),
        sa.Column("there", sa.JSON(), nullable=False),
        sa.Column("prevailed", sa.String(length=8), nullable=False),
        sa.ForeignKeyConstraint(
            ["other_reservation_id"],
            ["reservation.id"],
            name=op.f("fk_conflict_other_reservation_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["reservation_id"], ["reservation.id"], name=op.f("fk_conflict_reservation_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["room_id"], ["room.id"], name=op.f("fk_conflict_room_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conflict")),
    )
    with op.batch_alter_table("conflict", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_conflict_reservation_id"), ["reservation_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_conflict_room_id_conflict_ended_at"), ["room_id", "ended_at"], unique=False
        )

    op.create_table(
        "hold_action",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("hold_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("reservation_id", sa.Integer(), nullable=True),
        sa.Column("before", sa.JSON(), nullable=True),
        sa.Column("after", sa.JSON(), nullable=True),
        sa.Column("base_etag", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(["hold_id"], ["hold.id"], name=op.f("fk_hold_action_hold_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["reservation_id"], ["reservation.id"], name=op.f("fk_hold_action_reservation_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hold_action")),
        sa.UniqueConstraint("hold_id", "key", name=op.f("uq_hold_action_hold_id_key")),
    )
    with op.batch_alter_table("hold_action", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_hold_action_reservation_id"), ["reservation_id"], unique=False)

    op.create_table(
        "link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mailbox_id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column(
            "role",
            sa.Enum("authority", "copy", name="linkrole", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "new",
                "linked",
                "held",
                "quarantined",
                name="linkstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("is_series", sa.Boolean(), nullable=False),
        sa.Column("series_stale", sa.Boolean(), nullable=False),
        sa.Column("must_confirm", sa.Boolean(), nullable=False),
        sa.Column("reservation_id", sa.Integer(), nullable=True),
        sa.Column("ical_uid", sa.String(length=512), nullable=False),
        sa.Column("transaction_id", sa.Text(), nullable=True),
        sa.Column("incarnation", sa.Integer(), nullable=False),
        sa.Column("base_local", sa.JSON(), nullable=True),
        sa.Column("base_remote", sa.JSON(), nullable=True),
        sa.Column("base_change_key", sa.Text(), nullable=False),
        sa.Column("observed", sa.JSON(), nullable=True),
        sa.Column("observed_gone", sa.Boolean(), nullable=False),
        sa.Column("gone_confirmed", sa.Boolean(), nullable=False),
        sa.Column("removed_told", sa.Boolean(), nullable=False),
        sa.Column("dirty", sa.Boolean(), nullable=False),
        sa.Column("seen_at", models.UtcDateTime(timezone=True), nullable=True),
        sa.Column("written_at", models.UtcDateTime(timezone=True), nullable=True),
        sa.Column("shown_since", sa.Boolean(), nullable=False),
        sa.Column("next_look_at", models.UtcDateTime(timezone=True), nullable=True),
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.Column("subject_digest", sa.String(length=64), nullable=True),
        sa.Column("subject_seen_at", models.UtcDateTime(timezone=True), nullable=True),
        sa.Column("private_seen", sa.Boolean(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("created_at", models.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["mailbox_id"], ["mailbox.id"], name=op.f("fk_link_mailbox_id")),
        sa.ForeignKeyConstraint(["reservation_id"], ["reservation.id"], name=op.f("fk_link_reservation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link")),
        sa.UniqueConstraint("mailbox_id", "event_id", name=op.f("uq_link_mailbox_id_event_id")),
    )
    with op.batch_alter_table("link", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_link_mailbox_id_link_dirty"), ["mailbox_id", "dirty"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_link_mailbox_id_link_ical_uid"), ["mailbox_id", "ical_uid"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_link_next_look_at"), ["next_look_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_link_reservation_id"), ["reservation_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_link_transaction_id"), ["transaction_id"], unique=False)

    op.create_table(
        "occurrence",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("room_id", sa.Integer(), nullable=False),
        sa.Column("reservation_id", sa.Integer(), nullable=False),
        sa.Column("original_start", sa.String(length=10), nullable=False),
        sa.Column("starts_at", models.UtcDateTime(timezone=True), nullable=False),
        sa.Column("ends_at", models.UtcDateTime(timezone=True), nullable=False),
        sa.Column("blocks", sa.Boolean(), nullable=False),
        sa.Column(
            "answer",
            sa.Enum(
                "none",
                "organizer",
                "tentativelyAccepted",
                "accepted",
                "declined",
                "notResponded",
                name="answer",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["reservation_id"], ["reservation.id"], name=op.f("fk_occurrence_reservation_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["room_id"], ["room.id"], name=op.f("fk_occurrence_room_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_occurrence")),
        sa.UniqueConstraint(
            "reservation_id", "original_start", name=op.f("uq_occurrence_reservation_id_original_start")
        ),
    )
    with op.batch_alter_table("occurrence", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_occurrence_room_id_occurrence_starts_at_occurrence_ends_at"),
            ["room_id", "starts_at", "ends_at"],
            unique=False,
        )

    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mailbox_id", sa.Integer(), nullable=False),
        sa.Column("reservation_id", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("written_at", models.UtcDateTime(timezone=True), nullable=False),
        sa.Column("not_before", models.UtcDateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("parked", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["mailbox_id"], ["mailbox.id"], name=op.f("fk_outbox_mailbox_id")),
        sa.ForeignKeyConstraint(
            ["reservation_id"], ["reservation.id"], name=op.f("fk_outbox_reservation_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("reservation_id", name=op.f("uq_outbox_reservation_id")),
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_outbox_mailbox_id_outbox_id"), ["mailbox_id", "id"], unique=False)

    op.create_table(
        "run_step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("room_id", sa.Integer(), nullable=False),
        sa.Column("reservation_id", sa.Integer(), nullable=True),
        sa.Column("at", models.UtcDateTime(timezone=True), nullable=False),
        sa.Column("side", sa.String(length=8), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["reservation_id"], ["reservation.id"], name=op.f("fk_run_step_reservation_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["room_id"], ["room.id"], name=op.f("fk_run_step_room_id")),
        sa.ForeignKeyConstraint(["run_id"], ["room_run.id"], name=op.f("fk_run_step_run_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run_step")),
    )
    with op.batch_alter_table("run_step", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_run_step_reservation_id_run_step_at"), ["reservation_id", "at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_run_step_room_id_run_step_action_run_step_at"), ["room_id", "action", "at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_run_step_run_id"), ["run_id"], unique=False)

    op.create_table(
        "tombstone",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mailbox_id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("ical_uid", sa.String(length=512), nullable=False),
        sa.Column("transaction_id", sa.Text(), nullable=True),
        sa.Column("reservation_id", sa.Integer(), nullable=True),
        sa.Column("why", sa.String(length=32), nullable=False),
        sa.Column("made_at", models.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["mailbox_id"], ["mailbox.id"], name=op.f("fk_tombstone_mailbox_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["reservation_id"], ["reservation.id"], name=op.f("fk_tombstone_reservation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tombstone")),
    )
    with op.batch_alter_table("tombstone", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tombstone_made_at"), ["made_at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_tombstone_mailbox_id_tombstone_event_id"), ["mailbox_id", "event_id"], unique=False
        )

    install = sa.table("install", sa.column("id"), sa.column("mark"), sa.column("made_at", models.UtcDateTime()))
    op.bulk_insert(install, [{"id": 1, "mark": secrets.token_hex(4), "made_at": datetime.now(UTC)}])
    settings = sa.table("sync_settings", sa.column("id"), sa.column("enabled", sa.Boolean()), sa.column("revision"))
    op.bulk_insert(settings, [{"id": 1, "enabled": False, "revision": 1}])


def downgrade() -> None:
    with op.batch_alter_table("tombstone", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_tombstone_mailbox_id_tombstone_event_id"))
        batch_op.drop_index(batch_op.f("ix_tombstone_made_at"))

    op.drop_table("tombstone")
    with op.batch_alter_table("run_step", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_run_step_run_id"))
        batch_op.drop_index(batch_op.f("ix_run_step_room_id_run_step_action_run_step_at"))
        batch_op.drop_index(batch_op.f("ix_run_step_reservation_id_run_step_at"))

    op.drop_table("run_step")
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_outbox_mailbox_id_outbox_id"))

    op.drop_table("outbox")
    with op.batch_alter_table("occurrence", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_occurrence_room_id_occurrence_starts_at_occurrence_ends_at"))

    op.drop_table("occurrence")
    with op.batch_alter_table("link", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_link_transaction_id"))
        batch_op.drop_index(batch_op.f("ix_link_reservation_id"))
        batch_op.drop_index(batch_op.f("ix_link_next_look_at"))
        batch_op.drop_index(batch_op.f("ix_link_mailbox_id_link_ical_uid"))
        batch_op.drop_index(batch_op.f("ix_link_mailbox_id_link_dirty"))

    op.drop_table("link")
    with op.batch_alter_table("hold_action", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_hold_action_reservation_id"))

    op.drop_table("hold_action")
    with op.batch_alter_table("conflict", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_conflict_room_id_conflict_ended_at"))
        batch_op.drop_index(batch_op.f("ix_conflict_reservation_id"))

    op.drop_table("conflict")
    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_attempt_started_at"))
        batch_op.drop_index(batch_op.f("ix_attempt_reservation_id"))
        batch_op.drop_index(batch_op.f("ix_attempt_mailbox_id_attempt_state"))

    op.drop_table("attempt")
    op.drop_table("staged_row")
    with op.batch_alter_table("room_run", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_room_run_sync_all_id"))
        batch_op.drop_index(batch_op.f("ix_room_run_started_at"))
        batch_op.drop_index(batch_op.f("ix_room_run_room_id_room_run_started_at"))
        batch_op.drop_index(batch_op.f("ix_room_run_result"))

    op.drop_table("room_run")
    with op.batch_alter_table("reservation", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_reservation_room_id_reservation_sync_state"))

    op.drop_table("reservation")
    with op.batch_alter_table("hold", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_hold_room_id"))
        batch_op.drop_index(
            "ix_hold_one_open",
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )

    op.drop_table("hold")
    with op.batch_alter_table("room", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_room_sync_state"))
        batch_op.drop_index(batch_op.f("ix_room_name"))
        batch_op.drop_index(batch_op.f("ix_room_connection_id"))

    op.drop_table("room")
    with op.batch_alter_table("delta_session", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_delta_session_one_active", sqlite_where=sa.text("active = 1"), postgresql_where=sa.text("active")
        )
        batch_op.drop_index(batch_op.f("ix_delta_session_mailbox_id"))

    op.drop_table("delta_session")
    op.drop_table("token_cache")
    op.drop_table("room_choice")
    op.drop_table("meeting")
    with op.batch_alter_table("mailbox", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_mailbox_connection_id"))

    op.drop_table("mailbox")
    op.drop_table("credential")
    with op.batch_alter_table("connection_check", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_connection_check_state"))
        batch_op.drop_index(batch_op.f("ix_connection_check_connection_id_connection_check_requested_at"))

    op.drop_table("connection_check")
    with op.batch_alter_table("worker_heartbeat", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_worker_heartbeat_seen_at"))

    op.drop_table("worker_heartbeat")
    op.drop_table("user")
    op.drop_table("sync_settings")
    with op.batch_alter_table("sync_all", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sync_all_started_at"))

    op.drop_table("sync_all")
    op.drop_table("person")
    op.drop_table("lease")
    op.drop_table("install")
    op.drop_table("connection")
