"""The answers of one open response: a tree with repetitions, addressed by places.

A place is an item in one repetition of each repeating item around it. Its key "12.1.3" is the item's index and the
ids of the repetitions, outermost first. Ids stay when another repetition is removed (FORM-15).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from portal_app.domain.forms.types import ROOT, Form, Item
from portal_app.domain.forms.values import Value

MOST_REPETITIONS = 200  # of one item at one place
_FIRST = (1,)


class Site(NamedTuple):
    """An expression in certain repetitions."""

    expression: int
    repetitions: tuple[int, ...] = ()


class Place(NamedTuple):
    """An item in certain repetitions."""

    item: int
    repetitions: tuple[int, ...] = ()

    @property
    def key(self) -> str:
        return ".".join(map(str, (self.item, *self.repetitions)))


def place_of(form: Form, key: str) -> Place | None:
    """The place of a key that a browser sent; None where the form has no such place."""
    parts = key.split(".")
    if len(key) > 100 or not all(part.isascii() and part.isdigit() for part in parts):
        return None
    item, *repetitions = map(int, parts)
    if item >= len(form.items) or len(repetitions) != len(form.items[item].repeated):
        return None
    return Place(item, tuple(repetitions))


@dataclass(frozen=True, slots=True)
class Response:
    """Answers of one form, hidden ones too; nothing in it changes, each step makes another one.

    Args:
        answers: place → its answers; a place without an answer has no entry or ().
        repetitions: place of an item that repeats, its own repetition left out → ids in order; without an entry
            there is one, with id 1.
        results: what expressions gave, as JSON; without an entry it is not known, or not any more.
        calculated: of them, for calculated items: place → answers. The last known ones stay until newer are known.
        shown: what an expression says of whether an item is shown: place → yes or no; without an entry no.
    """

    form: Form
    answers: Mapping[Place, tuple[Value, ...]] = field(default_factory=dict[Place, tuple[Value, ...]])
    repetitions: Mapping[Place, tuple[int, ...]] = field(default_factory=dict[Place, tuple[int, ...]])
    results: Mapping[Site, tuple[Any, ...]] = field(default_factory=dict[Site, tuple[Any, ...]])
    calculated: Mapping[Place, tuple[Value, ...]] = field(default_factory=dict[Place, tuple[Value, ...]])
    shown: Mapping[Place, bool] = field(default_factory=dict[Place, bool])

    def given(self, place: Place) -> tuple[Value, ...]:
        """The answers at a place: what was typed, else what was calculated."""
        typed = self.answers.get(place)
        if typed is None and self.form.items[place.item].calculated != ROOT:
            return self.calculated.get(place, ())
        return typed or ()

    def ids(self, place: Place) -> tuple[int, ...]:
        """Ids of the repetitions of an item that repeats; `place` without its own repetition."""
        return self.repetitions.get(place) or _FIRST

    def with_answer(self, place: Place, values: tuple[Value, ...]) -> "Response":
        """The response with these answers at a place; () is an answer that was cleared."""
        return replace(self, answers={**self.answers, place: values})

    def exists(self, place: Place) -> bool:
        """Whether the repetitions that a place names are there."""
        for depth, item in enumerate(self.form.items[place.item].repeated):
            outer = Place(item, place.repetitions[:depth])
            if place.repetitions[depth] not in self.ids(outer):
                return False
        return True

    def with_repetition(self, outer: Place) -> "Response":
        """The response with one more repetition, at the end. Unchanged at the most that an item may have."""
        ids = self.ids(outer)
        most = self.form.items[outer.item].limits.max_occurs or MOST_REPETITIONS
        if len(ids) >= min(most, MOST_REPETITIONS):
            return self
        return replace(self, repetitions={**self.repetitions, outer: (*ids, self._next_id(outer, ids))})

    def without_repetition(self, place: Place) -> "Response":
        """The response without a repetition and the answers in it; the last one leaves an empty one (FORM-15)."""
        outer = Place(place.item, place.repetitions[:-1])
        left = tuple(one for one in self.ids(outer) if one != place.repetitions[-1])
        kept = left or (self._next_id(outer, self.ids(outer)),)
        return replace(
            self,
            answers={at: values for at, values in self.answers.items() if not self.is_within(at, place)},
            repetitions={
                **{at: ids for at, ids in self.repetitions.items() if not self.is_within(at, place)},
                outer: kept,
            },
        )

    def _next_id(self, outer: Place, ids: tuple[int, ...]) -> int:
        """An id that no repetition has, nor answers of one that was removed."""
        depth = len(outer.repetitions)
        used = [
            at.repetitions[depth]
            for at in self.answers
            if len(at.repetitions) > depth
            and at.repetitions[:depth] == outer.repetitions
            and outer.item in self.form.items[at.item].repeated
        ]
        return max((*ids, *used)) + 1

    def is_within(self, place: Place, repetition: Place) -> bool:
        """Whether a place is in a repetition, or that itself."""
        depth = len(repetition.repetitions)
        in_item = repetition.item <= place.item < self.form.items[repetition.item].end
        return in_item and place.repetitions[:depth] == repetition.repetitions

    def parent(self, place: Place) -> Place | None:
        """Where the item around a place stands."""
        above = self.form.items[place.item].parent
        if above == ROOT:
            return None
        return Place(above, place.repetitions[: len(self.form.items[above].repeated)])

    def below(self, place: Place | None) -> Iterator[Place]:
        """The places right below a place (None: the form), repetitions in their order."""
        children = self.form.roots if place is None else self.form.items[place.item].children
        for child in children:
            yield from self.repeated(child, () if place is None else place.repetitions)

    def repeated(self, item: int, around: tuple[int, ...]) -> Iterator[Place]:
        """The places of an item in the repetitions around it."""
        at = Place(item, around)
        if not self.form.items[item].repeats:
            yield at
            return
        for number in self.ids(at):
            yield Place(item, (*around, number))

    def walk(self, below: Place | None = None) -> Iterator[Place]:
        """All places in document order, repetitions unrolled."""
        for place in self.below(below):
            yield place
            yield from self.walk(place)

    def places_of(self, item: Item, around: tuple[int, ...]) -> list[Place]:
        """The places of an item in all repetitions that are not given yet: `around` are those of its outer ones."""
        found = [around]
        for index in item.repeated[len(around) :]:
            found = [(*outer, number) for outer in found for number in self.ids(Place(index, outer))]
        return [Place(item.index, repetitions) for repetitions in found]
