"""Which of a tenant's rooms is proposed for which room here."""

from __future__ import annotations

import pytest

from webapp.domain.room_matching import Becomes, Here, Listed, Proposal, Why, in_order, propose, words_of


def proposal(one: Listed, *rooms: Here) -> Proposal:
    return propose([one], rooms)[one.key]


def listed(name: str, building: str = "", capacity: int | None = None, key: int = 1) -> Listed:
    return Listed(key, f"room-{key}@larkfield.example", name, building, capacity)


@pytest.mark.parametrize(
    "there", ["Alder", "ALDER", "Room Alder", "Mtg. Alder", "Quay House - Alder", "Quay House, meeting room Alder"]
)
def test_a_room_of_the_same_name_is_linked_whatever_stands_around_it(there: str) -> None:
    made = proposal(listed(there, "Quay House"), Here(7, "Alder", "Quay House"))
    assert (made.becomes, made.room, made.why, made.look) == (Becomes.LINK, 7, Why.SAME_NAME, False)


def test_accents_and_marks_do_not_part_two_names() -> None:
    assert words_of("Salle Éclair") == words_of("eclair")
    assert words_of("مكتب الاجتماعات")


def test_a_name_of_nothing_but_noise_is_still_a_name() -> None:
    assert proposal(listed("Meeting room"), Here(7, "Room meeting")).becomes is Becomes.LINK
    assert proposal(listed("Quay House", "Quay House"), Here(7, "Quay House", "Quay House")).room == 7


def test_a_name_that_no_room_has_becomes_a_new_room() -> None:
    made = proposal(listed("Poplar", capacity=6), Here(7, "Alder"))
    assert (made.becomes, made.why, made.room) == (Becomes.NEW, Why.NO_SUCH_ROOM, None)


def test_what_has_no_seats_is_skipped_unless_a_room_has_its_name() -> None:
    assert proposal(listed("Projector 3", capacity=0)).becomes is Becomes.SKIP
    assert proposal(listed("Projector 3", capacity=0), Here(7, "Projector 3")).becomes is Becomes.LINK


def test_what_is_linked_already_is_not_proposed_again_and_its_room_not_for_another() -> None:
    linked = Here(7, "Alder", address="room-1@larkfield.example")
    made = propose([listed("Alder"), listed("Alder", key=2)], [linked])
    assert (made[1].becomes, made[1].room) == (Becomes.LINKED, 7)
    assert made[2].becomes is Becomes.NEW


def test_seats_that_differ_are_to_be_looked_at() -> None:
    made = proposal(listed("Heather", "Quay House", 10), Here(7, "Heather", "Quay House", 8))
    assert (made.becomes, made.why, made.look) == (Becomes.LINK, Why.SEATS_DIFFER, True)


def test_the_same_name_in_another_building_is_to_be_looked_at() -> None:
    made = proposal(listed("Heather", "Mill Lane"), Here(7, "Heather", "Quay House"))
    assert (made.becomes, made.why, made.look) == (Becomes.LINK, Why.OTHER_BUILDING, True)


def test_a_name_that_says_more_is_similar_and_only_in_the_same_building() -> None:
    made = proposal(listed("Ivy (large)", "Quay House"), Here(7, "Ivy", "Quay House"))
    assert (made.becomes, made.why, made.look) == (Becomes.LINK, Why.SIMILAR_NAME, True)
    assert proposal(listed("Ivy (large)", "Mill Lane"), Here(7, "Ivy", "Quay House")).becomes is Becomes.NEW


def test_of_two_rooms_of_one_name_the_building_decides_and_then_the_seats() -> None:
    rooms = [Here(7, "Ivy", "Quay House", 4), Here(8, "Ivy", "Mill Lane", 4), Here(9, "Ivy", "Mill Lane", 12)]
    made = proposal(listed("Ivy", "Mill Lane", 12), *rooms)
    assert (made.room, made.why) == (9, Why.SAME_NAME)
    assert made.others == (8, 7)


def test_where_nothing_tells_two_rooms_apart_a_person_has_to() -> None:
    made = proposal(listed("Ivy"), Here(7, "Ivy", "Quay House"), Here(8, "Ivy", "Mill Lane"))
    assert (made.room, made.why, made.others, made.look) == (7, Why.SEVERAL, (8,), True)


def test_one_room_here_is_proposed_once_for_the_one_that_fits_best() -> None:
    made = propose(
        [listed("Ivy (large)", "Quay House", key=1), listed("Ivy", "Quay House", key=2)],
        [Here(7, "Ivy", "Quay House")],
    )
    assert (made[2].room, made[1].becomes, made[1].others) == (7, Becomes.NEW, (7,))


def test_what_needs_a_look_comes_first_then_what_has_no_room_here() -> None:
    rooms = [Here(7, "Ivy", capacity=4), Here(8, "Fern"), Here(9, "Elm", address="room-5@larkfield.example")]
    names = ["Fern", "Poplar", "Ivy", "Projector", "Elm", "aspen"]
    seats = [None, 6, 8, 0, None, 6]
    there = [listed(name, "", seat, key) for key, (name, seat) in enumerate(zip(names, seats, strict=True), start=1)]
    shown = [one.name for one in in_order(there, propose(there, rooms))]
    assert shown == ["Ivy", "aspen", "Poplar", "Fern", "Projector", "Elm"]


def test_ten_thousand_rooms_with_common_words_are_matched_each_with_its_own() -> None:
    rooms = [Here(key, f"Floor {key % 90} Desk {key}", "Tower") for key in range(10_000)]
    there = [listed(f"Desk {key}, floor {key % 90}", "Tower", None, key) for key in range(10_000)]
    made = propose(there, rooms)
    assert all(made[key].room == key and not made[key].look for key in range(10_000))
