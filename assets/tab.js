/* What was typed before anybody is known, kept by this tab for a reload of the page: <form data-tab="name">. Loaded by ui.js.
   The server says what to keep (data-keeps) and when it listens (data-ready); data-over: nothing is to be kept any more. */
const LIFE = 18e5; // ms
const asked = new Set();

export function look(form) {
  const { tab, keeps, ready, over } = form.dataset, name = "tab." + tab;
  if (over) return sessionStorage.removeItem(name);
  if (keeps) {
    asked.add(tab);
    return sessionStorage.setItem(name, JSON.stringify({ at: Date.now(), keeps }));
  }
  if (!ready || asked.has(tab)) return;
  asked.add(tab); // once for each loading of the page
  let was = null;
  try { was = JSON.parse(sessionStorage.getItem(name)); } catch (e) { /* not ours */ }
  if (!was || Date.now() - was.at > LIFE) return sessionStorage.removeItem(name);
  form.elements.kept.value = was.keeps;
  form.requestSubmit();
}

const watched = new WeakSet();
export function watch() {
  for (const form of document.querySelectorAll("form[data-tab]")) {
    look(form);
    if (watched.has(form)) continue;
    watched.add(form);
    new MutationObserver(() => look(form)).observe(form, { attributes: true, attributeFilter: ["data-keeps", "data-ready", "data-over"] });
  }
}
