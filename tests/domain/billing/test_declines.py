"""The texts for decline codes."""

from portal_app.domain.billing.declines import DECLINE_CODES, decline_texts

# The codes that Stripe documents.
STRIPE_DECLINE_CODES = """
authentication_required approve_with_id call_issuer card_not_supported card_velocity_exceeded
currency_not_supported do_not_honor do_not_try_again duplicate_transaction expired_card fraudulent
generic_decline incorrect_number incorrect_cvc incorrect_pin incorrect_zip insufficient_funds
invalid_account invalid_amount invalid_cvc invalid_expiry_month invalid_expiry_year invalid_number
invalid_pin issuer_not_available lost_card merchant_blacklist new_account_information_available
no_action_taken not_permitted offline_pin_required online_or_offline_pin_required pickup_card
pin_try_exceeded processing_error reenter_transaction restricted_card
revocation_of_all_authorizations revocation_of_authorization security_violation
service_not_allowed stolen_card stop_payment_order testmode_decline transaction_not_allowed
try_again_later withdrawal_count_limit_exceeded
"""


def test_every_decline_code_has_texts_that_accuse_nobody() -> None:
    assert set(STRIPE_DECLINE_CODES.split()) <= DECLINE_CODES
    for code in (*DECLINE_CODES, "never_heard_of_it", ""):
        texts = decline_texts(code)
        said = f"{texts.for_payer} {texts.for_staff}".lower()
        assert not any(bad in said for bad in ("stolen", "fraud", "lost", "blacklist", "restricted"))
        assert texts.for_payer.endswith(".") and 0 < len(texts.for_staff) <= 30
    assert decline_texts("stolen_card") == decline_texts("generic_decline")
