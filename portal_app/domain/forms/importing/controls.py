"""How an item is drawn, by its type, its options and what the questionnaire asks for."""

from portal_app.domain.forms.types import Control, ItemType

MOST_RADIOS, MOST_LISTED = 6, 15
TABLES = {"table", "gtable", "htable", "atable", "grid"}
GUIDES = {"help", "flyover", "lower", "upper", "unit"}  # of a display below an item: words around it
KNOWN_CONTROLS = (
    TABLES
    | GUIDES
    | {"radio-button", "check-box", "drop-down", "autocomplete", "text-area", "text-box", "slider", "page"}
    | {"instructions", "security", "spinner", "header", "footer", "open-choice", "inline", "prompt", "list"}
)

_PLAIN = {
    ItemType.DISPLAY: Control.DISPLAY,
    ItemType.INTEGER: Control.NUMBER,
    ItemType.DECIMAL: Control.NUMBER,
    ItemType.QUANTITY: Control.QUANTITY,
    ItemType.DATE: Control.DATE,
    ItemType.DATE_TIME: Control.DATE_TIME,
    ItemType.TIME: Control.TIME,
    ItemType.TEXT: Control.TEXT_AREA,
    ItemType.ATTACHMENT: Control.FILE,
}


def control_of(kind: ItemType, asked: set[str], options: int, many: bool) -> Control:
    """The control of an item.

    Args:
        asked: codes of its itemControl extensions.
        options: how many answers there are to choose from; 0 for none.
        many: several of them may be chosen.
    """
    if kind is ItemType.GROUP:
        return Control.PAGE if "page" in asked else Control.TABLE if asked & TABLES else Control.GROUP
    if kind is ItemType.BOOLEAN and not options:
        return Control.CHECK_BOXES if "check-box" in asked else Control.RADIO
    if options:
        return _of_options(asked, options, many)
    if kind in (ItemType.INTEGER, ItemType.DECIMAL) and "slider" in asked:
        return Control.SLIDER
    if kind is ItemType.STRING and "text-area" in asked:
        return Control.TEXT_AREA
    return _PLAIN.get(kind, Control.LINE)


def _of_options(asked: set[str], options: int, many: bool) -> Control:
    if "autocomplete" in asked or options > MOST_LISTED:
        return Control.AUTOCOMPLETE
    if many:
        return Control.CHECK_BOXES
    if "drop-down" in asked:
        return Control.DROP_DOWN
    return Control.RADIO if options <= MOST_RADIOS or "radio-button" in asked else Control.DROP_DOWN
