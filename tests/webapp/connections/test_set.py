"""ADD, the panel and Set: what is accepted, what is refused beside which field, and what is kept of a secret."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from tests.webapp.conftest import ListeningBell, Person
from tests.webapp.connections.conftest import CLIENT_ID, SECRET, SECRET_ID, TENANT_ID, URL, make_connection, typed
from webapp.clock import utcnow
from webapp.connections import service
from webapp.connections.service import Wanted
from webapp.database import Transactions
from webapp.domain.words import CheckState, MailboxKind, Reach, RoomState
from webapp.enqueue import CHECK_CONNECTION
from webapp.errors import FieldError
from webapp.models import Connection, ConnectionCheck, Credential, Mailbox, Room, RoomChoice, TokenCache

BOTH_WAYS = pytest.mark.parametrize("hx", [False, True], ids=["without script", "with htmx"])
NAME_HAS_SPACE = "The name has a space. Use letters, digits, dot, dash or underscore, for example larkfield-hq."
SECRET_IS_ID = (
    "This looks like the Secret ID. Paste the <b>Value</b> column from Entra instead. What you pasted was not kept."
)
DATE_PAST = "The date is in the past. Enter the day the new secret expires, or leave it empty."
NBSP, ZERO_WIDTH, TAB = "\u00a0", "\u200b", "\t"


def add(admin: Person, hx: bool = False, **changes: str):  # type: ignore[no-untyped-def]
    admin.get(f"{URL}/new")
    return admin.post(f"{URL}/new", typed(**changes), hx=hx)


def stored(data: Transactions) -> list[Connection]:
    with data.reading() as session:
        found = list(session.query(Connection).order_by(Connection.id))
        for one in found:
            _ = one.credential
        session.expunge_all()
        return found


def test_an_empty_panel_says_so_and_offers_add(admin: Person) -> None:
    page = admin.get(f"{URL}/").text
    assert "No connection yet" in page
    assert "ADD" in page


def test_set_without_script_saves_starts_the_check_and_goes_to_its_page(
    admin: Person, data: Transactions, bell: ListeningBell
) -> None:
    answer = add(admin)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{URL}/1/checks/1")
    assert [one.name for one in stored(data)] == ["larkfield-hq"]
    assert bell.rung == [(CHECK_CONNECTION, (1,), None)]
    assert "Checking <bdi>larkfield-hq</bdi>" in admin.get(answer.headers["Location"]).text


def test_set_with_htmx_answers_the_saved_panel_with_the_dialog_of_the_check(
    admin: Person, data: Transactions
) -> None:
    answer = add(admin, hx=True)
    assert answer.status_code == 200
    assert answer.headers["HX-Push-Url"] == f"{URL}/1"
    assert "HX-Request" in answer.headers["Vary"]
    assert "<html" not in answer.text
    assert "<dialog data-modal" in answer.text
    assert 'hx-trigger="every 1s"' in answer.text


def test_the_bell_is_rung_after_the_commit(admin: Person, data: Transactions, bell: ListeningBell) -> None:
    """Rung before it, a fast worker would not find the row."""
    seen: list[CheckState] = []

    def look() -> None:
        with data.reading() as session:
            seen.extend(check.state for check in session.query(ConnectionCheck))

    bell.on_ring = look
    add(admin)
    assert seen == [CheckState.WAITING]


def test_a_dead_bell_loses_nothing(admin: Person, data: Transactions, bell: ListeningBell) -> None:
    bell.is_dead = True
    assert add(admin).status_code == 303
    with data.reading() as session:
        assert session.query(ConnectionCheck).one().state is CheckState.WAITING


@BOTH_WAYS
@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        *[
            ("name", name, NAME_HAS_SPACE)
            for name in ("lark field", " larkfield", "larkfield ", f"lark{TAB}field", f"lark{NBSP}field",
                         f"larkfield{NBSP}", f"lark{ZERO_WIDTH}field", "lark\u2003field", "lark\nfield")
        ],
        ("name", "", "The connection needs a name"),
        ("name", "x" * 65, "The name has more than 64 characters"),
        ("client_id", "", "This is not a GUID. Copy the Application (client) ID"),
        ("client_id", CLIENT_ID[:-1], "This is not a GUID. Copy the Application (client) ID"),
        ("client_id", "{" + CLIENT_ID + "}", "This is not a GUID. Copy the Application (client) ID"),
        ("tenant_id", "", "This is neither a GUID nor a domain"),
        ("tenant_id", "common", "This is neither a GUID nor a domain"),
        ("tenant_id", "larkfield..example", "This is neither a GUID nor a domain"),
        ("tenant_id", "https://larkfield.example/", "This is neither a GUID nor a domain"),
        ("secret_id", "my secret", "This is not a GUID. Copy the Secret ID column"),
        ("secret_value", "", "The Secret Value is needed"),
        ("secret_value", "   ", "The Secret Value is needed"),
        ("secret_value", SECRET_ID, SECRET_IS_ID),
        ("secret_value", f" {SECRET_ID.upper()}\n", "This looks like the Secret ID."),
        ("secret_value", "x" * 513, "This is too long for a Secret Value"),
        ("expires_on", "2020-01-31", DATE_PAST),
        ("expires_on", "31.12.2028", "This is not a date."),
    ],
)  # fmt: skip
def test_what_cannot_be_right_is_refused_beside_its_field(
    admin: Person, data: Transactions, hx: bool, field: str, value: str, words: str
) -> None:
    answer = add(admin, hx=hx, **{field: value})
    assert answer.status_code == 422
    assert ("<html" in answer.text) is not hx
    assert words in answer.text
    assert f'aria-describedby="{field}-e' in answer.text
    assert answer.text.count('aria-invalid="true"') == 1
    assert "Not saved: 1 field needs a change" in answer.text
    assert stored(data) == []


@pytest.mark.parametrize("name", ["x", "x" * 64, "larkfield-hq", "Räume_2.b", "会議室"])
def test_names_that_are_taken(admin: Person, data: Transactions, name: str) -> None:
    assert add(admin, name=name).status_code == 303
    assert stored(data)[0].name == name


@pytest.mark.parametrize("tenant", ["larkfield.onmicrosoft.com", "labs.larkfield.example", "xn--rume-loa.example"])
def test_a_tenant_may_be_a_domain(admin: Person, data: Transactions, tenant: str) -> None:
    assert add(admin, tenant_id=tenant.upper()).status_code == 303
    assert stored(data)[0].tenant_id == tenant


def test_white_space_pasted_around_ids_and_secret_is_trimmed(admin: Person, data: Transactions, app: Flask) -> None:
    pasted = {
        "client_id": f"{NBSP}{CLIENT_ID} ",
        "tenant_id": f"\t{TENANT_ID}\r\n",
        "secret_id": f"{ZERO_WIDTH}{SECRET_ID}",
        "secret_value": f"  {SECRET}{NBSP}\n",
    }
    assert add(admin, **pasted).status_code == 303
    one = stored(data)[0]
    assert (one.client_id, one.tenant_id, one.credential.secret_id) == (CLIENT_ID, TENANT_ID, SECRET_ID)
    assert app.extensions["secret_box"].decrypt(one.credential.secret_encrypted) == SECRET


def test_a_date_far_ahead_is_kept_and_warned_about(admin: Person, data: Transactions) -> None:
    far = (utcnow() + timedelta(days=740)).date()
    assert add(admin, expires_on=far.isoformat()).status_code == 303
    assert stored(data)[0].credential.expires_on == far
    assert "more than 730 days ahead" in admin.get(f"{URL}/1").text


def test_the_longest_life_that_entra_gives_is_not_warned_about(admin: Person) -> None:
    add(admin, expires_on=(utcnow() + timedelta(days=729)).date().isoformat())
    assert "more than 730 days ahead" not in admin.get(f"{URL}/1").text


@BOTH_WAYS
def test_a_name_that_another_connection_has_is_refused(admin: Person, data: Transactions, hx: bool) -> None:
    add(admin)
    answer = add(admin, hx=hx, name="Larkfield-HQ")
    assert answer.status_code == 422
    assert "There is a connection named <bdi>Larkfield-HQ</bdi> already." in answer.text
    assert len(stored(data)) == 1


def test_of_two_who_choose_a_name_in_the_same_moment_one_gets_it(
    app: Flask, data: Transactions, bell: ListeningBell, connection_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have looked before either saved: on PostgreSQL nothing but the unique constraint stands between them."""
    monkeypatch.setattr(service, "_refuse_taken_name", lambda *_: None)
    wanted = Wanted("larkfield-hq", CLIENT_ID, TENANT_ID, "", SECRET, None)
    with data.writing() as session, pytest.raises(FieldError) as caught:
        service.add(session, bell, app.extensions["secret_box"], wanted, "Ines Okafor", utcnow())
    assert (caught.value.field, caught.value.code) == ("name", "connection_name_taken")
    assert bell.rung == []


