"""The panel of a room, with the guide's labels."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from markupsafe import Markup
from wtforms import BooleanField, HiddenField, SelectField, StringField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length
from wtforms.widgets import Select

from webapp.forms import RevisedForm, is_whole, trimmed
from webapp.models import Connection, Room
from webapp.rooms.linking import Agreed, Link
from webapp.rooms.service import CAPACITY_LIMIT, RoomDraft
from webapp.rooms.words import FIELD_WORDS

NOT_TYPED = frozenset({"csrf_token", "sync_active", "agreed", "remove_left"})

NONE, OFFICE_365 = "none", "office365"


@cache
def zone_names() -> tuple[str, ...]:
    """IANA zones to choose from: places, and UTC."""
    return (
        "UTC",
        *sorted(name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/"))),
    )


@cache
def _zone_option(name: str, label: str, selected: bool) -> Markup:
    chosen = Markup("selected ") if selected else ""
    return Markup('<option {}value="{}">{}</option>').format(chosen, name, label)


def zone_options(chosen: str) -> Markup:
    """The options of a select of zones, with one of them selected."""
    return Markup("").join(_zone_option(name, name.replace("_", " "), name == chosen) for name in zone_names())


class ZoneSelect(Select):  # type: ignore[misc]
    """A select whose hundreds of options are written once: they were most of the time that the panel took."""

    @classmethod
    def render_option(cls, choice: Any) -> Markup:
        """An option as `Select` writes it."""
        return _zone_option(choice.value, choice.label, choice.selected)


class RoomForm(RevisedForm):
    """A room being made or changed."""

    name = StringField(
        "Name",
        [InputRequired(FIELD_WORDS["name_missing"]), Length(max=200, message=FIELD_WORDS["name_long"])],
        filters=[trimmed],
    )
    capacity = StringField("Capacity", filters=[trimmed])
    building = StringField("Building", [Length(max=200, message=FIELD_WORDS["text_long"])], filters=[trimmed])
    floor = StringField("Floor", [Length(max=64, message=FIELD_WORDS["text_long"])], filters=[trimmed])
    time_zone = SelectField("Time zone", validate_choice=False, widget=ZoneSelect())
    calendar_type = SelectField(
        "Type of Calendar to Sync",
        choices=[SelectChoice(NONE, "None"), SelectChoice(OFFICE_365, "Office 365")],
        default=NONE,
    )
    connection_id = SelectField("Microsoft Connection to Use", validate_choice=False)
    external_address = StringField("External Calendar", filters=[trimmed])
    sync_active = BooleanField("External Calendar Sync is Active")
    agreed = HiddenField()
    """`another_mailbox`: the question what happens to the room's reservations was answered."""
    remove_left = BooleanField("Also remove what was written there")

    def offer(self, connections: Sequence[Connection]) -> None:
        """Fill in what can be chosen; a room's own zone stays choosable under whatever name it has."""
        own = [self.time_zone.data] if self.time_zone.data else []
        names = [*(name for name in own if name not in zone_names()), *zone_names()]
        self.time_zone.choices = [
            SelectChoice("", "Choose a time zone"),
            *(SelectChoice(name, name.replace("_", " ")) for name in names),
        ]
        self.connection_id.choices = [
            SelectChoice("", "Choose a connection"),
            *(SelectChoice(str(one.id), one.name) for one in connections),
        ]

    def validate_time_zone(self, field: SelectField) -> None:
        """A known zone."""
        if field.data not in available_timezones():
            raise ValidationError(FIELD_WORDS["time_zone_unknown"])

    def validate_capacity(self, field: StringField) -> None:
        """Empty, or a whole number."""
        text = field.data or ""
        if text and not (text.isascii() and text.isdigit() and len(text) < 8 and int(text) <= CAPACITY_LIMIT):
            raise ValidationError(FIELD_WORDS["capacity_wrong"].format(limit=f"{CAPACITY_LIMIT:,}"))

    def validate_connection_id(self, field: SelectField) -> None:
        """Needed for Office 365."""
        if self.is_linked and not is_whole(field.data):
            raise ValidationError(FIELD_WORDS["connection_missing"])

    def validate_external_address(self, field: StringField) -> None:
        """Needed for Office 365; its shape is the service's matter."""
        if self.is_linked and not field.data:
            raise ValidationError(FIELD_WORDS["address_missing"])

    @property
    def is_linked(self) -> bool:
        """Whether Office 365 is chosen."""
        return bool(self.calendar_type.data == OFFICE_365)

    @property
    def agreement(self) -> Agreed | None:
        """What a person agreed to when asked about another mailbox."""
        return Agreed(bool(self.remove_left.data)) if self.agreed.data == "another_mailbox" else None

    def as_typed(self) -> dict[str, str]:
        """Its fields as a browser sends them, for a form that asks once more."""
        texts = {field.name: str(field.data or "") for field in self if field.name not in NOT_TYPED}
        return texts | ({"sync_active": "y"} if self.sync_active.data else {})

    def draft(self) -> RoomDraft:
        """What a valid form wants."""
        link = None
        if self.is_linked:
            link = Link(int(self.connection_id.data), self.external_address.data or "", bool(self.sync_active.data))
        return RoomDraft(
            name=self.name.data or "",
            time_zone=self.time_zone.data or "",
            building=self.building.data or "",
            floor=self.floor.data or "",
            capacity=int(self.capacity.data) if self.capacity.data else None,
            link=link,
        )


def form_of(room: Room) -> RoomForm:
    """The form of a room as it is saved."""
    return RoomForm(
        formdata=None,
        name=room.name,
        capacity="" if room.capacity is None else str(room.capacity),
        building=room.building,
        floor=room.floor,
        time_zone=room.time_zone,
        calendar_type=OFFICE_365 if room.mailbox_id is not None else NONE,
        connection_id=str(room.connection_id or ""),
        external_address=room.external_address or "",
        sync_active=room.sync_active,
        revision=str(room.revision),
    )
