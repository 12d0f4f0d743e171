"""Why a text of an agreement is not published, and why a signature is not taken."""

from portal_app.domain.errors import UserError


class TextRefused(UserError):
    """A text that cannot be published; the value `line` says where, from 1; 0 where it is about all of it."""

    field = "markdown"


class TitleMissing(TextRefused):
    code = "agreement.title_missing"
    message = "Give the text a title, in one line of at most {most} characters."
    field = "title"


class TextEmpty(TextRefused):
    code = "agreement.text_empty"
    message = "Write the text first."


class TextTooLarge(TextRefused):
    code = "agreement.text_too_large"
    message = "The text is too long: at most {most} characters."


class UnknownPlaceholder(TextRefused):
    code = "agreement.unknown_placeholder"
    message = "Line {line}: nobody fills the placeholder {name}."


class BrokenPlaceholder(TextRefused):
    code = "agreement.broken_placeholder"
    message = "Line {line}: two braces begin or end a placeholder that is not complete."


class HtmlInText(TextRefused):
    code = "agreement.html"
    message = "Line {line}: HTML is not used in agreements. Take out {found}."


class LinkInText(TextRefused):
    code = "agreement.link"
    message = "Line {line}: a link does not work on paper. Write the address out."


class HiddenCharacter(TextRefused):
    code = "agreement.hidden_character"
    message = "Line {line}, character {place}: there is an invisible character ({name}). Take it out."


class FieldMisplaced(TextRefused):
    code = "agreement.field_misplaced"
    message = "Line {line}: write initials and choices in a paragraph of their own."


class ChoiceOptions(TextRefused):
    code = "agreement.choice_options"
    message = "Line {line}: a choice has two to six different answers of at most {most} characters."


class FieldsDiffer(TextRefused):
    code = "agreement.fields_differ"
    message = "Every language needs the same initials and choices, in the same order."


class PointsOpen(UserError):
    code = "agreement.points_open"
    message = "Tick every point of the checklist before you publish."
    field = "points"


class SignatureRefused(UserError):
    """What was typed or drawn is no signature."""

    field = "signature"


class NameMissing(SignatureRefused):
    code = "signature.name_missing"
    message = "Type your full name."


class NameDiffers(SignatureRefused):
    """Asked about once: what was typed differs from the name on file. Value: `name`, the one on file."""

    code = "signature.name_differs"
    message = "We have you on file as {name}. Is what you typed right? Then sign again."


class DrawingMissing(SignatureRefused):
    code = "signature.drawing_missing"
    message = "Draw your signature, or type your name instead."


class DrawingInvalid(SignatureRefused):
    """Not numbers, outside of the box, or too many points: nothing that our page sends."""

    code = "signature.drawing_invalid"
    message = "We could not read what you drew. Clear it and draw it again."


class DrawingNeeded(SignatureRefused):
    code = "signature.drawing_needed"
    message = "This agreement asks for a drawn signature."


class AnswerMissing(SignatureRefused):
    """`field` is the name of the place."""

    code = "signature.answer_missing"
    message = "Answer here before you sign."


class AnswerInvalid(SignatureRefused):
    code = "signature.answer_invalid"
    message = "Type your initials: one to five letters."


class RelationshipMissing(SignatureRefused):
    code = "signature.relationship_missing"
    message = "Say how you are related to {name}."
    field = "relationship"


class SecondSignerMissing(UserError):
    code = "agreement.second_signer_missing"
    message = "Only one responsible adult is on file. Name who signs second."
    field = "second_guardian"


class AdultSignerMissing(UserError):
    code = "agreement.adult_signer_missing"
    message = "No responsible adult is on file. Name the adult who signs too."
    field = "guardian"


class SignersEqual(UserError):
    code = "agreement.signers_equal"
    message = "Two different people must sign."
    field = "second_guardian"