@BOTH_WAYS
def test_the_secret_is_nowhere_but_encrypted_in_its_row(
    admin: Person, data: Transactions, caplog: pytest.LogCaptureFixture, hx: bool
) -> None:
    """S22: not in the page after an error, not after saving, not in the log, not in clear in the database."""
    caplog.set_level(logging.DEBUG)
    pages = [add(admin, hx=hx, client_id="wrong").text, add(admin, hx=hx).text]
    pages += [admin.get(f"{URL}/1").text, admin.get(f"{URL}/").text, admin.get(f"{URL}/1/checks/1").text]
    assert "paste it again" in pages[0]
    assert all(SECRET not in page for page in pages)
    assert SECRET not in caplog.text
    assert SECRET not in stored(data)[0].credential.secret_encrypted


def test_a_traceback_cannot_show_the_secret() -> None:
    assert SECRET not in repr(Wanted("hq", CLIENT_ID, TENANT_ID, SECRET_ID, SECRET, None))


def test_editing_with_the_field_empty_keeps_the_secret(admin: Person, data: Transactions, connection_id: int) -> None:
    page = admin.get(f"{URL}/{connection_id}").text
    assert "A secret is stored since 18 Nov 2026. Leave this empty to keep it." in page
    before = stored(data)[0].credential.secret_encrypted
    answer = admin.post(f"{URL}/{connection_id}", typed(name="renamed", secret_value=""))
    assert answer.status_code == 303
    after = stored(data)[0]
    assert (after.name, after.credential.secret_encrypted) == ("renamed", before)
    assert after.revision == 2


