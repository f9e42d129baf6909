"""Two indexes for large installations: rooms by name, as the timetable and Manage Rooms list them, and failed runs by
their cause, as Activity does.

Revision: 0003, after 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

IN_USE = sa.text("archived_at IS NULL")
CAUSED = sa.text("code IS NOT NULL")


def upgrade() -> None:
    """Without them 10,000 rooms are sorted for each page of twelve, and all runs are read for those of a rare cause."""
    columns = [sa.text("lower(name)"), "id"]
    op.create_index("ix_room_by_name", "room", columns, postgresql_where=IN_USE, sqlite_where=IN_USE)
    op.create_index("ix_room_run_by_cause", "room_run", ["code", "id"], postgresql_where=CAUSED, sqlite_where=CAUSED)


def downgrade() -> None:
    op.drop_index("ix_room_run_by_cause", table_name="room_run")
    op.drop_index("ix_room_by_name", table_name="room")
