"""Items of a questionnaire, in document order: lenient, and every repair is said."""

from collections.abc import Iterator, Mapping
from typing import Any

from portal_app.domain.forms.importing import extensions as urls
from portal_app.domain.forms.importing.controls import GUIDES, KNOWN_CONTROLS, control_of
from portal_app.domain.forms.importing.expressions import ExpressionReader, Place
from portal_app.domain.forms.importing.extensions import codes_of, loss_of, values_of
from portal_app.domain.forms.importing.findings import FindingCode, Findings, Outcome
from portal_app.domain.forms.importing.limits import read_limits
from portal_app.domain.forms.importing.options import read_initial, read_options
from portal_app.domain.forms.importing.texts import read_text
from portal_app.domain.forms.importing.value_sets import ValueSets, objects
from portal_app.domain.forms.types import ROOT, ExpressionKind, Guidance, Item, ItemType, Text
from portal_app.domain.forms.values import Coding, read_coding, text_of
from portal_app.domain.json_values import is_list_or_tuple, is_object

MOST_ITEMS = 2_000
_CHOICES = (ItemType.CHOICE, ItemType.OPEN_CHOICE)
_LOSSES = {
    "population": FindingCode.POPULATION,
    "extraction": FindingCode.EXTRACTION,
    "constraint": FindingCode.CONSTRAINT,
    "expression": FindingCode.EXPRESSION_UNKNOWN,
    "other": FindingCode.EXTENSION_UNKNOWN,
}


class TooManyItems(Exception):
    """More items than the portal takes."""


