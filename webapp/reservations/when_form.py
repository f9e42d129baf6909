"""The first fields of a reservation: what, where and when."""

from __future__ import annotations

from wtforms import BooleanField, DateField, SelectField, StringField, TimeField
from wtforms.validators import Optional

from webapp.forms import RevisedForm, trimmed


class WhenForm(RevisedForm):
    """What takes place in which room, and when it does; fields are told in the order in which they are made."""

    title = StringField("Title", filters=[trimmed])
    room_id = SelectField("Room", validate_choice=False)
    day = DateField("Day", [Optional()])
    start = TimeField("Start", [Optional()], format=["%H:%M", "%H:%M:%S"])
    last_day = DateField("Last day", [Optional()])
    end = TimeField("End", [Optional()], format=["%H:%M", "%H:%M:%S"])
    all_day = BooleanField("All day")
