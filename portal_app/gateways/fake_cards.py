"""How the test cards of the processor in memory behave, by Stripe's own names of them."""

DECLINING = {
    "pm_card_chargeDeclined": "generic_decline",
    "pm_card_visa_chargeDeclined": "generic_decline",
    "pm_card_visa_chargeDeclinedInsufficientFunds": "insufficient_funds",
    "pm_card_visa_chargeDeclinedLostCard": "lost_card",
    "pm_card_visa_chargeDeclinedStolenCard": "stolen_card",
    "pm_card_visa_chargeDeclinedVelocityLimitExceeded": "card_velocity_exceeded",
    "pm_card_chargeDeclinedExpiredCard": "expired_card",
    "pm_card_chargeDeclinedIncorrectCvc": "incorrect_cvc",
    "pm_card_chargeDeclinedProcessingError": "processing_error",
    "pm_card_chargeCustomerFail": "generic_decline",
    "pm_card_radarBlock": "fraudulent",
}
ASKING = {"pm_card_authenticationRequired", "pm_card_threeDSecure2Required", "pm_card_threeDSecureRequired"}
WALLETS = {"pm_link": "link", "pm_cashapp": "cashapp", "pm_amazon_pay": "amazon_pay"}
BRANDS = {"pm_card_mastercard": ("mastercard", "4444"), "pm_card_amex": ("amex", "8431")}
