"""What the modes of the sync need: persons' mailboxes and their ledger, decisions on holds, awaited answers, and the
rules of series.

Revision: 0002, after 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from webapp.models import base as models

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ATTEMPT_KINDS = ("create", "patch", "delete")
NEW_ATTEMPT_KINDS = ("cancel", "decline")
HOLD_KINDS = ("mass_cancel", "mass_retime", "empty_listing", "slot_taken", "edited_and_cancelled")
NEW_HOLD_KINDS = ("doubtful_create", "access_lost", "change_loop")

HOLD = sa.table("hold", sa.column("kind", sa.String()))
ATTEMPT = sa.table("attempt", sa.column("kind", sa.String()))


def upgrade() -> None:
    _make_ledger()
    _make_left_mailboxes()
    _widen_attempts_and_holds()
    _widen_links_and_mailboxes()
    _widen_meetings()
    _widen_outbox_and_reservations()
    _widen_the_rest()
    _index_for_large_installations()
    _allow(ATTEMPT_KINDS + NEW_ATTEMPT_KINDS, HOLD_KINDS + NEW_HOLD_KINDS)


def downgrade() -> None:
    _forget(HOLD, NEW_HOLD_KINDS)
    _forget(ATTEMPT, NEW_ATTEMPT_KINDS)
    op.execute(sa.text("DELETE FROM outbox WHERE kind != 'push'"))
    op.execute(sa.text("DELETE FROM link WHERE meeting_id IS NOT NULL"))
    op.execute(sa.text("DELETE FROM mailbox_ledger"))
    op.execute(sa.text("DELETE FROM mailbox WHERE kind = 'person'"))
    _allow(ATTEMPT_KINDS, HOLD_KINDS)
    _drop_indexes_for_large_installations()
    _narrow_the_rest()
    _narrow_outbox_and_reservations()
    _narrow_meetings()
    _narrow_links_and_mailboxes()
    _narrow_attempts_and_holds()
    _drop_ledger_and_left_mailboxes()


def _make_ledger() -> None:
    op.create_table(
        "mailbox_ledger",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", models.UtcDateTime(timezone=True), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("mailbox_id", sa.Integer(), nullable=False),
        sa.Column("room_id", sa.Integer(), nullable=False),
        sa.Column("meeting_id", sa.Integer(), nullable=True),
        sa.Column(
            "operation",
            sa.Enum(
                "find",
                "read",
                "patch",
                "cancel",
                "create",
                name="ledgeroperation",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("fields", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("allowed_by", sa.String(length=32), nullable=False),
        sa.Column("finished_at", models.UtcDateTime(timezone=True), nullable=True),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=128), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_mailbox_ledger_connection_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["mailbox_id"], ["mailbox.id"], name=op.f("fk_mailbox_ledger_mailbox_id")),
        sa.ForeignKeyConstraint(
            ["meeting_id"], ["meeting.id"], name=op.f("fk_mailbox_ledger_meeting_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["room_id"], ["room.id"], name=op.f("fk_mailbox_ledger_room_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailbox_ledger")),
    )
    with op.batch_alter_table("mailbox_ledger", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_mailbox_ledger_at"), ["at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_mailbox_ledger_mailbox_id_mailbox_ledger_at"), ["mailbox_id", "at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_mailbox_ledger_meeting_id"), ["meeting_id"], unique=False)


def _make_left_mailboxes() -> None:
    op.create_table(
        "left_mailbox",
        sa.Column("mailbox_id", sa.Integer(), nullable=False),
        sa.Column("room_id", sa.Integer(), nullable=False),
        sa.Column("asked_at", models.UtcDateTime(timezone=True), nullable=False),
        sa.Column("removed", sa.Integer(), nullable=False),
        sa.Column("kept", sa.Integer(), nullable=False),
        sa.Column("finished_at", models.UtcDateTime(timezone=True), nullable=True),
        sa.Column("code", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["mailbox_id"], ["mailbox.id"], name=op.f("fk_left_mailbox_mailbox_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["room_id"], ["room.id"], name=op.f("fk_left_mailbox_room_id")),
        sa.PrimaryKeyConstraint("mailbox_id", name=op.f("pk_left_mailbox")),
    )
    with op.batch_alter_table("left_mailbox", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_left_mailbox_room_id"), ["room_id"], unique=False)


def _widen_attempts_and_holds() -> None:
    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.add_column(sa.Column("target_mailbox_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(
            batch_op.f("fk_attempt_target_mailbox_id"), "mailbox", ["target_mailbox_id"], ["id"]
        )

    with op.batch_alter_table("hold", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("closed_by", sa.String(length=200), nullable=False, server_default=sa.text("''"))
        )

    with op.batch_alter_table("hold_action", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "state",
                sa.Enum(
                    "open",
                    "approved",
                    "rejected",
                    "done",
                    name="holdactionstate",
                    native_enum=False,
                    create_constraint=True,
                    length=32,
                ),
                nullable=False,
                server_default=sa.text("'open'"),
            )
        )
        batch_op.add_column(sa.Column("choice", sa.String(length=32), nullable=False, server_default=sa.text("''")))
        batch_op.add_column(
            sa.Column("decided_by", sa.String(length=200), nullable=False, server_default=sa.text("''"))
        )
        batch_op.add_column(sa.Column("decided_at", models.UtcDateTime(timezone=True), nullable=True))


def _widen_links_and_mailboxes() -> None:
    with op.batch_alter_table("link", schema=None) as batch_op:
        batch_op.add_column(sa.Column("meeting_id", sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f("ix_link_meeting_id"), ["meeting_id"], unique=False)
        batch_op.create_foreign_key(batch_op.f("fk_link_meeting_id"), "meeting", ["meeting_id"], ["id"])

    with op.batch_alter_table("mailbox", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "kind",
                sa.Enum("room", "person", name="mailboxkind", native_enum=False, create_constraint=True, length=32),
                nullable=False,
                server_default=sa.text("'room'"),
            )
        )
        batch_op.add_column(
            sa.Column(
                "reach",
                sa.Enum(
                    "unknown",
                    "yes",
                    "outside",
                    "no_mailbox",
                    "refused",
                    name="reach",
                    native_enum=False,
                    create_constraint=True,
                    length=32,
                ),
                nullable=False,
                server_default=sa.text("'unknown'"),
            )
        )
        batch_op.add_column(sa.Column("reach_asked_at", models.UtcDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("calendar_seen", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("identified_at", models.UtcDateTime(timezone=True), nullable=True))
        batch_op.create_index(
            "ix_mailbox_one_person",
            ["connection_id", "address"],
            unique=True,
            sqlite_where=sa.text("kind = 'person'"),
            postgresql_where=sa.text("kind = 'person'"),
        )


def _widen_meetings() -> None:
    with op.batch_alter_table("meeting", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "authority_state",
                sa.Enum(
                    "none",
                    "known",
                    "unreachable",
                    "gone",
                    name="authoritystate",
                    native_enum=False,
                    create_constraint=True,
                    length=32,
                ),
                nullable=False,
                server_default=sa.text("'none'"),
            )
        )
        batch_op.add_column(sa.Column("authority_look_at", models.UtcDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("authority_looks", sa.Integer(), nullable=False, server_default=sa.text("0")))
        batch_op.add_column(sa.Column("rule", sa.JSON(none_as_null=True), nullable=True))
        batch_op.add_column(sa.Column("rule_code", sa.String(length=64), nullable=True))
        batch_op.add_column(
            sa.Column("rule_fields", sa.JSON(none_as_null=True), nullable=False, server_default=sa.text("'{}'"))
        )
        batch_op.add_column(sa.Column("split_of_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("split_from", sa.JSON(none_as_null=True), nullable=True))
        batch_op.create_foreign_key(
            batch_op.f("fk_meeting_split_of_id"), "meeting", ["split_of_id"], ["id"], ondelete="SET NULL"
        )
        batch_op.create_index(batch_op.f("ix_meeting_authority_look_at"), ["authority_look_at"], unique=False)

    op.create_table(
        "meeting_exception",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("meeting_id", sa.Integer(), nullable=False),
        sa.Column("original_start", sa.String(length=10), nullable=False),
        sa.Column("is_cancelled", sa.Boolean(), nullable=False),
        sa.Column("span", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("title", sa.String(length=1024), nullable=True),
        sa.ForeignKeyConstraint(
            ["meeting_id"], ["meeting.id"], name=op.f("fk_meeting_exception_meeting_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meeting_exception")),
        sa.UniqueConstraint(
            "meeting_id", "original_start", name=op.f("uq_meeting_exception_meeting_id_original_start")
        ),
    )

    with op.batch_alter_table("occurrence", schema=None) as batch_op:
        batch_op.add_column(sa.Column("is_exception", sa.Boolean(), nullable=False, server_default=sa.false()))


def _widen_outbox_and_reservations() -> None:
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "kind",
                sa.Enum(
                    "push",
                    "meeting",
                    "cancel_meeting",
                    "decline",
                    name="outboxkind",
                    native_enum=False,
                    create_constraint=True,
                    length=32,
                ),
                nullable=False,
                server_default=sa.text("'push'"),
            )
        )
        batch_op.drop_constraint(batch_op.f("uq_outbox_reservation_id"), type_="unique")
        batch_op.create_unique_constraint(batch_op.f("uq_outbox_reservation_id_kind"), ["reservation_id", "kind"])

    with op.batch_alter_table("reservation", schema=None) as batch_op:
        batch_op.add_column(sa.Column("awaiting_since", models.UtcDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("pending_time", sa.JSON(none_as_null=True), nullable=True))
        batch_op.add_column(sa.Column("dates_until", models.UtcDateTime(timezone=True), nullable=True))
        batch_op.add_column(
            sa.Column("declined_dates", sa.JSON(none_as_null=True), nullable=False, server_default=sa.text("'[]'"))
        )
        batch_op.create_index(batch_op.f("ix_reservation_dates_until"), ["dates_until"], unique=False)
        batch_op.add_column(sa.Column("leaves_for_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(
            batch_op.f("fk_reservation_leaves_for_id"), "reservation", ["leaves_for_id"], ["id"], ondelete="SET NULL"
        )
        batch_op.create_index(batch_op.f("ix_reservation_leaves_for_id"), ["leaves_for_id"], unique=False)


def _widen_the_rest() -> None:
    with op.batch_alter_table("room", schema=None) as batch_op:
        batch_op.add_column(sa.Column("drift_count", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("drift_at", models.UtcDateTime(timezone=True), nullable=True))

    with op.batch_alter_table("delta_session", schema=None) as batch_op:
        batch_op.add_column(sa.Column("slice_days", sa.Integer(), nullable=True))

    with op.batch_alter_table("room_run", schema=None) as batch_op:
        batch_op.add_column(sa.Column("drift", sa.Integer(), nullable=False, server_default=sa.text("0")))

    with op.batch_alter_table("sync_settings", schema=None) as batch_op:
        batch_op.add_column(sa.Column("delegation", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("strict", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("create_in_owner", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.create_check_constraint("create_needs_delegation", "delegation OR NOT create_in_owner")


FOR_LARGE_INSTALLATIONS = {
    "ix_occurrence_starts_at_occurrence_ends_at": ("occurrence", ["starts_at", "ends_at"]),
    "ix_meeting_home_meeting_title_source": ("meeting", ["home", "title_source"]),
    "ix_link_state": ("link", ["state"]),
}
"""What pages count and find among a million rows."""


def _index_for_large_installations() -> None:
    for name, (table, columns) in FOR_LARGE_INSTALLATIONS.items():
        op.create_index(name, table, columns, unique=False)


def _drop_indexes_for_large_installations() -> None:
    for name, (table, _) in FOR_LARGE_INSTALLATIONS.items():
        op.drop_index(name, table_name=table)


def _narrow_the_rest() -> None:
    with op.batch_alter_table("sync_settings", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_sync_settings_create_needs_delegation"), type_="check")
        batch_op.drop_column("create_in_owner")
        batch_op.drop_column("strict")
        batch_op.drop_column("delegation")

    with op.batch_alter_table("room_run", schema=None) as batch_op:
        batch_op.drop_column("drift")

    with op.batch_alter_table("delta_session", schema=None) as batch_op:
        batch_op.drop_column("slice_days")

    with op.batch_alter_table("room", schema=None) as batch_op:
        batch_op.drop_column("drift_at")
        batch_op.drop_column("drift_count")


def _narrow_outbox_and_reservations() -> None:
    with op.batch_alter_table("reservation", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_reservation_leaves_for_id"))
        batch_op.drop_constraint(batch_op.f("fk_reservation_leaves_for_id"), type_="foreignkey")
        batch_op.drop_column("leaves_for_id")
        batch_op.drop_index(batch_op.f("ix_reservation_dates_until"))
        batch_op.drop_column("declined_dates")
        batch_op.drop_column("dates_until")
        batch_op.drop_column("pending_time")
        batch_op.drop_column("awaiting_since")

    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_outbox_outboxkind"), type_="check")
        batch_op.drop_constraint(batch_op.f("uq_outbox_reservation_id_kind"), type_="unique")
        batch_op.create_unique_constraint(batch_op.f("uq_outbox_reservation_id"), ["reservation_id"])
        batch_op.drop_column("kind")


def _narrow_meetings() -> None:
    with op.batch_alter_table("occurrence", schema=None) as batch_op:
        batch_op.drop_column("is_exception")

    op.drop_table("meeting_exception")

    with op.batch_alter_table("meeting", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_meeting_split_of_id"), type_="foreignkey")
        batch_op.drop_column("split_from")
        batch_op.drop_column("split_of_id")
        batch_op.drop_column("rule_fields")
        batch_op.drop_column("rule_code")
        batch_op.drop_column("rule")
        batch_op.drop_constraint(op.f("ck_meeting_authoritystate"), type_="check")
        batch_op.drop_index(batch_op.f("ix_meeting_authority_look_at"))
        batch_op.drop_column("authority_looks")
        batch_op.drop_column("authority_look_at")
        batch_op.drop_column("authority_state")


def _narrow_links_and_mailboxes() -> None:
    with op.batch_alter_table("mailbox", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_mailbox_reach"), type_="check")
        batch_op.drop_constraint(op.f("ck_mailbox_mailboxkind"), type_="check")
        batch_op.drop_index(
            "ix_mailbox_one_person",
            sqlite_where=sa.text("kind = 'person'"),
            postgresql_where=sa.text("kind = 'person'"),
        )
        batch_op.drop_column("identified_at")
        batch_op.drop_column("calendar_seen")
        batch_op.drop_column("reach_asked_at")
        batch_op.drop_column("reach")
        batch_op.drop_column("kind")

    with op.batch_alter_table("link", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_link_meeting_id"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_link_meeting_id"))
        batch_op.drop_column("meeting_id")


def _narrow_attempts_and_holds() -> None:
    with op.batch_alter_table("hold_action", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_hold_action_holdactionstate"), type_="check")
        batch_op.drop_column("decided_at")
        batch_op.drop_column("decided_by")
        batch_op.drop_column("choice")
        batch_op.drop_column("state")

    with op.batch_alter_table("hold", schema=None) as batch_op:
        batch_op.drop_column("closed_by")

    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_attempt_target_mailbox_id"), type_="foreignkey")
        batch_op.drop_column("target_mailbox_id")


def _drop_ledger_and_left_mailboxes() -> None:
    with op.batch_alter_table("mailbox_ledger", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_mailbox_ledger_meeting_id"))
        batch_op.drop_index(batch_op.f("ix_mailbox_ledger_mailbox_id_mailbox_ledger_at"))
        batch_op.drop_index(batch_op.f("ix_mailbox_ledger_at"))

    op.drop_table("mailbox_ledger")

    with op.batch_alter_table("left_mailbox", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_left_mailbox_room_id"))

    op.drop_table("left_mailbox")


def _allow(attempt_kinds: tuple[str, ...], hold_kinds: tuple[str, ...]) -> None:
    """Let the two tables hold these words and no others."""
    for table, kinds, name in (("attempt", attempt_kinds, "attemptkind"), ("hold", hold_kinds, "holdkind")):
        words = ", ".join(f"'{kind}'" for kind in kinds)
        with op.batch_alter_table(table) as batch_op:
            batch_op.drop_constraint(op.f(f"ck_{table}_{name}"), type_="check")
            batch_op.create_check_constraint(name, f"kind IN ({words})")


def _forget(table: sa.TableClause, kinds: tuple[str, ...]) -> None:
    op.execute(sa.delete(table).where(table.c.kind.in_(kinds)))
