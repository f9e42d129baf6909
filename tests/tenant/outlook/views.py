"""The pages and actions of the Outlook page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    current_app,
    redirect,
    render_template,
    request,
    send_from_directory,
    url_for,
)
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from tests.tenant import times
from tests.tenant.errors import GraphError
from tests.tenant.outlook import forms, shown, trouble
from tests.tenant.people import Booked, Person
from tests.tenant.state import Item, Mailbox
from tests.tenant.tenant import Tenant

WEEK = 7
ROOM_DAYS = 28
RELOAD_SECONDS = 3
# The product's own faces: what is looked at side by side should look related.
FONTS = Path(__file__).parents[3] / "webapp" / "static" / "vendor" / "fonts"
SAID = {
    "booked": "Booked.",
    "moved": "Moved.",
    "renamed": "Renamed.",
    "cancelled": "The meeting was cancelled.",
    "answered": "Your answer was sent.",
    "secret": "The secret has expired.",
    "consent": "Consent was removed.",
    "throttled": "Every request to Graph is refused with 429 for now.",
    "down": "The tenant is down.",
    "restored": "Everything works again.",
}
_CSP = (
    "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
pages = Blueprint("outlook", __name__, template_folder="templates", static_folder="static", static_url_path="/static")


class Place(NamedTuple):
    """Whose calendar a page is about, and what stands in it there."""

    person: Person
    box: Mailbox
    item: Item
    original: date | None
    booked: Booked

    @property
    def entry(self) -> shown.Entry:
        """The item, or the date of the series that the address names."""
        one = self.item if self.original is None else self.item.occurrence(self.original)
        return shown.Entry(one, self.box.time_zone)


def create_app(tenant: Tenant) -> Flask:
    """The website of a tenant's people, to be mounted below a path."""
    app = Flask(__name__, static_folder=None)
    app.config["TENANT"] = tenant
    app.register_blueprint(pages)
    app.jinja_env.filters["day"] = shown.day
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    return app


def _tenant() -> Tenant:
    tenant: Tenant = current_app.config["TENANT"]
    return tenant


@pages.before_request
def _only_from_here() -> ResponseReturnValue | None:
    """Nobody is signed in here, so a form of another website must not act."""
    if request.method == "POST" and request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
        request.get_data()
        abort(403)
    return None


