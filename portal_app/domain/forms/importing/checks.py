"""What only shows when all items are read: conditions without a question, and conditions in a circle."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from portal_app.domain.forms.importing.findings import FindingCode, Findings, Outcome
from portal_app.domain.forms.importing.value_sets import objects
from portal_app.domain.forms.types import ROOT, Condition, Item, Operator
from portal_app.domain.forms.values import ValueType, read_value, text_of

MOST_CHAINED = (
    80  # items that depend on one another in a row; each is judged inside the judging of the one before
)


def read_conditions(
    item: Item,
    given: Mapping[str, Any],
    by_link_id: Mapping[str, Item],
    ambiguous: set[str],
    findings: Findings,
) -> Item:
    """The item with its conditions. One that cannot be judged is left out, so that the question is asked."""
    found: list[Condition] = []
    whens = objects(given.get("enableWhen"))

    def say(code: FindingCode, outcome: Outcome, question: str) -> None:
        findings.add(code, outcome, item.number, item.link_id, question=question)

    for when in whens:
        link_id = text_of(when.get("question"))
        target = by_link_id.get(link_id)
        condition = _condition(when, target.index) if target else None
        if link_id in ambiguous:
            say(FindingCode.LINK_ID_AMBIGUOUS, Outcome.REFUSED, link_id)
        elif target is None:
            say(FindingCode.CONDITION_TARGET_MISSING, Outcome.LEFT_OUT, link_id)
        elif condition is None or not target.is_question:
            say(FindingCode.CONDITION_INVALID, Outcome.LEFT_OUT, link_id)
        else:
            if target.index > item.index:
                say(FindingCode.CONDITION_LATER, Outcome.NOTED, link_id)
            found.append(condition)
    behaviour = text_of(given.get("enableBehavior"))
    if len(whens) > 1 and behaviour not in ("all", "any"):
        findings.add(FindingCode.BEHAVIOUR_MISSING, Outcome.REPAIRED, item.number, item.link_id)
    return replace(item, conditions=tuple(found), any_condition=behaviour == "any")


def _condition(when: Mapping[str, Any], target: int) -> Condition | None:
    answer = read_value(when, "answer")
    try:
        operator = Operator(text_of(when.get("operator")))
    except ValueError:
        return None
    if answer is None or (operator is Operator.EXISTS and answer.type is not ValueType.BOOLEAN):
        return None
    return Condition(target, operator, answer)


def refuse_loops(items: Sequence[Item], findings: Findings) -> None:
    """Refuses conditions in a circle, naming two items of it: neither would ever be asked; and very long chains.

    An item depends on the questions of its conditions and, through them, on what those stand in.
    """
    edges = {
        item.index: [condition.question for condition in item.conditions]
        + ([item.parent] if item.parent != ROOT else [])
        for item in items
    }
    lengths: dict[int, int] = {}
    for start in edges:
        circle = _circle_from(start, edges, lengths)
        if circle:
            with_conditions = [items[index] for index in circle if items[index].conditions]
            first = with_conditions[0]
            asked = {condition.question for condition in first.conditions}
            other = next((items[index] for index in circle if index in asked), with_conditions[-1])
            words = {"other": other.number, "other_link_id": other.link_id}
            findings.add(FindingCode.CONDITION_LOOP, Outcome.REFUSED, first.number, first.link_id, **words)
    longest = max(edges, key=lambda index: lengths.get(index, 0))
    if lengths.get(longest, 0) > MOST_CHAINED:
        item, most = items[longest], str(MOST_CHAINED)
        findings.add(FindingCode.CONDITION_CHAIN, Outcome.REFUSED, item.number, item.link_id, most=most)


def _circle_from(start: int, edges: Mapping[int, list[int]], lengths: dict[int, int]) -> list[int]:
    """The first circle that is reached from an item, without recursion.

    `lengths` grows by what is in no circle: item → how many items stand in the longest chain that begins with it.
    """
    way: list[int] = []
    on_way: set[int] = set()
    stack: list[tuple[int, bool]] = [(start, False)]
    while stack:
        at, is_left = stack.pop()
        if is_left:
            way.pop()
            on_way.discard(at)
            lengths[at] = 1 + max((lengths.get(target, 0) for target in edges[at]), default=0)
        elif at in on_way:
            circle = way[way.index(at) :]
            lengths.update(dict.fromkeys(circle, 0))
            return circle
        elif at not in lengths:
            way.append(at)
            on_way.add(at)
            stack.append((at, True))
            stack += [(target, False) for target in edges[at]]
    return []
