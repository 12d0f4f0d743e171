/* Fifteen minutes in which a person does nothing end the session; after thirteen a dialog asks. Loaded by ui.js. */
const LIFE = 9e5, WARN = 12e4, SAY = 6e4;
const html = document.documentElement;
const mine = () => document.querySelector("[data-session]"), warning = () => document.getElementById("idle");
let until = Date.now() + LIFE, said = Date.now(), acted = 0, asking = null, gone = false, asked = 0, post, open;

/** The session is over: nothing stays on the screen, and the page leaves. After an idle time it leads back here. */
export function leave(why) {
  const place = mine();
  if (gone || !place) return;
  gone = true; html.dataset.gone = "";
  sessionStorage.clear(); // the page's name too: whoever sits here next is another page
  const back = why === "idle" ? "&next=" + encodeURIComponent(location.pathname) : "";
  location.replace(place.dataset.next + "?ended=" + why + back);
}

/** Signs out and leaves: nothing else shall lead the page elsewhere meanwhile. Without an answer the button can be pressed again. */
export function signOut(button, post) {
  button.disabled = gone = true;
  post("/auth/sign-out?side=" + button.dataset.signOut).then((answer) => {
    if (!answer.ok) throw answer;
    html.dataset.gone = ""; sessionStorage.clear();
    location.replace(button.dataset.next + "?ended=out");
  }).catch(() => { button.disabled = gone = false; });
}

/** Asks the server how long the session lasts. by "person": somebody did something, so it begins anew. */
export function ask(by) {
  const place = mine();
  if (!place || gone) return Promise.resolve();
  if (asking && by === "page") return asking;
  if (by === "person") { said = Date.now(); acted = 0; }
  return asking = post("/auth/stay?side=" + place.dataset.session + "&by=" + by).then((r) => {
    if (r.status === 401) leave("idle");
    else if (r.ok) return r.json().then((j) => { until = Date.now() + j.left * 1e3; });
  }).catch(() => {}).then(() => { asking = null; });
}

/** The server has closed the socket of a session: signed out somewhere, or it is another session that ended. */
export function closed() {
  const place = mine();
  if (!place) return;
  html.dataset.gone = "";
  if (gone) return;
  post("/auth/stay?side=" + place.dataset.session + "&by=page").then((r) => {
    if (r.status === 401) return leave("out");
    sessionStorage.setItem("again", "&again=1");
    location.reload();
  }, () => leave("out"));
}

function tick() {
  const now = Date.now(), w = warning();
  if (!mine() || gone || !w) return;
  if (acted > said && now - said >= SAY && !w.open) ask("person");
  const rest = until - now;
  if (rest <= 0) ask("page").then(() => { if (Date.now() >= until) leave("idle"); });
  else if (w.open) {
    const n = document.getElementById("idle-left");
    if (n) n.textContent = Math.floor(rest / 6e4) + ":" + String(Math.floor(rest / 1e3) % 60).padStart(2, "0");
    if (rest > WARN + 5e3) { w.dataset.quiet = "1"; w.close(); }
    else if (now - asked > 1e4) { asked = now; ask("page"); }
  } else if (rest <= WARN) {
    asked = now;
    ask("page").then(() => { if (until - Date.now() <= WARN && !gone && !w.open) open(w); });
  }
}

export function start(tools) {
  ({ post, open } = tools);
  setInterval(tick, 1e3);
  for (const k of ["pointerdown", "keydown", "wheel", "input"]) addEventListener(k, () => {
    const w = warning();
    if (w && w.open) return;
    acted = Date.now();
    if (acted - said >= SAY) ask("person");
  }, { capture: true, passive: true });
  document.addEventListener("close", (e) => {
    if (e.target.id !== "idle") return;
    if (!e.target.dataset.quiet) ask("person");
    delete e.target.dataset.quiet;
  }, true);
}
