/* What is typed, over a cut line: the fields as they stand, and the parts of the page that were opened to type in.
   Loaded by line.js. */
const d = document;
const DRAFT = 1200, LIFE = 9e5; // ms
const FIELD = "input:not([type=hidden], [type=password], [type=submit]), select, textarea";
const touched = new Map(); // the key of a field → what a person left in it
const all = (what) => [...d.querySelectorAll(what)];
// A form is known by its first field: its place among all forms changes when another one opens above it.
const firstField = (f) => { const e = [...f.elements].find((e) => e.name); return e ? e.name : ""; };
const formKey = (f) => f.id || firstField(f) + [...d.forms].filter((g) => firstField(g) === firstField(f)).indexOf(f);
const key = (e) => {
  const f = e.form, near = f ? formKey(f) : "";
  return [location.pathname, near, e.name || e.id || e.title, e.type === "radio" || e.type === "checkbox" ? e.value : ""].join("|");
};
const value = (e) => (e.type === "radio" || e.type === "checkbox" ? e.checked : e.value);
const leave = (e) => e.dispatchEvent(new FocusEvent("focusout", { bubbles: true }));
let acted = 0, saving = null;

function note(e) {
  const t = e.target;
  if (!e.isTrusted || !t.matches || !t.matches(FIELD) || !t.name || !t.closest("main, dialog")) return;
  touched.set(key(t), { name: t.name, opener: openersOf(t) });
  // A draft is saved when a field is left, and when its typing rests: the page may be loaded again at any time.
  clearTimeout(saving);
  if (e.type === "input" && t.closest("[data-draft]")) saving = setTimeout(() => t.isConnected && leave(t), DRAFT);
}

/** What a person has typed, as it stands now: the field itself, by its key. */
export function typed() {
  const kept = [];
  for (const e of all(FIELD)) {
    const one = touched.get(key(e));
    if (one) kept.push({ ...one, key: key(e), was: value(e) });
    else if (e.type === "radio" && e.name && [...touched].some(([k, t]) => t.name === e.name && k.startsWith(location.pathname)))
      kept.push({ name: e.name, key: key(e), was: value(e) });
  }
  return kept;
}

/* ---- what only opens a part of the page: data-opens, with the name of its handler */
const openers = []; // { at: the page, name, words, nth, before: the fields of before, own: those it opened, frame: what it sent }
let opening = null;
const here = () => location.pathname + location.search;
const parts = () => new Set(all("input, select, textarea, iframe").map(key));
const like = (o) => all(`[data-opens="${o.name}"]`).filter((b) => b.matches("form") || b.textContent === o.words);

/** Somebody presses something; what opens a part of the page is kept. */
export function opens(b) {
  learn();
  opening = null;
  b = b && b.closest("[data-opens]");
  if (!b) return;
  const o = { at: here(), name: b.dataset.opens, words: b.matches("form") ? "" : b.textContent, before: parts(), own: [] };
  o.nth = like(o).indexOf(b);
  const twice = openers.findIndex((p) => p.at === o.at && p.name === o.name && p.words === o.words && p.nth === o.nth);
  if (twice >= 0) openers.splice(twice, 1);
  openers.push(opening = o);
  if (openers.length > 40) openers.shift();
}
/** A frame that goes to the server. */
export function sending(frame) {
  if (!opening || !opening.name || !frame.includes(`.${opening.name}"`)) return;
  opening.frame = frame;
  opening = null;
}
/** The server has answered: what has come is what the last press opened. */
export function learn() {
  const o = openers[openers.length - 1];
  if (o && !o.own.length && o.at === here()) o.own = [...parts()].filter((k) => !o.before.has(k));
}
/** What was sent to open the parts that are open now. A page that was left alone is not opened again: that would be a sign of life. */
export function opened() {
  learn();
  const now = parts();
  if (Date.now() - acted > LIFE) return [];
  return openers.filter((o) => o.frame && o.at === here() && o.own.some((k) => now.has(k))).map((o) => o.frame);
}
function openersOf(field) {
  return openers.filter((o) => o.at === here() && !o.before.has(key(field)));
}

/** Puts typed text back into fields that were drawn anew, and opens again what had been opened for it. */
export function putBack(kept, then) {
  const until = Date.now() + 6000, opened = new Set();
  let calm = 0;
  const look = () => {
    const now = new Map(all(FIELD).map((e) => [key(e), e]));
    let missing = null;
    for (const one of kept) {
      const e = now.get(one.key);
      if (!e) { missing = missing || one; continue; }
      if (value(e) === one.was) continue;
      if (typeof one.was === "boolean") e.checked = one.was; else e.value = one.was;
    }
    const open = missing && (missing.opener || []).find((o) => !opened.has(o) && like(o)[o.nth]);
    if (open) {
      opened.add(open);
      const b = like(open)[open.nth];
      if (!b.matches("form")) b.click();
      calm = 0;
    } else if (!missing || calm > 15) return done();
    calm++;
    if (Date.now() < until) setTimeout(look, 100); else done();
  };
  const done = () => {
    // What was left meanwhile may never have been saved as a draft: it is left once more.
    for (const one of kept) {
      const e = all(FIELD).find((f) => key(f) === one.key);
      if (!e || e === d.activeElement) continue;
      if (e.tagName === "SELECT") e.dispatchEvent(new Event("change", { bubbles: true }));
      else if (typeof one.was === "string") leave(e);
    }
    then();
  };
  requestAnimationFrame(() => requestAnimationFrame(look));
}

for (const k of ["input", "change"]) d.addEventListener(k, note, true);
for (const k of ["pointerdown", "keydown", "input"]) d.addEventListener(k, (e) => { if (e.isTrusted) acted = Date.now(); }, true);
