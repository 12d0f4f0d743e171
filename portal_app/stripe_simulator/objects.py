"""Stripe's objects as its API answers them (checked against its OpenAPI file in the tests)."""

from portal_app.stripe_simulator.published import wallets
from portal_app.stripe_simulator.store import new_id, now
from portal_app.stripe_simulator.wire import Fields, Thing, yes

_ADDRESS = ("city", "country", "line1", "line2", "postal_code", "state")


def customer(fields: Fields) -> Thing:
    default = (fields.get("invoice_settings") or {}).get("default_payment_method")
    return {
        "id": new_id("cus_", 14),
        "object": "customer",
        "address": fields.get("address"),
        "balance": 0,
        "created": now(),
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": fields.get("description"),
        "discount": None,
        "email": fields.get("email"),
        "invoice_prefix": new_id("", 8).upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": default,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": fields.get("metadata") or {},
        "name": fields.get("name"),
        "next_invoice_sequence": 1,
        "phone": fields.get("phone"),
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }


def payment_method(kind: str, details: Thing, fields: Fields) -> Thing:
    billing = fields.get("billing_details") or {}
    return {
        "id": new_id("pm_"),
        "object": "payment_method",
        "allow_redisplay": fields.get("allow_redisplay") or "unspecified",
        "billing_details": {
            "address": {part: (billing.get("address") or {}).get(part) for part in _ADDRESS},
            "email": billing.get("email"),
            "name": billing.get("name"),
            "phone": billing.get("phone"),
            "tax_id": None,
        },
        kind: details,
        "created": now(),
        "customer": None,
        "customer_account": None,
        "livemode": False,
        "metadata": fields.get("metadata") or {},
        "type": kind,
    }


_GIVEN = (
    "customer description receipt_email setup_future_usage statement_descriptor statement_descriptor_suffix"
)
_EMPTY = (
    "application application_fee_amount canceled_at cancellation_reason customer_account"
    " excluded_payment_method_types last_payment_error latest_charge next_action on_behalf_of"
    " payment_method_configuration_details processing review shipping transfer_data transfer_group"
)
_CARD_OPTIONS = {
    "installments": None,
    "mandate_options": None,
    "network": None,
    "request_three_d_secure": "automatic",
}


def payment_intent(amount: int, currency: str, method: str | None, fields: Fields) -> Thing:
    id_ = new_id("pi_")
    automatic = fields.get("automatic_payment_methods")
    if automatic:
        automatic = {"allow_redirects": "always", **automatic, "enabled": yes(automatic.get("enabled"))}
    return {
        "id": id_,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "automatic_payment_methods": automatic,
        "capture_method": fields.get("capture_method") or "automatic_async",
        "client_secret": f"{id_}_secret_{new_id('', 25)}",
        "confirmation_method": fields.get("confirmation_method") or "automatic",
        "created": now(),
        "currency": currency,
        "livemode": False,
        "metadata": fields.get("metadata") or {},
        "payment_method": method,
        "payment_method_options": {"card": dict(_CARD_OPTIONS)},
        "payment_method_types": fields.get("payment_method_types") or _payment_method_types(currency),
        "status": "requires_confirmation" if method else "requires_payment_method",
        **{name: fields.get(name) for name in _GIVEN.split()},
        **dict.fromkeys(_EMPTY.split()),
    }


def _payment_method_types(currency: str) -> list[str]:
    every = ["card", "link", "us_bank_account", "cashapp", "amazon_pay"]
    return [kind for kind in every if currency == "usd" or kind not in wallets.ONLY_DOLLARS]


def setup_intent(method: str | None, fields: Fields) -> Thing:
    id_ = new_id("seti_")
    empty = (
        "application cancellation_reason customer_account excluded_payment_method_types flow_directions"
        " last_setup_error latest_attempt mandate next_action on_behalf_of"
        " payment_method_configuration_details single_use_mandate"
    )
    automatic = fields.get("automatic_payment_methods")
    return {
        "id": id_,
        "object": "setup_intent",
        "automatic_payment_methods": {**automatic, "enabled": yes(automatic.get("enabled"))}
        if automatic
        else None,
        "client_secret": f"{id_}_secret_{new_id('', 30)}",
        "created": now(),
        "customer": fields.get("customer"),
        "description": fields.get("description"),
        "livemode": False,
        "metadata": fields.get("metadata") or {},
        "payment_method": method,
        "payment_method_options": {
            "card": {"mandate_options": None, "network": None, "request_three_d_secure": "automatic"}
        },
        "payment_method_types": fields.get("payment_method_types") or ["card"],
        "status": "requires_confirmation" if method else "requires_payment_method",
        "usage": fields.get("usage") or "off_session",
        **dict.fromkeys(empty.split()),
    }


def confirmation_token(method: Thing, fields: Fields) -> Thing:
    shown = ("allow_redisplay", "billing_details", method["type"], "customer", "type")
    return {
        "id": new_id("ctoken_"),
        "object": "confirmation_token",
        "created": now(),
        "expires_at": now() + 12 * 3600,
        "livemode": False,
        "mandate_data": None,
        "payment_intent": None,
        "payment_method_options": None,
        "payment_method_preview": {name: method[name] for name in shown},
        "return_url": fields.get("return_url"),
        "setup_future_usage": fields.get("setup_future_usage"),
        "setup_intent": None,
        "shipping": None,
        "use_stripe_sdk": True,
    }


