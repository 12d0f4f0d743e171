"""Why a practice's name and contact details are refused, and why its demo is not removed."""

from portal_app.domain.errors import UserError


class PracticeMissing(UserError):
    code = "practice.missing"
    message = 'Your practice has no name yet. Set it first: portal practice set --name "…"'


class DemoNotLoaded(UserError):
    code = "practice.demo_not_loaded"
    message = "The demo practice is not loaded yet. Load it first: portal demo"


class NameMissing(UserError):
    code = "practice.name_missing"
    message = "Give the name of your practice: --name"
    field = "name"


class DetailTooLong(UserError):
    code = "practice.detail_too_long"
    message = "This has more than {most} characters: {text}"


class PhoneUnusable(UserError):
    code = "practice.phone_unusable"
    message = "This is not a phone number: {text}"
    field = "phone"


class EmailUnusable(UserError):
    code = "practice.email_unusable"
    message = "This is not an email address: {text}"
    field = "email"


class CountryUnknown(UserError):
    code = "practice.country_unknown"
    message = "This is not a country's code of two letters, like US: {text}"
    field = "country"


class WebsiteUnusable(UserError):
    code = "practice.website_unusable"
    message = "This is not the address of a website, like https://www.example.org: {text}"
    field = "website"


class PaperUnknown(UserError):
    code = "practice.paper_unknown"
    message = "Paper is us-letter or a4, not {text}"
    field = "paper"


class HoursUnreadable(UserError):
    code = "practice.hours_unreadable"
    message = "Write opening hours as a language and a text, like {example}: {text}"
    field = "opening_hours"


class CurrencyFixed(UserError):
    code = "practice.currency_fixed"
    message = (
        "The money in this database is in {kept}, and PORTAL_CURRENCY is {wanted}. "
        "Set PORTAL_CURRENCY to what it was."
    )


class DemoRemovalBlocked(UserError):
    """Value: `what` is in the way, as a list in words."""

    code = "demo_removal.blocked"
    message = "Nothing was removed. In the way: {what}"


class DemoChanged(UserError):
    code = "demo_removal.changed"
    message = "Nothing was removed: something was added since this was shown. Look at it again."
