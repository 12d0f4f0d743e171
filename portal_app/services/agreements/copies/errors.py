"""Why a file is not verified, and why a copy is not made yet."""

from portal_app.domain.errors import UserError


class FileTooLarge(UserError):
    code = "copy.file_too_large"
    message = "This file is larger than {most} MB. Our copies are much smaller."
    field = "file"


class NotAPdf(UserError):
    code = "copy.not_a_pdf"
    message = "This file is no PDF. Choose the copy as you downloaded it or as we sent it."
    field = "file"


class FileProtected(UserError):
    code = "copy.file_protected"
    message = (
        "This file is protected by a password, so nothing can be said of it. Choose the copy as we sent it."
    )
    field = "file"


class FileTooComplex(UserError):
    code = "copy.file_too_complex"
    message = "This file holds far more parts than our copies do, so it was not read."
    field = "file"


class VerifyBusy(UserError):
    code = "copy.busy"
    message = "Several files are being checked at this moment. Try again in a minute."


class SignedTextDiffers(Exception):
    """The stored text or answers are not those that were signed: no copy is made of them."""
