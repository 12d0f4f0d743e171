/* Passkeys: asked of the browser when a button says so. Loaded by ui.js with the first press. */
import { entry } from "/contact.js";
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const post = (to, what) => fetch(to, {
  method: "POST", credentials: "same-origin", headers: { "content-type": "application/json" }, body: JSON.stringify(what),
});
const ids = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));

async function ask(what, options, how) {
  options.challenge = bytes(options.challenge);
  if (what !== "add") {
    options.allowCredentials = ids(options.allowCredentials);
    return navigator.credentials.get({ publicKey: options, ...how });
  }
  options.user.id = bytes(options.user.id);
  options.excludeCredentials = ids(options.excludeCredentials);
  return navigator.credentials.create({ publicKey: options });
}

function said(made) {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (made.response[name]) response[name] = text(made.response[name]);
  }
  if (made.response.getTransports) response.transports = made.response.getTransports();
  return { id: made.id, rawId: text(made.rawId), type: made.type, response, clientExtensionResults: made.getClientExtensionResults() };
}

const saying = (button) => (words) => {
  const out = document.getElementById(button.dataset.says);
  if (out) out.textContent = words;
};

/** The server's question, the browser's answer, and where that leads. False when the server said no. */
async function through(button, how) {
  const { passkey: what, failed, next, then } = button.dataset, language = document.documentElement.lang;
  const say = (words) => { saying(button)(words); return false; };
  const asked = await post("/auth/passkey/options", { what, language });
  const options = await asked.json();
  if (!asked.ok) return say(options.error || failed);
  const made = await ask(what, options, how);
  const name = document.getElementById("passkey-name");
  const answered = await post("/auth/passkey/answer", { what, language, answer: said(made), name: name ? name.value : "" });
  const answer = await answered.json();
  if (!answered.ok) return say(answer.error || failed);
  if (what !== "sign_in") return document.getElementById(then).click();
  const entered = await post("/auth/session", entry(answer.ticket));
  if (!entered.ok) return say(failed);
  location.replace((await entered.json()).next || next);
}

/** `button` carries what it is for, where the words go, and what happens then. */
export async function run(button) {
  const say = saying(button), field = offered;
  say("");
  if (!window.PublicKeyCredential) return say(button.dataset.unknown);
  button.disabled = true;
  take();
  try {
    if ((await through(button)) !== false) return;
  } catch {
    say(button.dataset.failed);
  } finally {
    button.disabled = false;
  }
  if (field) offer(field);
}

/* Passkeys among what the browser offers to fill into a field: a question that waits until one is chosen.
   A browser takes one question at a time, and the server forgets its own after five minutes. */
const LIFE = 24e4;
let offered = null, waiting = null, late = 0;
const take = () => { clearTimeout(late); if (waiting) waiting.abort(); offered = waiting = null; };

/** `field` is marked with autocomplete="… webauthn"; the button near it says what happens then. */
export async function offer(field) {
  const button = document.querySelector("[data-passkey=sign_in]"), kind = window.PublicKeyCredential;
  take();
  if (!button || !field.isConnected || !kind || !kind.isConditionalMediationAvailable) return;
  const mine = waiting = new AbortController(), again = () => { if (waiting === mine) offer(field); };
  offered = field;
  late = setTimeout(() => (document.hidden ? addEventListener("visibilitychange", again, { once: true }) : again()), LIFE);
  try {
    if (!(await kind.isConditionalMediationAvailable())) return;
    if ((await through(button, { mediation: "conditional", signal: mine.signal })) === false) again();
  } catch { /* nothing was chosen */ }
}
