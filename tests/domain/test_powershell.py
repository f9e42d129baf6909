"""Lines to paste into PowerShell: whatever a name or an address holds stays inside of its quotes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from webapp.domain.powershell import (
    Restriction,
    access_policy,
    quoted,
    rbac_for_all_rooms,
    rbac_for_linked_rooms,
)

APP_ID = "4d7f20c9-61be-4a0e-9c55-7be1f0a2d683"
OBJECT_ID = "0c9e5a11-7f5b-4a3d-8e21-3a9fd1c0b7aa"
SINGLE_QUOTES = "'‘’‚‛"
SCRIPTS = (rbac_for_all_rooms, rbac_for_linked_rooms, access_policy)

hostile = st.text(
    st.one_of(st.sampled_from("'‘’‚‛\"“”„$`(){};|&#@<>\\\n\r\t\0\x1b\x85\u2028\u202e x"), st.characters())
)


def literals(script: str) -> tuple[list[str], str]:
    """The single-quoted strings of a script as PowerShell reads them, and everything outside of them.

    A string ends at any kind of single quote that is not followed by another; a pair of them stands for the first.
    """
    found: list[str] = []
    outside: list[str] = []
    inside, at = False, 0
    in_double = False
    while at < len(script):
        letter = script[at]
        pair = script[at + 1] if at + 1 < len(script) else ""
        if in_double or not inside:
            in_double ^= letter == '"'
            if letter in SINGLE_QUOTES and not in_double:
                inside = True
                found.append("")
            else:
                outside.append(letter)
        elif letter not in SINGLE_QUOTES:
            found[-1] += letter
        elif pair and pair in SINGLE_QUOTES:
            found[-1] += letter
            at += 1
        else:
            inside = False
        at += 1
    assert not inside
    return found, "".join(outside)


@given(hostile)
def test_a_quoted_text_is_read_as_one_string_and_nothing_else(text: str) -> None:
    strings, outside = literals(quoted(text))

    assert outside == ""
    assert len(strings) == 1
    assert len(strings[0]) == len(text)
    assert all(read in (written, "\ufffd") for read, written in zip(strings[0], text, strict=True))


@given(hostile)
def test_a_quoted_text_stands_in_one_line_and_drives_no_terminal(text: str) -> None:
    assert quoted(text).isprintable() or not text.isprintable()
    assert len(quoted(text).splitlines()) == 1
    assert not any(ord(letter) < 32 or 127 <= ord(letter) < 160 for letter in quoted(text))


@given(hostile, st.lists(hostile, min_size=1, max_size=4))
def test_names_and_addresses_change_nothing_outside_of_the_quotes(name: str, rooms: list[str]) -> None:
    for script in SCRIPTS:
        tame = script(Restriction(APP_ID, OBJECT_ID, "name", ["room"] * len(rooms)))
        wild = script(Restriction(APP_ID, OBJECT_ID, name, rooms))

        assert literals(wild)[1] == literals(tame)[1]
        assert len(wild.splitlines()) == len(tame.splitlines())


def test_a_plain_text_is_quoted_as_it_is_and_a_quote_is_doubled() -> None:
    assert quoted("alder@larkfield.example") == "'alder@larkfield.example'"
    assert quoted("o'neil$(whoami)`") == "'o''neil$(whoami)`'"
    assert quoted("O’Neil") == "'O’’Neil'"


def test_the_lines_for_all_rooms_name_app_object_and_scope_and_test_the_first_room() -> None:
    one = Restriction(APP_ID, OBJECT_ID, "Room sync (larkfield-hq)", ["alder@l.example", "b@l.example"])
    assert rbac_for_all_rooms(one).splitlines() == [
        "Connect-ExchangeOnline",
        f"$appId = '{APP_ID}'",
        f"$objectId = '{OBJECT_ID}'",
        "New-ServicePrincipal -AppId $appId -ObjectId $objectId -DisplayName 'Room sync (larkfield-hq)'",
        "New-ManagementScope -Name 'Room sync 4d7f20c9' "
        "-RecipientRestrictionFilter \"RecipientTypeDetails -eq 'RoomMailbox'\"",
        "New-ManagementRoleAssignment -App $objectId -Role 'Application Calendars.ReadWrite' "
        "-CustomResourceScope 'Room sync 4d7f20c9'",
        "Test-ServicePrincipalAuthorization -Identity $objectId -Resource 'alder@l.example' | Format-Table",
    ]


def test_the_lines_for_linked_rooms_put_each_of_them_into_a_group() -> None:
    script = rbac_for_linked_rooms(Restriction(APP_ID, OBJECT_ID, "x", ["alder@l.example", "birch@l.example"]))
    assert "$rooms = @(\n  'alder@l.example'\n  'birch@l.example'\n)" in script
    assert "New-DistributionGroup -Name 'Room sync 4d7f20c9' -Type Security" in script
    assert "-RecipientGroupScope 'Room sync 4d7f20c9'" in script


def test_many_rooms_are_read_from_a_file() -> None:
    for script in (rbac_for_linked_rooms, access_policy):
        assert "Get-Content -Encoding UTF8 -Path 'rooms.txt'" in script(Restriction(APP_ID, OBJECT_ID, "x", None))


def test_an_object_id_that_is_not_known_is_named_where_it_belongs() -> None:
    assert "$objectId = '<object id of the enterprise application>'" in rbac_for_all_rooms(
        Restriction(APP_ID, None, "x", ())
    )


def test_the_legacy_policy_restricts_the_app_to_the_group() -> None:
    script = access_policy(Restriction(APP_ID, None, "x", ["alder@l.example"]))
    assert (
        "New-ApplicationAccessPolicy -AppId $appId -PolicyScopeGroupId 'Room sync 4d7f20c9' "
        "-AccessRight RestrictAccess -Description 'Room sync'"
    ) in script
    assert "$objectId" not in script
