"""What only shows when all items are read: conditions without a question, and conditions in a circle."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from portal_app.domain.forms.importing.findings import FindingCode, Findings, Outcome
from portal_app.domain.forms.importing.value_sets import objects
from portal_app.domain.forms.types import ROOT, Condition, Item, Operator
from portal_app.domain.forms.values import ValueType, read_value, text_of


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
    """Refuses conditions in a circle, naming two items of it: neither would ever be asked.

    An item depends on the questions of its conditions and, through them, on what those stand in.
    """
    edges = {
        item.index: [condition.question for condition in item.conditions]
        + ([item.parent] if item.parent != ROOT else [])
        for item in items
    }
    done: set[int] = set()
    for start in edges:
        circle = _circle_from(start, edges, done)
        if circle:
            with_conditions = [items[index] for index in circle if items[index].conditions]
            first = with_conditions[0]
            asked = {condition.question for condition in first.conditions}
            other = next((items[index] for index in circle if index in asked), with_conditions[-1])
            findings.add(
                FindingCode.CONDITION_LOOP,
                Outcome.REFUSED,
                first.number,
                first.link_id,
                other=other.number,
                other_link_id=other.link_id,
            )


def _circle_from(start: int, edges: Mapping[int, list[int]], done: set[int]) -> list[int]:
    """The first circle that is reached from an item, without recursion; `done` grows by what has none."""
    way: list[int] = []
    on_way: set[int] = set()
    stack: list[tuple[int, bool]] = [(start, False)]
    while stack:
        at, is_left = stack.pop()
        if is_left:
            done.add(way.pop())
            on_way.discard(at)
        elif at in on_way:
            circle = way[way.index(at) :]
            done.update(circle)
            return circle
        elif at not in done:
            way.append(at)
            on_way.add(at)
            stack.append((at, True))
            stack += [(target, False) for target in edges[at]]
    return []
