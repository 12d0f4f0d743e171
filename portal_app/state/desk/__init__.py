"""What the buttons of the practice's money pages call."""

from portal_app.state.desk.invoicing import InvoicePanelState, NewInvoiceState
from portal_app.state.desk.panel import PaymentPanelState
from portal_app.state.desk.patient import PatientState
from portal_app.state.desk.patients import PatientsState
from portal_app.state.desk.pay_links import PayLinkState
from portal_app.state.desk.settings import SettingsState
from portal_app.state.desk.tasks import TasksState
from portal_app.state.desk.transactions import TransactionsState
from portal_app.state.desk.wording import WordingState

__all__ = [
    "InvoicePanelState",
    "NewInvoiceState",
    "PatientState",
    "PatientsState",
    "PayLinkState",
    "PaymentPanelState",
    "SettingsState",
    "TasksState",
    "TransactionsState",
    "WordingState",
]
