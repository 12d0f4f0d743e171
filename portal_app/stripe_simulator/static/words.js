/* What the simulator's frames say, and how they look: both come in the address. */
const WORDS = {
  en: {
    banner: "Simulated payments – no real money",
    hint: "Test card: 4242 4242 4242 4242, any future date, any code.",
    card: "Card details",
    number: "Card number",
    expiry: "Expiration date",
    expiryHint: "MM / YY",
    cvc: "Security code",
    cvcHint: "3 or 4 digits",
    postal: "ZIP code",
    incomplete_number: "Your card number is incomplete.",
    invalid_number: "Your card number is invalid.",
    incomplete_expiry: "Your card's expiration date is incomplete.",
    invalid_expiry_year_past: "Your card's expiration year is in the past.",
    invalid_expiry_month: "Your card's expiration date is invalid.",
    incomplete_cvc: "Your card's security code is incomplete.",
    incomplete_zip: "Your ZIP code is incomplete.",
    api_connection_error: "We could not reach the payment service. Please try again.",
    bank: "Your bank asks you to confirm",
    bankText: "This page stands for your bank's own (3-D Secure). Complete confirms that it is you, Fail does not.",
    complete: "Complete",
    fail: "Fail",
  },
  es: {
    banner: "Pagos simulados: sin dinero real",
    hint: "Tarjeta de prueba: 4242 4242 4242 4242, cualquier fecha futura, cualquier código.",
    card: "Datos de la tarjeta",
    number: "Número de tarjeta",
    expiry: "Fecha de vencimiento",
    expiryHint: "MM / AA",
    cvc: "Código de seguridad",
    cvcHint: "3 o 4 dígitos",
    postal: "Código postal",
    incomplete_number: "El número de tarjeta está incompleto.",
    invalid_number: "El número de tarjeta no es válido.",
    incomplete_expiry: "La fecha de vencimiento está incompleta.",
    invalid_expiry_year_past: "El año de vencimiento ya pasó.",
    invalid_expiry_month: "La fecha de vencimiento no es válida.",
    incomplete_cvc: "El código de seguridad está incompleto.",
    incomplete_zip: "El código postal está incompleto.",
    api_connection_error: "No pudimos conectar con el servicio de pagos. Inténtelo de nuevo.",
    bank: "Su banco le pide que confirme",
    bankText: "Esta página hace de la de su banco (3-D Secure). Completar confirma que es usted; Rechazar, no.",
    complete: "Completar",
    fail: "Rechazar",
  },
};

const given = new URLSearchParams(location.hash.slice(1));
let words = WORDS.en;

function dress(theme, locale) {
  words = WORDS[locale] ?? WORDS.en;
  document.documentElement.lang = locale in WORDS ? locale : "en";
  document.documentElement.classList.toggle("dark", theme === "dark");
  for (const element of document.querySelectorAll("[data-say]")) element.textContent = words[element.dataset.say];
  for (const element of document.querySelectorAll("[data-name]")) element.setAttribute("aria-label", words[element.dataset.name]);
}

dress(given.get("theme"), given.get("locale"));
