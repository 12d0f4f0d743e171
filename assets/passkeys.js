/* Passkeys: asked of the browser when a button says so. Loaded by ui.js with the first press. */
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const post = (to, what) => fetch(to, {
  method: "POST", credentials: "same-origin", headers: { "content-type": "application/json" }, body: JSON.stringify(what),
});
const ids = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));

async function ask(what, options) {
  options.challenge = bytes(options.challenge);
  if (what !== "add") {
    options.allowCredentials = ids(options.allowCredentials);
    return navigator.credentials.get({ publicKey: options });
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

/** `button` carries what it is for, where the words go, and what happens then. */
export async function run(button) {
  const { passkey: what, says, failed, unknown, next, then } = button.dataset;
  const out = document.getElementById(says), language = document.documentElement.lang;
  const say = (words) => { if (out) out.textContent = words; };
  say("");
  if (!window.PublicKeyCredential) return say(unknown);
  button.disabled = true;
  try {
    const asked = await post("/auth/passkey/options", { what, language });
    const options = await asked.json();
    if (!asked.ok) return say(options.error || failed);
    const made = await ask(what, options);
    const name = document.getElementById("passkey-name");
    const answered = await post("/auth/passkey/answer", { what, language, answer: said(made), name: name ? name.value : "" });
    const answer = await answered.json();
    if (!answered.ok) return say(answer.error || failed);
    if (what !== "sign_in") return document.getElementById(then).click();
    const entered = await post("/auth/session", { ticket: answer.ticket });
    if (!entered.ok) return say(failed);
    location.replace(next);
  } catch {
    say(failed);
  } finally {
    button.disabled = false;
  }
}
