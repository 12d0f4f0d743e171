"""Pages of a few questions each: whole groups where they fit, and nothing that repeats is ever cut."""

from typing import NamedTuple

from portal_app.domain.forms.types import Control, Form, Item

FIELDS_PER_PAGE = 10


class Page(NamedTuple):
    """Items from `first` up to `end`, in document order."""

    first: int
    end: int


def pages_of(form: Form) -> tuple[Page, ...]:
    """The pages of a form; every item is on exactly one. An item whose control is "page" begins one."""
    cutter = _Cutter(form)
    for index in form.roots:
        cutter.take(form.items[index])
    cutter.close()
    return tuple(cutter.pages)


class _Cutter:
    def __init__(self, form: Form) -> None:
        self.form = form
        self.pages: list[Page] = []
        self.first = self.end = self.fields = 0

    def close(self) -> None:
        """Ends the page that is being filled."""
        if self.end > self.first:
            self.pages.append(Page(self.first, self.end))
        self.first, self.fields = self.end, 0

    def take(self, item: Item) -> None:
        fields = sum(one.is_question and not one.hidden for one in self.form.items[item.index : item.end])
        is_page = item.control is Control.PAGE
        if is_page:
            self.close()
        if fields <= FIELDS_PER_PAGE or item.repeats or not item.children:
            if self.fields and self.fields + fields > FIELDS_PER_PAGE:
                self.close()
            self.end, self.fields = item.end, self.fields + fields
        else:
            if item.children and not item.is_question:
                self.close()
            self.end, self.fields = item.index + 1, self.fields + item.is_question
            for child in item.children:
                self.take(self.form.items[child])
        if is_page:
            self.close()
