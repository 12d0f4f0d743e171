"""Services that take an id and are tested elsewhere."""

_JOINING = "the id is a code's that was typed; tests/services/memberships/joining"

# Takes an id and is not in the table, and why.
ELSEWHERE = {
    "documents.mailed_statement": "the id is an outbox line's; the outbox asks as the portal",
    "billing.get_or_create_customer": "a helper of paying and of saving cards, whose guards are here",
    "billing.renew_customer": "a helper of paying and of saving cards",
    "billing.mark_method_gone": "a helper of paying",
    "billing.send_again": "the id is a dispute's; tests/services/billing/disputes/test_decide.py",
    "billing.write_off_loss": "the id is a dispute's; tests/services/billing/disputes/test_decide.py",
    "billing.settle_dispute": "for the portal itself; tests/services/billing/disputes/test_book.py",
    "memberships.require_own_membership": "asks for the services about members, which are in the table",
    "billing.guarantor_names": "a name for whoever was checked before",
    "billing.finish_adding_payment_method": "the id is the processor's; tests/state/billing/test_payment_methods.py",
    "billing.payment_by_intent": "the webhook's; nobody asks",
    "patients.confirm_contact": "the id with its code; tests/services/patients/test_contact_details.py",
    "messaging.send_again": "test_a_message_is_sent_again_by_who_takes_payments",
    "credentials.send_second_code": "the challenge is the secret; tests/services/credentials/test_passwords.py",
    "credentials.answer_challenge": "the challenge is the secret; tests/services/credentials/test_passwords.py",
    "sign_in.check_code": "the id with its code; tests/services/sign_in/test_codes.py",
    "sign_in.check_birth_date": "the id with its code; tests/services/sign_in/test_codes.py",
    "sign_in.check_staff_totp": "the challenge is the secret; tests/services/sign_in/test_staff.py",
    "billing.send_refund": "the second half of refunds whose guards are here",
    "memberships.verify_join_contact": "the id with its code; tests/services/memberships/joining/test_contact.py",
    "memberships.view_join": _JOINING,
    "memberships.keep_join_choice": _JOINING,
    "memberships.keep_join_owner": _JOINING,
    "memberships.pay_first_invoice": _JOINING,
    "memberships.confirm_join_payment": _JOINING,
    "memberships.cancel_join_payment": _JOINING,
    "memberships.bill_one": "the system's own; called after a change that was allowed",
    "memberships.tell_of_price": "the server's own; it refuses everybody else as a mistake of the code",
}