class ItemReader:
    """Reads the items of one questionnaire; `items` has them in document order, `given` their JSON."""

    def __init__(self, sets: ValueSets, expressions: ExpressionReader, findings: Findings) -> None:
        self.items: list[Item] = []
        self.given: list[Mapping[str, Any]] = []
        self.ambiguous: set[str] = set()  # linkIds that several items had
        self._sets, self._expressions, self._findings = sets, expressions, findings
        self._link_ids: set[str] = set()
        self._parts: dict[int, dict[str, Any]] = {}

    def read_all(self, given: object) -> None:
        """Reads the items of the form. Raises TooManyItems."""
        for position, item in enumerate(objects(given), 1):
            self._read(item, str(position), ROOT, (), ())
        self.items = [Item(**self._parts[index]) for index in range(len(self._parts))]

    def _read(
        self,
        given: Mapping[str, Any],
        number: str,
        parent: int,
        ancestors: tuple[int, ...],
        repeated: tuple[int, ...],
    ) -> int:
        index = len(self._parts)
        if index >= MOST_ITEMS:
            raise TooManyItems
        self.given.append(given)
        part = self._parts[index] = {"index": index, "number": number, "parent": parent}
        part["link_id"] = link_id = self._link_id(given, number)
        part["type"] = kind = self._type(given, number, link_id)
        asked = set(codes_of(given, urls.CONTROL, urls.CATEGORY))
        guides, children = self._split(given)
        if kind is ItemType.DISPLAY and children:
            self._say(FindingCode.ITEMS_UNDER_DISPLAY, Outcome.REPAIRED, number, link_id)
            part["type"] = kind = ItemType.GROUP
        part |= self._words(given, guides, number, link_id)
        part |= self._answers(given, kind, asked, children, number, link_id)
        part["ancestors"] = (*ancestors, index)
        part["repeated"] = (*repeated, index) if part["repeats"] else repeated
        for code in sorted(asked - KNOWN_CONTROLS):
            self._say(FindingCode.CONTROL_UNKNOWN, Outcome.NOTED, number, link_id, control=code)
        self._say_losses(given, number, link_id)
        made = self._expressions.read(given, Place(index, number, link_id))
        part["shown"] = made.get(ExpressionKind.SHOWN, ROOT)
        part["calculated"] = made.get(ExpressionKind.CALCULATED, ROOT)
        part["initial_expression"] = made.get(ExpressionKind.INITIAL, ROOT)
        part["children"] = tuple(
            self._read(child, f"{number}.{position}", index, part["ancestors"], part["repeated"])
            for position, child in enumerate(children, 1)
        )
        part["end"] = len(self._parts)
        return index

    def _say(self, code: FindingCode, outcome: Outcome, number: str, link_id: str, **values: str) -> None:
        self._findings.add(code, outcome, number, link_id, **values)

    def _link_id(self, given: Mapping[str, Any], number: str) -> str:
        """The linkId; a missing one is made of the number, a second one gets a suffix."""
        wanted = text_of(given.get("linkId")).strip()
        link_id = wanted or f"item-{number}"
        if not wanted:
            self._say(FindingCode.LINK_ID_MISSING, Outcome.REPAIRED, number, "", made=link_id)
        elif wanted in self._link_ids:
            self.ambiguous.add(wanted)
        tries = 1
        while link_id in self._link_ids:
            tries += 1
            link_id = f"{wanted or number}-{tries}"
        if wanted and link_id != wanted:
            self._say(FindingCode.LINK_ID_DUPLICATE, Outcome.REPAIRED, number, wanted, made=link_id)
        self._link_ids.add(link_id)
        return link_id

    def _type(self, given: Mapping[str, Any], number: str, link_id: str) -> ItemType:
        name = text_of(given.get("type"))
        try:
            return ItemType(name)
        except ValueError:
            has_answers = "answerOption" in given or "answerValueSet" in given
            known = {"coding": ItemType.CHOICE, "question": None}.get(name)  # R5's coding is a choice
            if known is None and name and not has_answers:
                self._say(FindingCode.TYPE_UNKNOWN, Outcome.REFUSED, number, link_id, type=name)
                return ItemType.DISPLAY
            guess = ItemType.CHOICE if has_answers or known else ItemType.GROUP
            guess = guess if has_answers or known or objects(given.get("item")) else ItemType.DISPLAY
            self._say(FindingCode.TYPE_UNKNOWN, Outcome.REPAIRED, number, link_id, type=name)
            return guess

    def _split(
        self, given: Mapping[str, Any]
    ) -> tuple[list[tuple[str, Mapping[str, Any]]], list[Mapping[str, Any]]]:
        """Displays below an item that are words around it, and its other children."""
        guides: list[tuple[str, Mapping[str, Any]]] = []
        children: list[Mapping[str, Any]] = []
        for child in objects(given.get("item")):
            named = sorted(GUIDES & set(codes_of(child, urls.CONTROL)))
            is_guide = child.get("type") == "display" and named and not child.get("enableWhen")
            if is_guide and not child.get("item"):
                guides.append((named[0], child))
            else:
                children.append(child)
        return guides, children

    def _words(
        self,
        given: Mapping[str, Any],
        guides: list[tuple[str, Mapping[str, Any]]],
        number: str,
        link_id: str,
    ) -> dict[str, Any]:
        text = read_text(given, "text", self._findings, number, link_id)
        kind = given.get("type")
        if not text and kind != "group":
            self._say(FindingCode.TEXT_MISSING, Outcome.NOTED, number, link_id)
        around: dict[str, Text] = {}
        for name, guide in guides:
            more = read_text(guide, "text", self._findings, number, link_id)
            around[name] = _joined(around.get(name, Text()), more)
        instructions = [text_of(one) for one in values_of(given, urls.INSTRUCTION)]
        for words in filter(None, instructions):
            around["help"] = _joined(around.get("help", Text()), Text(words))
        guidance = Guidance(
            help=around.get("help", Text()),
            flyover=around.get("flyover", Text()),
            lower=around.get("lower", Text()),
            upper=around.get("upper", Text()),
            entry_format=_first_text(given, urls.ENTRY_FORMAT),
            own_text_label=_first_text(given, urls.OPEN_LABEL),
        )
        units = self._units(given, around.get("unit", Text()), number, link_id)
        prefix = read_text(given, "prefix", self._findings, number, link_id)
        return {"text": text, "prefix": prefix, "guidance": guidance, "units": units}

    def _units(self, given: Mapping[str, Any], shown: Text, number: str, link_id: str) -> tuple[Coding, ...]:
        codings = [read_coding(one) for one in values_of(given, urls.UNIT, urls.UNIT_OPTION)]
        units = [one for one in codings if one is not None]
        for name in values_of(given, urls.UNIT_VALUE_SET):
            options = self._sets.options(text_of(name))
            if options is None:
                self._say(
                    FindingCode.VALUE_SET_UNKNOWN, Outcome.LEFT_OUT, number, link_id, value_set=text_of(name)
                )
            units += [one.value.content for one in options or () if isinstance(one.value.content, Coding)]
        return tuple(units) or ((Coding(display=shown.plain),) if shown.plain else ())

    def _answers(
        self,
        given: Mapping[str, Any],
        kind: ItemType,
        asked: set[str],
        children: list[Mapping[str, Any]],
        number: str,
        link_id: str,
    ) -> dict[str, Any]:
        """What it takes as answers, and how it is drawn."""
        is_question = kind not in (ItemType.GROUP, ItemType.DISPLAY)
        options, option_set = (
            read_options(given, kind, self._sets, self._findings, number, link_id)
            if is_question
            else ((), "")
        )
        repeats = given.get("repeats") is True and kind is not ItemType.DISPLAY
        many = repeats and bool(options) and not any(child.get("type") != "display" for child in children)
        if kind is ItemType.GROUP and not children:
            self._say(FindingCode.EMPTY_GROUP, Outcome.NOTED, number, link_id)
        return {
            "options": options,
            "option_set": option_set,
            "own_text": kind is ItemType.OPEN_CHOICE,
            "many": many,
            "repeats": repeats and not many,
            "control": control_of(kind, asked, len(options), many),
            "required": given.get("required") is True,
            "read_only": given.get("readOnly") is True,
            "hidden": True in values_of(given, urls.HIDDEN),
            "horizontal": "horizontal" in values_of(given, urls.ORIENTATION),
            "other_units": any(values_of(given, urls.UNIT_OPEN)),
            "limits": read_limits(given, kind, self._findings, number, link_id),
            "initial": read_initial(given, kind, options, repeats, self._findings, number, link_id)
            if is_question
            else (),
        }

    def _say_losses(self, given: Mapping[str, Any], number: str, link_id: str) -> None:
        say_losses(given, self._findings, number, link_id)
        if given.get("modifierExtension"):
            self._say(FindingCode.MODIFIER, Outcome.REFUSED, number, link_id)