def test_a_stored_secret_may_have_expired_when_only_the_name_changes(admin: Person, connection_id: int) -> None:
    admin.get(f"{URL}/{connection_id}")
    answer = admin.post(f"{URL}/{connection_id}", typed(secret_value="", expires_on="2020-01-31"))
    assert answer.status_code == 303


def test_a_new_secret_forgets_that_the_old_one_was_refused(admin: Person, app: Flask, data: Transactions) -> None:
    with data.writing() as session:
        one = make_connection(session, app, refused_as_expired_at=utcnow())
    assert "Expired" in admin.get(f"{URL}/{one}").text
    admin.post(f"{URL}/{one}", typed())
    assert stored(data)[0].credential.refused_as_expired_at is None
    assert "Expired" not in admin.get(f"{URL}/").text


def test_a_stale_form_is_refused_with_both_versions_and_can_be_kept(
    admin: Person, data: Transactions, connection_id: int
) -> None:
    """Two tabs: the second to save sees what the first one saved."""
    admin.get(f"{URL}/{connection_id}")
    assert admin.post(f"{URL}/{connection_id}", typed(name="first-tab", secret_value="")).status_code == 303
    for hx in (False, True):
        answer = admin.post(f"{URL}/{connection_id}", typed(name="second-tab", secret_value=""), hx=hx)
        assert answer.status_code == 409
        assert "Not saved: someone else changed this connection" in answer.text
        assert "Name: theirs <bdi>first-tab</bdi>, yours <bdi>second-tab</bdi>" in answer.text
        assert 'name="revision" type="hidden" value="2"' in answer.text
        assert stored(data)[0].name == "first-tab"
    assert (
        admin.post(f"{URL}/{connection_id}", typed(name="second-tab", secret_value="", revision="2")).status_code
        == 303
    )
    assert stored(data)[0].name == "second-tab"


@BOTH_WAYS
def test_another_client_id_drops_tokens_and_what_was_learned_of_people_and_keeps_the_links(
    admin: Person, data: Transactions, connection_id: int, with_rooms: Callable[..., None], hx: bool
) -> None:
    with_rooms("Alder", "Birch")
    with data.writing() as session:
        session.add(TokenCache(connection_id=connection_id, key="k", cache_encrypted="x", updated_at=utcnow()))
        ada = Mailbox(connection_id=connection_id, address="ada@larkfield.example", kind=MailboxKind.PERSON)
        ada.reach, ada.reach_asked_at = Reach.REFUSED, utcnow()
        session.add(ada)
        before = dict(session.execute(select(Room.id, Room.mailbox_id)).tuples().all())
    admin.get(f"{URL}/{connection_id}")
    answer = admin.post(f"{URL}/{connection_id}", typed(client_id=SECRET_ID), hx=hx)
    assert answer.status_code == (200 if hx else 303)
    assert stored(data)[0].client_id == SECRET_ID
    with data.reading() as session:
        assert session.scalars(select(TokenCache)).all() == []
        assert dict(session.execute(select(Room.id, Room.mailbox_id)).tuples().all()) == before
        ada = session.scalars(select(Mailbox).where(Mailbox.kind == MailboxKind.PERSON)).one()
        assert (ada.reach, ada.reach_asked_at) == (Reach.UNKNOWN, None)


