"""The box for drawing a signature (npm: signature_pad). The form sends the lines as numbers, never as a picture.

It is loaded when the box is shown. The lines are kept by the browser's tab under `kept_as` until they are signed
(`over`), so they survive a turned phone, a step back, a reload and a lost line. The box cannot take the focus: whoever
does not draw types their name.
"""

from typing import Any

import reflex as rx

from portal_app.components.elements import Element

_SCRIPT = rx.asset("signature_pad.jsx", shared=True)


class SignaturePad(rx.NoSSRComponent):
    library = _SCRIPT.importable_path
    tag = "SignaturePad"
    lib_dependencies: list[str] = ["signature_pad@5.1.4"]

    name: rx.Var[str]  # of the form's field: JSON, lists of [x, y] in a box of 600 × 200
    kept_as: rx.Var[str]
    over: rx.Var[bool]  # it was signed: the tab forgets it, and nothing is drawn
    label: rx.Var[str]
    clear_label: rx.Var[str]
    failed_text: rx.Var[str]  # it could not be loaded
    full_text: rx.Var[str]  # there is no room for more


_pad: Any = SignaturePad
signature_pad: Element = _pad.create