def _urls_below(given: object) -> Iterator[str]:
    """The addresses of all extensions of a JSON value, those of other items and inside of extensions left out."""
    if is_object(given):
        yield from (extension["url"] for extension in urls.extensions(given))
        for name, part in given.items():
            if name not in ("item", "extension", "contained"):
                yield from _urls_below(part)
    elif is_list_or_tuple(given):
        for part in given:
            yield from _urls_below(part)


def say_losses(given: Mapping[str, Any], findings: Findings, number: str = "", link_id: str = "") -> None:
    """Says which extensions of an item, or of the form itself, are lost."""
    for url in sorted(set(_urls_below(given))):
        lost = loss_of(url)
        if lost:
            name = url.rpartition("/")[2]
            words = {"expression": name, "names": "", "kind": name, "language": ""}
            more = {"extension": url} if lost in ("other", "extraction", "constraint") else words
            findings.add(_LOSSES[lost], Outcome.LEFT_OUT, number, link_id, **more)


def _joined(one: Text, other: Text) -> Text:
    """Both texts, one after the other."""
    if not one:
        return other
    languages = [language for language, _ in one.translations]
    translations = tuple((name, f"{one.spoken_in(name)} {other.spoken_in(name)}") for name in languages)
    html = " ".join(filter(None, (one.html or one.plain, other.html or other.plain)))
    return Text(f"{one.plain} {other.plain}".strip(), html if one.html or other.html else "", translations)


def _first_text(given: Mapping[str, Any], url: str) -> str:
    return next((text_of(one) for one in values_of(given, url)), "")
