"""What an expression depends on, and which expressions an answer makes unknown. Worked out once per form."""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

from portal_app.domain.forms.types import ROOT, ExpressionKind, Form

_FORMS = 20  # whose dependencies are remembered


class Dependencies:
    """Of one form. Expressions of first answers are none: they run once, when a response is begun."""

    def __init__(self, form: Form) -> None:
        self.form = form
        self._deciding: dict[int, frozenset[int]] = {}
        self._needed: dict[int, tuple[int, ...]] = {}
        self._affected: dict[int, frozenset[int]] = {}
        self._asked_by: dict[int, list[int]] = {}  # question → items with a condition on it
        for item in form.items:
            for condition in item.conditions:
                self._asked_by.setdefault(condition.question, []).append(item.index)

    def deciding(self, item: int) -> frozenset[int]:
        """Expressions that give the answer of an item, or decide whether it counts."""
        if item not in self._deciding:  # conditions in a circle are refused at import: this ends
            form, found = self.form, set[int]()
            if form.items[item].calculated != ROOT:
                found.add(form.items[item].calculated)
            for above in form.items[item].ancestors:
                if form.items[above].shown != ROOT:
                    found.add(form.items[above].shown)
                for condition in form.items[above].conditions:
                    found |= self.deciding(condition.question)
            self._deciding[item] = frozenset(found)
        return self._deciding[item]

    def needed(self, expression: int) -> tuple[int, ...]:
        """Expressions that must be known before this one: its variables first."""
        if expression not in self._needed:
            one, items = self.form.expressions[expression], self.form.items
            read = range(len(items)) if one.reads_everything else self._within(one.reads)
            others = {each for item in read for each in self.deciding(item)}
            self._needed[expression] = (*one.uses, *sorted(others - {expression} - set(one.uses)))
        return self._needed[expression]

    def _within(self, items: frozenset[int]) -> Iterator[int]:
        for item in items:
            yield from range(item, self.form.items[item].end)

    def affected(self, item: int) -> frozenset[int]:
        """Expressions that may give something else once this item is answered anew, through all that reads them."""
        if item not in self._affected:
            self._affected[item] = frozenset(self._spread(item))
        return self._affected[item]

    def _spread(self, changed: int) -> set[int]:
        form, found = self.form, set[int](self.form.readers_of_everything)
        items, todo, expressions = set[int](), [changed], list(found)
        while todo or expressions:
            if expressions:
                one = form.expressions[expressions.pop()]
                reached = list(one.used_by)
                if one.kind is ExpressionKind.CALCULATED:
                    todo.append(one.item)
                elif one.kind is ExpressionKind.SHOWN:
                    todo += range(one.item, form.items[one.item].end)
            else:
                item = todo.pop()
                if item in items:
                    continue
                items.add(item)
                for waiting in self._asked_by.get(item, ()):
                    todo += range(waiting, form.items[waiting].end)
                reached = [
                    each for above in form.items[item].ancestors for each in form.readers.get(above, ())
                ]
            fresh = set(reached) - found
            found |= fresh
            expressions += fresh
        return found


@lru_cache(maxsize=_FORMS)
def dependencies_of(form: Form) -> Dependencies:
    """The dependencies of a form, remembered."""
    return Dependencies(form)


def in_order(wanted: Iterable[int], needed: Callable[[int], Iterable[int]]) -> list[int]:
    """What is wanted and what that needs, each after what it needs. A circle is cut where it was entered."""
    order: dict[int, None] = {}
    opened = set[int]()
    for first in wanted:
        stack = [first]
        while stack:
            at = stack[-1]
            missing = [] if at in opened else [one for one in needed(at) if one not in opened]
            opened.add(at)
            if missing:
                stack += missing
            else:
                order.setdefault(stack.pop())
    return list(order)
