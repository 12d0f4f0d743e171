"""/embed…: signing in by code, invoices, paying and the receipt, for a frame in the practice's own site.

The same bodies as in the portal; the session, the guards and what they may show are the frame's own.
"""

from portal_app.components.screen import page
from portal_app.pages.billing import invoice, invoices, receipt
from portal_app.pages.sign_in import code
from portal_app.state.billing.invoice import InvoiceState
from portal_app.state.billing.invoices import InvoicesState
from portal_app.state.billing.receipt import ReceiptState
from portal_app.state.layout import LayoutState
from portal_app.state.sign_in.code import SignInState

page("/embed", code.title, on_load=[SignInState.load, LayoutState.redirect_if_signed_in], side="frame_open")(
    code.sign_in
)
page("/embed/invoices", "Invoices", on_load=InvoicesState.load, side="frame")(invoices.invoices)
page("/embed/invoices/[id]", invoice.title, on_load=InvoiceState.load, side="frame")(invoice.invoice)
page("/embed/receipt", receipt.title, on_load=ReceiptState.load, side="frame")(receipt.receipt)
