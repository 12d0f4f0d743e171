/* Signing in: the contact, remembered on one's own device and never on a shared one, and the end; what is copied. Loaded by ui.js. */
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
const ask = (token, post) => post("/auth/access-link", { token })
  .then((answer) => (answer.ok ? answer.json() : Promise.reject()))
  .then((json) => json.contact)
  .catch(() => { document.documentElement.dataset.linkOver = ""; return ""; });

/** What a sign-in needs: its ticket, the page that was asked for before it, and where we are. */
export const entry = (ticket) => ({ ticket, asked: new URLSearchParams(location.search).get("next") || "", page: location.pathname });

/** Whether the page's link still opens; one that is over says so before it asks for anything. */
const check = (token, page, post, focus) => post("/auth/link", { token, page }).then((answer) => answer.json()).catch(() => ({ open: true }))
  .then((link) => {
    const html = document.documentElement;
    delete html.dataset.asking;
    if (link.open) return;
    html.dataset.linkDead = "";
    const said = document.querySelector(".when-link-dead [data-says]");
    if (said) focus(said);
  });

/** What a link's secret is for: `page` is the page that asks before anything else, else it is the sign-in's contact. */
export const take = (token, page, post, focus) => (page ? check(token, page, post, focus) : ask(token, post));

/** The ticket of a sign-in becomes a session's cookie, and the page leaves: the server says where it may go. */
export function redeem(place, post, focus) {
  const { ticket, sent } = place.dataset;
  if (!ticket || sent === ticket) return;
  place.dataset.sent = ticket;
  post("/auth/session", entry(place.dataset.ticket)).then((answer) => {
    if (!answer.ok) throw answer;
    return answer.json();
  }).then((answer) => location.replace(answer.next || place.dataset.next)).catch(() => { place.setAttribute("data-failed", ""); focus(place.querySelector(".when-failed p")); });
}

/** Shows what is typed in the password field that the button names, or hides it again. */
function reveal(button) {
  const field = document.getElementById(button.dataset.reveal), shown = field.type === "password";
  field.type = shown ? "text" : "password";
  button.setAttribute("aria-pressed", String(shown));
}

/** Copies what the button names, line by line, and says so. */
function copy(button) {
  const { copy: what, says, words } = button.dataset, place = (id) => document.getElementById(id);
  navigator.clipboard.writeText([...place(what).children].map((line) => line.innerText).join("\n"))
    .then(() => { place(says).textContent = words; }, () => {});
}

/** What a press does without the server. */
export function press(button) {
  if (button.dataset.reveal) reveal(button);
  else if (button.dataset.copy) copy(button);
  else if (button.dataset.print) print();
  else button.closest("[popover]").hidePopover(); // a link in a menu
}