@BOTH_WAYS
def test_another_tenant_is_asked_about_with_counts_for_the_whole_connection(
    admin: Person, data: Transactions, connection_id: int, with_rooms: Callable[..., None], hx: bool
) -> None:
    with_rooms("Alder", "Birch", "Cedar")
    with data.writing() as session:
        for mailbox in session.scalars(select(Mailbox).order_by(Mailbox.id).limit(2)):
            mailbox.tenant_guid, mailbox.calendar_key = "former", f"key {mailbox.id}"
        former = set(session.scalars(select(Mailbox.id).where(Mailbox.calendar_key.is_not(None))))
        session.add(RoomChoice(connection_id=connection_id, address="a@b.c", name="A", listed_at=utcnow()))
    admin.get(f"{URL}/{connection_id}")
    changed = typed(tenant_id="another.example")
    question = admin.post(f"{URL}/{connection_id}", changed, hx=hx)
    assert question.status_code == 409
    assert "2 rooms are linked to the calendar at the same address there." in question.text
    assert "Link these rooms to the other tenant" in question.text
    assert SECRET not in question.text and "paste it again" in question.text
    assert stored(data)[0].tenant_id == TENANT_ID
    answer = admin.post(f"{URL}/{connection_id}", changed | {"agreed": "y"}, hx=hx)
    assert answer.status_code == (200 if hx else 303)
    assert (stored(data)[0].tenant_id, stored(data)[0].tenant_guid) == ("another.example", None)
    with data.reading() as session:
        rooms = session.scalars(select(Room).order_by(Room.id)).all()
        now = [room.mailbox_id for room in rooms]
        assert len(set(now)) == 3 and not former & set(now)
        assert [room.sync_state for room in rooms[:2]] == [RoomState.PENDING] * 2
        assert session.scalars(select(RoomChoice)).all() == []


def test_the_tenant_that_is_known_by_its_guid_may_be_written_as_that(
    admin: Person, data: Transactions, connection_id: int, with_rooms: Callable[..., None]
) -> None:
    """The same tenant under its other name asks nothing and moves nothing."""
    with_rooms("Alder")
    with data.writing() as session:
        session.get_one(Connection, connection_id).tenant_id = "larkfield.example"
        session.get_one(Connection, connection_id).tenant_guid = TENANT_ID
        mailbox = session.scalars(select(Mailbox)).one()
        mailbox.tenant_guid, mailbox.calendar_key = TENANT_ID, "key"
    admin.get(f"{URL}/{connection_id}")
    assert admin.post(f"{URL}/{connection_id}", typed()).status_code == 303
    assert (stored(data)[0].tenant_id, stored(data)[0].tenant_guid) == (TENANT_ID, TENANT_ID)
    with data.reading() as session:
        assert session.scalars(select(Room.mailbox_id)).all() == [mailbox.id]


def test_the_ids_of_an_unused_connection_may_change(admin: Person, data: Transactions, connection_id: int) -> None:
    admin.get(f"{URL}/{connection_id}")
    assert admin.post(f"{URL}/{connection_id}", typed(tenant_id="another.example")).status_code == 303
    assert stored(data)[0].tenant_id == "another.example"


@BOTH_WAYS
def test_a_connection_in_use_is_not_removed_and_its_rooms_are_named(
    admin: Person, data: Transactions, connection_id: int, with_rooms: Callable[..., None], hx: bool
) -> None:
    with_rooms("Alder", "Birch", "Cedar", "Elm")
    admin.get(f"{URL}/{connection_id}")
    answer = admin.post(f"{URL}/{connection_id}/remove", hx=hx)
    assert answer.status_code == 409
    assert "<bdi>larkfield-hq</bdi> is in use" in answer.text
    said = "4 rooms use it: <bdi>Alder</bdi>, <bdi>Birch</bdi>, <bdi>Cedar</bdi> and 1 more."
    assert said in answer.text
    assert len(stored(data)) == 1


@BOTH_WAYS
def test_an_unused_connection_is_removed_with_its_secret(
    admin: Person, data: Transactions, connection_id: int, hx: bool
) -> None:
    admin.get(f"{URL}/{connection_id}")
    answer = admin.post(f"{URL}/{connection_id}/remove", hx=hx)
    assert answer.status_code == (200 if hx else 303)
    with data.reading() as session:
        assert session.query(Connection).count() == session.query(Credential).count() == 0
    page = answer.text if hx else admin.get(answer.headers["Location"]).text
    assert "<bdi>larkfield-hq</bdi> is removed." in page


def test_a_connection_that_is_gone_is_said_to_be_gone(admin: Person) -> None:
    answer = admin.get(f"{URL}/99")
    assert answer.status_code == 404
    assert "This connection does not exist" in answer.text


def test_names_are_shown_as_text_whatever_is_in_them(admin: Person) -> None:
    add(admin, name="<b>bold</b>")
    assert "<b>bold</b>" not in admin.get(f"{URL}/").text
    assert "&lt;b&gt;bold&lt;/b&gt;" in admin.get(f"{URL}/").text
