/* The line to the server: what is pressed while it is dead, what is typed when it comes back, and a network that lets
   no socket through (decision 0033). Loaded by ui.js, which hands over its one socket. */
import { learn, opened as openedParts, opens, putBack, sending, typed } from "/typed.js";

export { sending };
const d = document, html = d.documentElement;
const WORDS = 2500, SILENT = 8000, LONGEST = 12000, FILLING = 8000, FORGOTTEN = 20000, QUIET = 250; // ms
const EVENT = /^42[^[]*\["event"/, FILLED = 'is_hydrated_rx_state_":true';
// `up`: the socket is open and the page is filled. `seen`: this socket has brought a word of the server.
let post, up = false, seen = false, first = true, fails = 0, heard = 0, held = null, filling = 0, away = 0, retry = null, cut = null;
let blocked = false, hurry = false;
let tell = null; // sends a frame past the framework
let replay = null; // what was opened is being opened again, before anything is shown: { left, busy, over, calm }
let press = null; // the last press that nobody has answered: { form, by, at, sent }

/** Milliseconds before the next try: none after a line that worked, then 1, 2, 4, 8 and at most 12 seconds. */
export function pause() {
  const now = hurry || !fails;
  hurry = false;
  return now ? 0 : Math.min(LONGEST, 500 * 2 ** fails) * (0.75 + Math.random() / 4);
}

/* ---- what stands on the page about it */
const mark = (name, on) => (on ? (html.dataset[name] = on === true ? "" : on) : delete html.dataset[name]);
const unpress = () => d.querySelectorAll("[data-pressed]").forEach((e) => delete e.dataset.pressed);
const release = () => d.querySelectorAll("[data-busy]").forEach((e) => e.removeAttribute("data-busy"));
/** The press comes back: it can be made again, and the page says so. "no": it was not sent. "maybe": nobody knows. */
function comeBack(how) {
  if (!press) return;
  press = null;
  unpress(); release();
  mark("unsent", how);
}
function down() {
  clearTimeout(away);
  if (up) return;
  mark("line", "down");
  if (press) comeBack(press.sent ? "maybe" : "no");
}

/* ---- presses */
const button = (e) => e && e.closest && e.closest("button.btn:not([type=submit], [command], [popovertarget], [data-copy], [data-reveal], [data-print], [data-passkey], [data-sign-out])");

/** Somebody presses a button. False: it must not go on, there is no line. */
export function pressed(form, by) {
  opens(form || by);
  mark("unsent", false);
  if (by) by.dataset.pressed = "";
  if (!up) nudge();
  const mine = press = { form, by, at: Date.now(), sent: up };
  if (!form) setTimeout(() => { if (press === mine && up) { press = null; unpress(); } }, FORGOTTEN);
  if (!up) {
    if (form) setTimeout(() => { if (press === mine) form.setAttribute("data-busy", ""); });
    clearTimeout(away);
    away = setTimeout(down, !navigator.onLine ? 50 : first ? FILLING : WORDS);
    return false;
  }
  probe(mine);
  return true;
}

/** A form is no longer busy. Refused: the first field that is wrong, an empty one before a filled one; else the message on top. */
export function refused(form, focus) {
  const wrong = [...form.querySelectorAll("[aria-invalid=true]")], around = form.closest("dialog, main");
  const first = wrong.find((e) => !e.value) || wrong[0] || (around && around.querySelector("[data-focus=said]"));
  if (first) focus(first);
}

/** The framework lets its socket go when the page seems to leave (a download), and calls again when it is looked at. */
function nudge() {
  if (retry) retry();
  else if (!up && !cut && !d.hidden) d.dispatchEvent(new Event("visibilitychange"));
}

/** Does the server hear us? The socket itself would not say so for 20 seconds. */
function probe(mine) {
  const silent = () => press === mine && heard < mine.at;
  fetch("/livez", { cache: "no-store", signal: AbortSignal.timeout(WORDS) }).then(
    () => setTimeout(() => { if (silent() && form(mine)) lost(); }, SILENT),
    () => { if (silent()) lost(); });
}
const form = (one) => one.form && one.form.isConnected && one.form.hasAttribute("data-busy");

/* ---- the socket */
/** The line is dead, though the browser does not know it yet. */
function lost() {
  if (cut) cut();
  down();
}

/** A socket that has opened: `hangUp` closes it at once, `send` sends a frame past the framework. */
export function opened(again, hangUp, send) {
  cut = hangUp; tell = send; seen = false; retry = replay = null;
  held = again ? [] : null;
  clearTimeout(filling);
  filling = setTimeout(fill, FILLING);
}

/** A word of the server; `pass` hands it to the framework. What fills the page again comes all at once, so that the
    page never stands empty in between: what is typed, and the card's own form, stay where they are. */
export function word(text, pass) {
  if (!EVENT.test(text)) return pass();
  heard = Date.now();
  if (!seen) { seen = true; fails = 0; }
  if (held) held.push(pass); else pass();
  if (replay) return answered(text);
  if (text.includes(FILLED) && !up) return openAgain() || fill();
  if (!up) return;
  if (press && press.sent) press = null;
  setTimeout(() => { unpress(); learn(); });
}

/** The page is filled as for a new visit. What was open on it is opened again first: a card's form that went away
    for a moment would come back empty. */
function openAgain() {
  const frames = held ? openedParts() : [];
  if (!frames.length) return false;
  clearTimeout(filling);
  replay = { left: frames.length, busy: false, over: setTimeout(fill, FILLING), calm: 0 };
  frames.forEach((frame) => tell(frame));
  return true;
}
function answered(text) {
  const busy = [...text.matchAll(/"busy_rx_state_":(true|false)/g)].pop();
  if (busy) replay.busy = busy[1] === "true";
  replay.left--;
  clearTimeout(replay.calm);
  if (replay.left <= 0 && !replay.busy) replay.calm = setTimeout(fill, QUIET);
}

export function closed() {
  const before = up;
  up = false; cut = null; held = null; stopReplay();
  if (press && press.sent && !form(press) && Date.now() - press.at > FORGOTTEN) press = null;
  clearTimeout(filling);
  if (!seen) fails++;
  seen = false;
  setTimeout(nudge, 1000);
  if (before) {
    clearTimeout(away);
    // Whoever has pressed waits from that moment on.
    away = setTimeout(down, navigator.onLine ? Math.max(0, WORDS - (press ? Date.now() - press.at : 0)) : 0);
  } else if (fails === 2) down();
  if (fails >= 3) askForHelp();
}

/** The next try waits; `now` makes it at once. */
export function waits(now) { retry = now; }

function stopReplay() {
  if (replay) { clearTimeout(replay.over); clearTimeout(replay.calm); }
  replay = null;
}
function fill() {
  clearTimeout(filling);
  clearTimeout(away);
  stopReplay();
  const words = held || [], kept = held ? typed() : [];
  held = null; up = true; first = false;
  words.forEach((pass) => pass());
  mark("line", false); helped();
  dispatchEvent(new Event("portal:back"));
  const waiting = press;
  press = null;
  unpress(); release();
  if (waiting && waiting.sent) mark("unsent", "maybe");
  else if (waiting) waiting.by && (waiting.by.dataset.pressed = "");
  putBack(kept, () => {
    if (waiting && !waiting.sent) again(waiting);
  });
}

/** The line came back within the time in which one waits: what was pressed is pressed. */
function again({ form, by }) {
  if (form && form.isConnected) form.requestSubmit(by && by.isConnected && by.type === "submit" ? by : undefined);
  else if (!form && by && by.isConnected) by.click();
  else mark("unsent", "no");
}

/* ---- no socket: the network lets none through, or has too many; the server says which (B70) */
async function askForHelp() {
  if (up || blocked) return;
  try {
    const answer = await post("/auth/help?lang=" + html.lang);
    if (!answer.ok || up) return;
    if (fails > 3) return show(await answer.json());
    hurry = true; // the server may just have come back
    if (retry) retry();
  } catch { /* no network at all: the page says so */ }
}
function show(help) {
  if (up || blocked) return;
  blocked = true;
  const panel = d.createElement("div"), make = (name, text, look, more) => {
    const e = Object.assign(d.createElement(name), { textContent: text, className: look }, more);
    panel.append(e);
    return e;
  };
  panel.className = "blocked"; panel.id = "blocked"; panel.setAttribute("role", "alertdialog"); panel.setAttribute("aria-labelledby", "blocked-title");
  const h = make("h1", help.title, "text-xl font-bold", { id: "blocked-title", tabIndex: -1 });
  for (const p of help.text) if (p) make("p", p, "mt-3");
  if (help.phone) make("a", help.call, "btn btn-primary mt-5", { href: "tel:" + help.phone });
  make("button", help.again, "btn btn-second mt-3", { type: "button", onclick: () => location.reload() });
  d.body.append(panel);
  h.focus();
}
function helped() {
  blocked = false;
  const panel = d.getElementById("blocked");
  if (panel) panel.remove();
}

export function start({ post: ask, socket }) {
  post = ask;
  if (socket && socket.readyState === 1) {
    cut = socket.hangUp; up = seen = true; first = false;
  }
  // The card's form is about to send its token: not into a dead line.
  addEventListener("portal:send", (e) => { if (!pressed(null, null)) { press = null; down(); e.preventDefault(); } });
  addEventListener("click", (e) => {
    const b = button(e.target);
    if (!b || b.closest("#blocked, #card-form")) { if (e.target.closest && e.target.closest("[data-opens]:not(form)")) opens(e.target); return; }
    if (!pressed(null, b)) { e.preventDefault(); e.stopImmediatePropagation(); }
  }, true);
  addEventListener("offline", lost);
  addEventListener("online", () => { if (retry) retry(); });
  d.addEventListener("visibilitychange", () => { if (!d.hidden && retry) retry(); });
}
