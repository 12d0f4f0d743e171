/* The card's fields. What is typed goes from here to the simulator's API and never to the page around. */
const FIELDS = ["number", "expiry", "cvc", "postalCode"];
const field = Object.fromEntries(FIELDS.map((name) => [name, document.getElementById(name)]));
let owner = location.origin; // of the page around, known from its first message

const up = (message) => parent.postMessage(message, owner === location.origin ? "*" : owner);
const digits = (text) => text.replace(/\D/g, "");

function passesLuhn(number) {
  let sum = 0;
  [...number].reverse().forEach((digit, place) => {
    const value = Number(digit) * (place % 2 ? 2 : 1);
    sum += value > 9 ? value - 9 : value;
  });
  return sum % 10 === 0;
}

function typed() {
  const [, month, year] = field.expiry.value.match(/(\d{1,2})\D*(\d{2,4})/) ?? [];
  return {
    number: digits(field.number.value),
    month: Number(month ?? 0),
    year: year ? Number(year) + (Number(year) < 100 ? 2000 : 0) : 0,
    cvc: digits(field.cvc.value),
    postal: field.postalCode.value.trim(),
  };
}

function problems({ number, month, year, cvc, postal }) {
  const found = {};
  const today = new Date();
  if (number.length < 12) found.number = "incomplete_number";
  else if (!passesLuhn(number)) found.number = "invalid_number";
  if (!month || !year) found.expiry = "incomplete_expiry";
  else if (month > 12) found.expiry = "invalid_expiry_month";
  else if (year * 12 + month < today.getFullYear() * 12 + today.getMonth() + 1) found.expiry = "invalid_expiry_year_past";
  if (cvc.length < 3) found.cvc = "incomplete_cvc";
  if (postal.length < 5) found.postalCode = "incomplete_zip";
  return found;
}

function show(found) {
  for (const name of FIELDS) {
    document.getElementById(`${name}-error`).textContent = found[name] ? words[found[name]] : "";
    if (found[name]) field[name].setAttribute("aria-invalid", "true");
    else field[name].removeAttribute("aria-invalid");
  }
}

function shape(name) {
  const input = field[name];
  if (name === "number") input.value = digits(input.value).slice(0, 19).replace(/(.{4})(?=.)/g, "$1 ");
  if (name === "cvc") input.value = digits(input.value).slice(0, 4);
  if (name === "expiry") {
    const four = digits(input.value).slice(0, 4);
    input.value = four.length > 2 ? `${four.slice(0, 2)} / ${four.slice(2)}` : four;
  }
}

for (const name of FIELDS) {
  field[name].addEventListener("input", () => {
    shape(name);
    const values = typed();
    const found = problems(values);
    if (field[name].hasAttribute("aria-invalid") && !found[name]) show({ ...shown(), [name]: undefined });
    up({ kind: "change", complete: !Object.keys(found).length, empty: FIELDS.every((each) => !field[each].value) });
  });
  field[name].addEventListener("focus", () => up({ kind: "focus" }));
  field[name].addEventListener("blur", () => up({ kind: "blur" }));
}

const shown = () => {
  const found = problems(typed());
  return Object.fromEntries(FIELDS.filter((name) => field[name].hasAttribute("aria-invalid")).map((name) => [name, found[name]]));
};

function check(n) {
  const found = problems(typed());
  show(found);
  const first = FIELDS.find((name) => found[name]);
  if (!first) return up({ kind: "answer", n });
  field[first].focus();
  return up({ kind: "answer", n, error: { type: "validation_error", code: found[first], message: words[found[first]] } });
}

function formFields(value, name, fields = new URLSearchParams()) {
  for (const [key, part] of Object.entries(value)) {
    if (part === undefined || part === null) continue;
    const full = name ? `${name}[${key}]` : key;
    if (typeof part === "object") formFields(part, full, fields);
    else fields.append(full, String(part));
  }
  return fields;
}

async function send({ n, path, fields }) {
  const { number, month, year, cvc, postal } = typed();
  const data = fields.payment_method_data ?? {};
  const billing = data.billing_details ?? {};
  fields.payment_method_data = {
    ...data,
    type: "card",
    card: { number, exp_month: month, exp_year: year, cvc },
    billing_details: { ...billing, address: { country: "US", ...billing.address, postal_code: postal } },
  };
  try {
    const answer = await fetch(`..${path}`, { method: "POST", body: formFields(fields), credentials: "omit" });
    const body = await answer.json();
    up(answer.ok ? { kind: "answer", n, ok: body } : { kind: "answer", n, error: body.error });
  } catch {
    up({ kind: "answer", n, error: { type: "api_connection_error", message: words.api_connection_error } });
  }
}

addEventListener("message", (event) => {
  if (event.source !== parent) return;
  owner = event.origin;
  const said = event.data ?? {};
  if (said.kind === "look") {
    dress(said.theme, said.locale);
    show(shown());
  } else if (said.kind === "focus") field.number.focus();
  else if (said.kind === "clear") FIELDS.forEach((name) => (field[name].value = ""));
  else if (said.kind === "check") check(said.n);
  else if (said.kind === "send") send(said);
});

new ResizeObserver(() => up({ kind: "height", height: Math.ceil(document.body.getBoundingClientRect().height) })).observe(document.body);
up({ kind: "ready" });
