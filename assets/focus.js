/* Where the focus goes when what held it is gone: back to the button that had opened it, which may be drawn anew with
   the same words, else on to what came in its place. Loaded by ui.js when the page is there. */
const d = document;
const HOLDERS = "a, button, input, select, textarea, summary, [tabindex]";
let held = d.activeElement && d.activeElement.closest(HOLDERS), openers = [], page = location.pathname;
const room = () => d.querySelector("dialog:modal") || d.querySelector("main") || d.body;
const there = (e) => e.isConnected ? room().contains(e) && e
  : [...room().querySelectorAll("button, summary")].find((b) => b.textContent === e.textContent);

/** What has the focus now. */
export const holder = () => held;
/** A dialog opens over it. */
export const covered = () => { openers.push(d.activeElement); };
/** What held the focus has gone with these changes of the page. */
export function rescue(gone, changes, focus) {
  if (held === gone) held = null;
  if (page !== location.pathname) { page = location.pathname; openers = []; return; }
  if (d.activeElement === d.body) {
    const n = openers.findLastIndex(there);
    if (n >= 0) { focus(there(openers[n])); openers.length = n; return; }
    const parts = "h1, h2, h3, legend, input:not([type=hidden])";
    const to = changes.flatMap((m) => [...m.addedNodes]).map((n) => n.isConnected && n.querySelector && (n.matches(parts) ? n : n.querySelector(parts)))
      .find(Boolean) || room().querySelector("h1, h2") || room();
    focus(to);
  }
  if (gone.type === "button") openers.push(gone);
}

for (const k of ["focusin", "click"]) d.addEventListener(k, (e) => {
  held = e.target.closest(HOLDERS);
  if (k === "click") openers = openers.filter((o) => !there(o));
});
