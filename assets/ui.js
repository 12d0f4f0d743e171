/* What HTML alone does not do. No framework, no eval; works before the socket is up. */
(() => {
  const d = document, h = d.documentElement;
  const spoken = () => (location.pathname.match(/^\/(es)(?=\/|$)/) || [0, "en"])[1];
  h.lang = spoken();
  // 1. After a change of page: focus the new h1, so that a screen reader says where we are.
  let at = location.pathname;
  const moved = () => {
    if (location.pathname === at) return;
    at = location.pathname; h.lang = spoken();
    const old = d.querySelector("main h1"); let n = 0;
    const go = () => {
      const e = d.querySelector("main h1");
      if (e && (e !== old || n > 30)) { e.tabIndex = -1; e.focus({ preventScroll: true }); } else if (n++ < 60) requestAnimationFrame(go);
    };
    requestAnimationFrame(go);
  };
  for (const k of ["pushState", "replaceState"]) {
    const f = history[k];
    history[k] = function () { const r = f.apply(this, arguments); setTimeout(moved); return r; };
  }
  addEventListener("popstate", () => setTimeout(moved));
  // 2. What appears with data-focus takes focus: error summary, receipt. A ticket is redeemed. A dialog opens.
  const redeem = (e) => {
    if (!e.dataset.ticket || e.dataset.sent === e.dataset.ticket) return;
    e.dataset.sent = e.dataset.ticket;
    fetch("/auth/session", {
      method: "POST", credentials: "same-origin", headers: { "content-type": "application/json" },
      body: JSON.stringify({ ticket: e.dataset.ticket }),
    }).then((r) => { if (!r.ok) throw r; location.replace(e.dataset.next); }).catch(() => e.setAttribute("data-failed", ""));
  };
  // The server has checked the amount: send the card's own form, once it is ready and has heard the amount.
  const send = (e, tries = 0) => {
    const f = d.getElementById(e.dataset.submits);
    if (f && f.getAttribute("aria-busy") !== "true") setTimeout(() => f.requestSubmit(), 60);
    else if (tries < 100) setTimeout(() => send(e, tries + 1), 100);
  };
  const seen = (n) => {
    if (n.nodeType !== 1) return;
    const find = (s) => (n.matches(s) ? n : n.querySelector(s));
    const f = find("[data-focus]"), t = find("[data-ticket]"), o = find("dialog[data-open]");
    if (o && !o.open) o.showModal();
    else if (f) { f.tabIndex = -1; f.focus(); f.scrollIntoView({ block: "nearest" }); }
    if (t) redeem(t);
  };
  new MutationObserver((ms) => {
    for (const m of ms) {
      if (m.type === "childList") m.addedNodes.forEach(seen);
      else if (m.attributeName === "data-turn") m.target.dataset.turn > (m.oldValue || 0) && send(m.target);
      else seen(m.target);
    }
  }).observe(d, {
    subtree: true, childList: true, attributes: true, attributeOldValue: true,
    attributeFilter: ["data-focus", "data-ticket", "data-open", "data-turn"],
  });
  // 3. A pressed submit button answers at once; React takes the mark away when the server has answered.
  addEventListener("submit", (e) => {
    const f = e.target;
    if (!f.matches("[data-guard]")) return;
    // Which of its buttons was pressed rides in the form's hidden field `how`.
    if (e.submitter && e.submitter.dataset.how && f.elements.how) f.elements.how.value = e.submitter.dataset.how;
    if (f.hasAttribute("data-busy")) { e.preventDefault(); e.stopImmediatePropagation(); } else setTimeout(() => f.setAttribute("data-busy", ""));
  }, true);
  addEventListener("click", (e) => {
    const on = (s) => e.target.closest && e.target.closest(s);
    // 4. A line of the error summary puts the cursor in its field, not only near it.
    const a = on("[data-focus] a[href^='#']"), t = a && d.getElementById(a.getAttribute("href").slice(1));
    if (t) { e.preventDefault(); t.focus(); }
    // 5. The language changes, the place does not.
    const l = on("a[data-language]");
    if (l) {
      const bare = location.pathname.replace(/^\/es(?=\/|$)/, "") || "/";
      l.href = (l.dataset.language === "en" ? bare : "/" + l.dataset.language + bare) + location.search;
    }
    if (on("[data-print]")) print();
    const q = on("[data-sign-out]");
    if (q) {
      q.disabled = true;
      fetch("/auth/sign-out?side=" + q.dataset.signOut, { method: "POST", credentials: "same-origin" })
        .then((r) => { if (!r.ok) throw r; location.replace(q.dataset.next); }).catch(() => { q.disabled = false; });
    }
    // 6. <button command commandfor> for browsers that lack it (Safari before 26.2, Firefox before 144).
    const b = "commandForElement" in HTMLButtonElement.prototype ? null : on("button[commandfor]");
    const g = b && d.getElementById(b.getAttribute("commandfor"));
    if (g) b.getAttribute("command") === "show-modal" ? g.showModal() : g.close();
  }, true);
  // 7. A page kept by the browser, or hidden for long, may show what is no longer so: load it again.
  let hidden = 0;
  addEventListener("pageshow", (e) => { if (e.persisted) location.reload(); });
  addEventListener("visibilitychange", () => {
    if (d.hidden) hidden = Date.now();
    else if (hidden && Date.now() - hidden > 9e5 && !d.querySelector("form[data-busy]")) location.reload();
  });
})();
