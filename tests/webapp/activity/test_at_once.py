"""Two administrators decide one hold at the same moment, on PostgreSQL: one wins, the other is told."""

from __future__ import annotations

import threading
from collections.abc import Callable

from sqlalchemy import create_engine, select

from tests.webapp.conftest import ListeningBell, Person, fill
from tests.webapp.rooms.world import NOW, World
from webapp import create_app
from webapp.activity import service
from webapp.config import Config
from webapp.database import Transactions
from webapp.domain.words import Choice, HoldKind
from webapp.errors import Refused
from webapp.models import Hold, HoldAction, Mailbox


def test_of_two_who_decide_at_once_one_wins_and_the_other_is_told(
    make_config: Callable[..., Config], postgres_url: str, password_hash: str, bell: ListeningBell
) -> None:
    app, engine = create_app(make_config(DATABASE_URL=postgres_url)), create_engine(postgres_url)
    fill(engine, password_hash)
    world = World(app, Transactions(engine), Person(app.test_client()), bell)
    room_id = world.linked_room()
    ids = [world.imported(room_id, uid=f"uid-{number}") for number in range(3)]
    with world.rows() as session:
        hold = Hold(room_id=room_id, kind=HoldKind.MASS_CANCEL, opened_at=NOW)
        hold.actions = [HoldAction(key=f"reservation:{one}", action="cancel_here", reservation_id=one) for one in ids]
        session.add(hold)
        session.flush()
        hold_id, seen = hold.id, service.token(hold.actions)
    outcomes: list[str] = []

    def decide_too() -> None:
        try:
            with world.rows() as session:
                service.decide(session, hold_id, None, Choice.REJECT, "Tom", seen, NOW)
            outcomes.append("decided")
        except Refused as error:
            outcomes.append(error.code)

    second = threading.Thread(target=decide_too)
    with world.rows() as session:
        service.decide(session, hold_id, None, Choice.APPROVE, "Ines", seen, NOW)
        second.start()
        second.join(timeout=1)
        assert second.is_alive(), "the second waits for the first"
    second.join()
    assert outcomes == ["hold_changed"]
    with world.rows() as session:
        rows = session.scalars(select(HoldAction)).all()
        assert {(row.decided_by, row.choice) for row in rows} == {("Ines", "approve")}
        assert session.scalars(select(Mailbox.wanted)).one() == 1
    engine.dispose()
