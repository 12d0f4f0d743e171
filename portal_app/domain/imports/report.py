"""What one import reports: counts, problems with their place, and sums of money (IMP cases)."""

from dataclasses import dataclass, field

from portal_app.domain.money import Money


@dataclass(frozen=True, slots=True)
class Where:
    """A record's file and the line it starts on (records may span lines)."""

    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Problem:
    """A row that was set aside, or (a warning) came in with something staff should look at."""

    file: str
    line: int
    column: str
    reason: str
    warning: bool = False
    about: str = ""  # "Claim/46ab…", where a file holds resources

    def __str__(self) -> str:
        line = f"line {self.line}" if self.line else ""
        place = ", ".join(filter(None, (self.file, line, self.about, self.column)))
        return f"{place}: {self.reason}"


@dataclass(slots=True)
class SheetCount:
    """What became of the rows of one file."""

    rows: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    set_aside: int = 0
    unread: int = 0  # of those set aside: lines that nobody could read


@dataclass(slots=True)
class Totals:
    """Receivables of one currency, in money: what is owed to the practice."""

    before: Money  # ours, before this import
    after: Money  # ours, after it
    source: Money  # what the rows that came in (or were there already) add up to
    ours: Money  # what the portal keeps of these same rows
    set_aside: Money  # what the rows that were set aside add up to
    balance_there: Money  # the files' own balance column
    balance_here: Money  # what is due here of the same invoices
    balance_explained: Money  # paid here, and the files do not know of it yet

    @property
    def agree(self) -> bool:
        """Does the portal hold what the files say, and is due here what their balance column says?"""
        return self.source == self.ours and self.balance_there == self.balance_here + self.balance_explained


@dataclass(slots=True)
class ImportReport:
    """Everything one import did, or would do (`check`)."""

    check: bool = False
    counts: dict[str, SheetCount] = field(default_factory=dict[str, SheetCount])
    problems: list[Problem] = field(default_factory=list[Problem])
    totals: dict[str, Totals] = field(default_factory=dict[str, Totals])
    notes: list[str] = field(default_factory=list[str])

    @property
    def changes(self) -> int:
        return sum(count.added + count.changed for count in self.counts.values())

    @property
    def complete(self) -> bool:
        """Was every line of the files read, and do the sums agree?"""
        unread = any(count.unread for count in self.counts.values())
        return not unread and all(totals.agree for totals in self.totals.values())

    @property
    def set_aside(self) -> list[Problem]:
        return [problem for problem in self.problems if not problem.warning]