def charge(intent: Thing, method: Thing, status: str, base_url: str) -> Thing:
    """`status`: succeeded, pending or failed."""
    paid = status == "succeeded"
    id_ = new_id("ch_")
    empty = (
        "application application_fee application_fee_amount balance_transaction failure_balance_transaction"
        " failure_code failure_message on_behalf_of receipt_number review shipping source_transfer"
        " statement_descriptor statement_descriptor_suffix transfer_data transfer_group"
    )
    return {
        "id": id_,
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": 0 if status == "failed" else intent["amount"],
        "amount_refunded": 0,
        "billing_details": method["billing_details"],
        "calculated_statement_descriptor": "PORTAL",
        "captured": status != "failed",
        "created": now(),
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "fraud_details": {},
        "livemode": False,
        "metadata": intent["metadata"],
        "outcome": outcome(paid or status == "pending"),
        "paid": paid,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": _charged(intent, method, paid),
        "receipt_email": intent["receipt_email"],
        "receipt_url": f"{base_url}/receipts/{id_}",
        "refunded": False,
        "status": status,
        **dict.fromkeys(empty.split()),
    }


def outcome(approved: bool, reason: str | None = None, blocked: bool = False) -> Thing:
    if approved:
        words, kind, network = "Payment complete.", "authorized", "approved_by_network"
    elif blocked:
        words, kind, network = "Stripe blocked this payment as too risky.", "blocked", "not_sent_to_network"
    else:
        words = "The bank did not return any further details with this decline."
        kind, network = "issuer_declined", "declined_by_network"
    return {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": network,
        "reason": "highest_risk_level" if blocked else reason,
        "risk_level": "highest" if blocked else "normal",
        "risk_score": 75 if blocked else 12,
        "seller_message": words,
        "type": kind,
    }


def _charged(intent: Thing, method: Thing, paid: bool) -> Thing:
    if method["type"] == "us_bank_account":
        account = method["us_bank_account"]
        same = ("account_holder_type", "account_type", "bank_name", "fingerprint", "last4", "routing_number")
        return {
            "type": "us_bank_account",
            "us_bank_account": {name: account[name] for name in same} | {"payment_reference": None},
        }
    if method["type"] in wallets.WALLETS:
        return wallets.charged(method)
    card = method["card"]
    same = ("brand", "checks", "country", "exp_month", "exp_year", "fingerprint", "funding", "last4")
    return {
        "type": "card",
        "card": {
            **{name: card[name] for name in same},
            "amount_authorized": intent["amount"] if paid else None,
            "installments": None,
            "mandate": None,
            "network": card["brand"],
            "three_d_secure": None,
            "wallet": None,
        },
    }


def balance_transaction(amount: int, currency: str, source: str, kind: str, fee: int = 0) -> Thing:
    charged_by = {"application": None, "description": "Stripe processing fees", "type": "stripe_fee"}
    return {
        "id": new_id("txn_"),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": now() + 2 * 86400,
        "balance_type": "payments",
        "created": now(),
        "currency": currency,
        "description": None,
        "exchange_rate": None,
        "fee": fee,
        "fee_details": [{**charged_by, "amount": fee, "currency": currency}] if fee else [],
        "net": amount - fee,
        "reporting_category": kind,
        "source": source,
        "status": "pending",
        "type": kind,
    }


def refund(amount: int, charged: Thing, status: str, fields: Fields) -> Thing:
    reference = {
        "reference_status": "pending",
        "reference_type": "acquirer_reference_number",
        "type": "refund",
    }
    where: Thing = {"card": reference, "type": "card"}
    if charged["payment_method_details"]["type"] == "us_bank_account":
        sent = {"reference": None, "reference_status": None}
        where = {"us_bank_transfer": sent, "type": "us_bank_transfer"}
    return {
        "id": new_id("re_"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charged["id"],
        "created": now(),
        "currency": charged["currency"],
        "destination_details": where,
        "metadata": fields.get("metadata") or {},
        "payment_intent": charged["payment_intent"],
        "reason": fields.get("reason"),
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": status,
        "transfer_reversal": None,
    }


_EVIDENCE = (
    "access_activity_log billing_address cancellation_policy cancellation_policy_disclosure cancellation_rebuttal"
    " customer_communication customer_email_address customer_name customer_purchase_ip customer_signature"
    " duplicate_charge_documentation duplicate_charge_explanation duplicate_charge_id product_description receipt"
    " refund_policy refund_policy_disclosure refund_refusal_explanation service_date service_documentation"
    " shipping_address shipping_carrier shipping_date shipping_documentation shipping_tracking_number"
    " uncategorized_file uncategorized_text"
)


def dispute(charged: Thing, reason: str, inquiry: bool) -> Thing:
    return {
        "id": new_id("dp_"),
        "object": "dispute",
        "amount": charged["amount"],
        "balance_transactions": [],
        "charge": charged["id"],
        "created": now(),
        "currency": charged["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys(_EVIDENCE.split()), "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": now() + 7 * 86400,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": inquiry,
        "livemode": False,
        "metadata": {},
        "payment_intent": charged["payment_intent"],
        "reason": reason,
        "status": "warning_needs_response" if inquiry else "needs_response",
    }