@pages.after_app_request
def _headers(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = _CSP
    response.headers.setdefault("Cache-Control", "no-store")
    return response


@pages.app_context_processor
def _everywhere() -> dict[str, Any]:
    tenant = _tenant()
    said = SAID.get(request.args.get("said", ""))
    return {"said": said, "trouble_now": trouble.state(tenant), "tenant_name": tenant.name}


@pages.app_errorhandler(404)
def _gone(_: Exception) -> ResponseReturnValue:
    return render_template("gone.html"), 404


def _box(address: str) -> Mailbox:
    """A mailbox of this tenant, with what was due there done; 404 where there is none."""
    box = _tenant().find_mailbox(address)
    if box is None or box.kind == "external":
        abort(404)
    _tenant().run_due()
    return box


def _place(address: str, number: int) -> Place:
    tenant, box = _tenant(), _box(address)
    item = box.items.get(number)
    text = request.args.get("date")
    if item is None:
        abort(404)
    try:
        original = date.fromisoformat(text) if text else None
    except ValueError:
        abort(404)
    if original is not None and not item.has_date(original):
        abort(404)
    return Place(Person(tenant, box.address), box, item, original, Booked(tenant, box.address, number, item.uid))


def _first_day(box: Mailbox) -> date:
    """The Monday of the week that the address asks for, this week's without one."""
    try:
        asked = date.fromisoformat(request.args.get("week", ""))
    except ValueError:
        asked = shown.today(_tenant(), box)
    return shown.monday(min(max(asked, date(2000, 1, 3)), date(2400, 1, 1)))


@pages.get("/")
def choose() -> str:
    """Who are you?"""
    with _tenant().lock:
        boxes = [box for box in _tenant().mailboxes() if box.state == "active"]
        people = [box for box in boxes if box.kind == "person"]
        rooms = [box for box in boxes if box.kind == "room"]
        return render_template("choose.html", people=people, rooms=rooms)


@pages.get("/as/<address>/")
def week(address: str) -> str:
    """A week of somebody's own calendar, or of the room he manages."""
    with _tenant().lock:
        box = _box(address)
        first = _first_day(box)
        return render_template(
            "week.html", box=box, days=shown.days(box, first, WEEK), first=first, today=shown.today(_tenant(), box),
            before=first - timedelta(days=WEEK), after=first + timedelta(days=WEEK),
        )  # fmt: skip


@pages.get("/rooms/<address>/")
def room(address: str) -> str:
    """What a room's calendar truly holds, for four weeks."""
    with _tenant().lock:
        box = _box(address)
        if box.kind != "room":
            abort(404)
        first = _first_day(box)
        held = [(day, entries) for day, entries in shown.days(box, first, ROOM_DAYS) if entries]
        return render_template(
            "room.html", box=box, days=held, first=first, last=first + timedelta(days=ROOM_DAYS - 1),
            before=first - timedelta(days=ROOM_DAYS), after=first + timedelta(days=ROOM_DAYS),
            now=times.in_zone(_tenant().clock.now(), box.time_zone),
            every=RELOAD_SECONDS if request.args.get("live") else None,
        )  # fmt: skip


@pages.route("/as/<address>/new", methods=["GET", "POST"])
def new(address: str) -> ResponseReturnValue:
    """A new meeting."""
    with _tenant().lock:
        box = _box(address)
        if request.method == "GET":
            return _new_page(box, _suggested(box), {})
        read = forms.meeting(request.form)
        if read.errors:
            return _new_page(box, request.form, read.errors), 422
        booked = Person(_tenant(), box.address).book(**read.values)
        return redirect(url_for(".meeting", address=address, number=booked.number, said="booked"), 303)


def _suggested(box: Mailbox) -> forms.Form:
    """The next full hour, for an hour."""
    now = times.in_zone(_tenant().clock.now(), box.time_zone)
    start = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    if start.hour == 23:
        start += timedelta(hours=1)
    end = start + timedelta(hours=1)
    day = request.args.get("date", start.date().isoformat())
    return MultiDict({"date": day, "start": f"{start:%H:%M}", "end": f"{end:%H:%M}", "weeks": "4"})


def _new_page(box: Mailbox, form: forms.Form, errors: dict[str, str]) -> str:
    others = [other for other in _tenant().mailboxes() if other is not box and other.state == "active"]
    rooms = [other for other in others if other.kind == "room"]
    people = [other for other in others if other.kind == "person"]
    return render_template("new.html", box=box, rooms=rooms, people=people, form=form, errors=errors)


@pages.get("/as/<address>/meeting/<int:number>")
def meeting(address: str, number: int) -> str:
    """One meeting, or one date of a series."""
    with _tenant().lock:
        place = _place(address, number)
        return _meeting_page(place, forms.shown(place.entry), {})


def _meeting_page(place: Place, form: forms.Form, errors: dict[str, str]) -> str:
    dates = list(shown.dates(place.item, place.box.time_zone)) if place.original is None else []
    return render_template(
        "meeting.html",
        box=place.box,
        entry=place.entry,
        original=place.original,
        dates=dates,
        form=form,
        errors=errors,
    )


@pages.post("/as/<address>/meeting/<int:number>")
def act(address: str, number: int) -> ResponseReturnValue:
    """Rename, move, cancel or answer a meeting, or one date of a series."""
    with _tenant().lock:
        place = _place(address, number)
        action = ACTIONS.get(request.form.get("action", ""))
        if action is None:
            abort(404)
        try:
            errors = action(place, request.form)
        except GraphError as refused:
            errors = {"date": _refusal(refused)}
        if errors:
            form = MultiDict(forms.shown(place.entry).to_dict() | request.form.to_dict())
            if not request.form.get("all_day"):
                form.poplist("all_day")
            return _meeting_page(place, form, errors), 422
        said = request.form["action"]
        if place.box.items.get(number) is None or said == "cancelled":
            week_of = shown.monday(place.entry.start.date()).isoformat()
            return redirect(url_for(".week", address=address, week=week_of, said=said), 303)
        return redirect(url_for(".meeting", address=address, number=number, date=place.original, said=said), 303)


def _refusal(refused: GraphError) -> str:
    if refused.code == "ErrorOccurrenceCrossingBoundary":
        return "One date of a series cannot move to or past the day of the date before or after it."
    return refused.message


def _rename(place: Place, form: forms.Form) -> dict[str, str]:
    _change(place, forms.subject(form).values)
    return {}


def _move(place: Place, form: forms.Form) -> dict[str, str]:
    read = forms.span(form)
    if read.errors:
        return read.errors
    if place.original is None and place.item.recurrence is not None:
        read.values["recurrence"] = forms.moved_rule(place.item, read.values["start"])
    _change(place, read.values | {"zone": place.box.time_zone})
    return {}


def _change(place: Place, values: dict[str, Any]) -> None:
    if place.original is None:
        place.person.change(place.booked, **values)
    else:
        place.person.change_occurrence(place.booked, place.original, **values)


def _cancel(place: Place, _: forms.Form) -> dict[str, str]:
    if not place.item.is_organizer:
        abort(404)
    if place.original is None:
        place.person.cancel(place.booked)
    else:
        place.person.cancel_occurrence(place.booked, place.original)
    return {}


def _answer(place: Place, form: forms.Form) -> dict[str, str]:
    if place.item.is_organizer or form.get("answer") not in ("accepted", "tentativelyAccepted", "declined"):
        abort(404)
    place.person.answer(place.booked, form["answer"], place.original)
    return {}


ACTIONS: dict[str, Callable[[Place, forms.Form], dict[str, str]]] = {
    "renamed": _rename,
    "moved": _move,
    "cancelled": _cancel,
    "answered": _answer,
}


@pages.get("/fonts/<name>")
def font(name: str) -> Response:
    """A font file."""
    return send_from_directory(FONTS, name, max_age=86400)


@pages.get("/trouble")
def trouble_page() -> str:
    """What can go wrong, to be tried out."""
    return render_template("trouble.html", minutes="5", errors={}, zone="UTC")


@pages.post("/trouble")
def make_trouble() -> ResponseReturnValue:
    """Make some, or end all of it."""
    tenant, action, text = _tenant(), request.form.get("action", ""), request.form.get("minutes", "")
    minutes = int(text) if text.isdecimal() and 1 <= int(text) <= trouble.LONGEST_MINUTES else None
    if action in ("throttled", "down") and minutes is None:
        errors = {"minutes": f"Write a number of minutes, from 1 to {trouble.LONGEST_MINUTES}."}
        return render_template("trouble.html", minutes=text, errors=errors, zone="UTC"), 422
    with tenant.lock:
        if action == "secret":
            trouble.expire_secret(tenant)
        elif action == "consent":
            trouble.remove_consent(tenant)
        elif action == "throttled":
            trouble.throttle(tenant, minutes or 0)
        elif action == "down":
            trouble.go_down(tenant, minutes or 0)
        elif action == "restored":
            trouble.restore(tenant)
        else:
            abort(404)
        if tenant.on_change:
            tenant.on_change()
    return redirect(url_for(".trouble_page", said=action), 303)
