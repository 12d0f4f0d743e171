/* Signing in: the contact, remembered on one's own device and never on a shared one, and the end. Loaded by ui.js. */
const store = localStorage;
let offered = null;

/** `known`: the contact of an access link. Otherwise the one that was remembered. */
export function fill(known) {
  const form = document.querySelector("form[data-remember]"), contact = form && form.elements.contact, shared = form && form.elements.shared;
  if (contact && contact !== offered && contact.autocomplete.includes("webauthn")) {
    offered = contact;
    import("/passkeys.js").then((m) => m.offer(contact)).catch(() => {});
  }
  if (!contact || form.dataset.filled) return;
  if (shared && store.getItem("portal.shared")) shared.checked = true;
  const was = known || (shared && !shared.checked && store.getItem("portal.contact")) || "";
  if (was && !contact.value) contact.value = was;
  if (known) form.dataset.filled = "1";
}

/** As the form is sent. */
export function remember(form) {
  const shared = form.elements.shared.checked;
  store.removeItem(shared ? "portal.contact" : "portal.shared");
  store.setItem(shared ? "portal.shared" : "portal.contact", shared ? "1" : form.elements.contact.value.trim());
  form.dataset.filled = "1";
}

/** The contact that the token of an access link stands for; none, and the page says so, when the link is over. */
export const ask = (token, post) => post("/auth/access-link", { token })
  .then((answer) => (answer.ok ? answer.json() : Promise.reject()))
  .then((json) => json.contact)
  .catch(() => { document.documentElement.dataset.linkOver = ""; return ""; });

/** The ticket of a sign-in becomes a session's cookie, and the page leaves. */
export function redeem(place, post, focus) {
  post("/auth/session", { ticket: place.dataset.ticket }).then((answer) => {
    if (!answer.ok) throw answer;
    location.replace(place.dataset.next);
  }).catch(() => { place.setAttribute("data-failed", ""); focus(place.querySelector(".when-failed p")); });
}

/** Shows what is typed in the password field that the button names, or hides it again. */
export function reveal(button) {
  const field = document.getElementById(button.dataset.reveal), shown = field.type === "password";
  field.type = shown ? "text" : "password";
  button.setAttribute("aria-pressed", String(shown));
}
