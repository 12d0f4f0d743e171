/* What HTML alone does not do. No framework, no eval; works before the socket is up. */
// Before any other script. In a frame of another site whose storage the browser blocks, a touch of it throws, and the
// framework's page would die with "Application Error": then it is kept in memory, for one page load.
for (const n of ["localStorage", "sessionStorage"]) {
  try { window[n].getItem("x"); } catch (e) {
    const m = new Map();
    const value = {
      getItem: (k) => m.get(k) ?? null, setItem: (k, v) => { m.set(k, String(v)); },
      removeItem: (k) => { m.delete(k); }, clear: () => m.clear(),
    };
    Object.defineProperty(window, n, { value, configurable: true });
  }
}
(() => {
  const d = document, h = d.documentElement;
  // The first of the portal's languages has the bare paths, each other its prefix (i18n_paths.py).
  const languages = (d.currentScript.dataset.languages || "en es").split(" ");
  const prefix = (path) => languages.slice(1).find((l) => path === "/" + l || path.startsWith("/" + l + "/")) || "";
  const bare = (path) => path.slice(prefix(path) && prefix(path).length + 1) || "/";
  const inFrame = (path) => /^\/embed(\/|$)/.test(bare(path));
  const spoken = () => prefix(location.pathname) || languages[0];
  h.lang = spoken();
  // 0. In a frame of the practice's own site: doors, session and socket of its own (domain/sites/embedding.py).
  // So have the pages that an action link opens: it opens beside a sign-in.
  const framed = inFrame(location.pathname), door = framed ? "/embed" : /^\/links(\/|$)/.test(bare(location.pathname)) ? "/links" : "";
  let tell = () => {};
  const open = (o) => { if (!framed) return o.showModal(); o.show(); tell({ show: o.getBoundingClientRect().top }); };
  if (framed) {
    h.classList.add("embed");
    // 7. The page's height, for the practice's site only, and links out of the frame: frame.js. The site's greeting may come before it is here.
    let greeted = "";
    addEventListener("message", (e) => { if (e.source === parent && e.data === "portal:hello") { greeted = e.origin; tell(); } });
    import("/frame.js").then((m) => { tell = m.start(() => greeted, inFrame); });
  }
  // 1. After a change of page: focus the new h1, so that a screen reader says where we are.
  let at = location.pathname;
  const moved = () => {
    if (location.pathname === at) return;
    at = location.pathname; h.lang = spoken();
    const old = d.querySelector("main h1"); let n = 0;
    const go = () => {
      const e = d.querySelector("main h1");
      if (e && (e !== old || n > 30)) { e.tabIndex = -1; e.focus({ preventScroll: true }); tell({ show: 0 }); } else if (n++ < 60) requestAnimationFrame(go);
    };
    requestAnimationFrame(go);
  };
  for (const k of ["pushState", "replaceState"]) {
    const f = history[k];
    history[k] = function () { const r = f.apply(this, arguments); setTimeout(moved); return r; };
  }
  addEventListener("popstate", () => setTimeout(moved));
  // 2. What appears with data-focus takes focus: a message, a receipt. A ticket is redeemed. A dialog opens.
  // The server has checked the amount: send the card's own form, once it is ready and has heard the amount.
  const send = (e, tries = 0) => {
    const f = d.getElementById(e.dataset.submits);
    if (f && f.getAttribute("aria-busy") !== "true") setTimeout(() => f.requestSubmit(), 60);
    else if (tries < 100) setTimeout(() => send(e, tries + 1), 100);
  };
  const seen = (n) => {
    if (n.nodeType !== 1) return;
    const find = (s) => n.matches(s) ? n : n.querySelector(s);
    const f = find("[data-focus]"), t = find("[data-ticket]"), o = find("dialog[data-open]");
    fill();
    if (find("form[data-tab]")) keep();
    if (o && !o.open) { if (lost) lost.covered(); open(o); }
    else if (f) focus(f);
    if (t) contact((m) => m.redeem(t, post, focus));
  };
  const focus = (e) => {
    if (e.tabIndex < 0) e.tabIndex = -1;
    e.focus(); e.scrollIntoView({ block: "nearest" });
  };
  new MutationObserver((ms) => {
    const had = lost && lost.holder();
    for (const m of ms) {
      if (m.type === "childList") m.addedNodes.forEach(seen);
      else if (m.attributeName === "data-turn") m.target.dataset.turn > (m.oldValue || 0) && send(m.target);
      else if (m.attributeName !== "data-busy") seen(m.target);
    }
    for (const { attributeName: a, target: f } of ms) if (a === "data-busy" && f.matches("form:not([data-busy])") && line) line.refused(f, focus);
    if (had && !had.isConnected) lost.rescue(had, ms, focus);
  }).observe(d, {
    subtree: true, childList: true, attributes: true, attributeOldValue: true,
    attributeFilter: ["data-focus", "data-ticket", "data-open", "data-turn", "data-busy"],
  });
  // 3. A pressed submit button answers at once; React takes the mark away when the server has answered.
  addEventListener("submit", (e) => {
    const f = e.target, w = f.querySelector("[data-fragment]");
    if (w) w.value = token;
    if (f.matches("[data-verify]")) { e.preventDefault(); import("/verify.js").then((m) => m.run(f, focus)); }
    if (f.matches("[data-scan]")) { e.preventDefault(); import("/scan.js").then((m) => m.run(f, focus)); }
    if (f.matches("[data-remember]")) contact((m) => m.remember(f));
    if (!f.matches("[data-guard]")) return;
    // Which of its buttons was pressed rides in the form's hidden field `how`.
    if (e.submitter && e.submitter.dataset.how && f.elements.how) f.elements.how.value = e.submitter.dataset.how;
    if (f.hasAttribute("data-busy") || line && !line.pressed(f, e.submitter)) { e.preventDefault(); e.stopImmediatePropagation(); }
    else setTimeout(() => f.setAttribute("data-busy", ""));
  }, true);
  addEventListener("click", (e) => {
    const on = (s) => e.target.closest && e.target.closest(s);
    // 5. The language changes, the place does not.
    const l = on("a[data-language]");
    if (l) {
      const to = l.dataset.language;
      l.href = (to === languages[0] ? "" : "/" + to) + bare(location.pathname) + location.search + (token && "#" + token);
    }
    const c = on("[data-reveal], [data-copy], [data-print], [popover] a");
    if (c) contact((m) => m.press(c));
    const k = on("[data-passkey]");
    if (k) import("/passkeys.js").then((m) => m.run(k));
    const q = on("[data-sign-out]");
    if (q) import("/idle.js").then((m) => m.signOut(q, post));
    // 6. <button command commandfor> for browsers that lack it (Safari before 26.2, Firefox before 144).
    const b = "commandForElement" in HTMLButtonElement.prototype && !framed ? null : on("button[commandfor]");
    const g = b && d.getElementById(b.getAttribute("commandfor"));
    if (g) { e.preventDefault(); b.getAttribute("command") === "show-modal" ? open(g) : g.close(); }
  }, true);
  // 8. A page kept by the browser, or hidden for long, may show what is no longer so: load it again.
  let hidden = 0;
  addEventListener("pagehide", () => { if (mine()) h.dataset.gone = ""; });
  addEventListener("pageshow", (e) => { if (e.persisted) location.reload(); });
  addEventListener("visibilitychange", () => {
    if (d.hidden) hidden = Date.now();
    else if (hidden && Date.now() - hidden > 9e5 && !d.querySelector("form[data-busy]")) location.reload();
    else if (idle) idle.ask("page");
  });
  // 9. A link's secret rides behind the #, which no server sees: taken out of the address at once.
  let token = "", known = "";
  const place = () => bare(location.pathname).replace(/\/$/, "");
  const take = () => {
    const linked = ["/links", "/stop-reset", "/staff/set-up"].includes(place()), t = location.hash.slice(1);
    if (t.length > 20 && (linked || place() === "/sign-in")) {
      token = t;
      history.replaceState(history.state, "", location.pathname + location.search);
      if (linked) h.dataset.asking = "";
      contact((m) => m.take(token, linked && place(), post, focus)).then((one) => { delete h.dataset.asking; known = one; fill(); });
    }
    h.toggleAttribute("data-no-token", linked && !token);
  };
  const post = (to, what) => fetch(door + to, {
    method: "POST", credentials: "same-origin", headers: { "content-type": "application/json" }, body: JSON.stringify(what || {}),
  });
  // 10. The contact is remembered on one's own device, never where the switch says that it is shared: contact.js.
  const contact = (work) => import("/contact.js").then(work, () => {});
  const fill = () => { if (d.querySelector("form[data-remember]")) contact((m) => m.fill(known)); };
  // What is typed before anybody is known outlives a reload: tab.js.
  const keep = () => { if (d.querySelector("form[data-tab]")) import("/tab.js").then((m) => m.watch(), () => {}); };
  addEventListener("load", keep);
  addEventListener("DOMContentLoaded", fill);
  addEventListener("load", () => setTimeout(fill));
  take();
  addEventListener("hashchange", take);
  // 11. What is needed only after a while comes when the page is there: the end of an idle session, a dead line, a lost focus.
  let idle = null, line = null, lost = null;
  const mine = () => d.querySelector("[data-session]");
  const later = new Promise((go) => addEventListener("load", go)).then(() => Promise.all(["idle", "line", "focus"].map((n) => import(`/${n}.js`)))).then(([i, l, f]) => {
    i.start({ post, open }); l.start({ post, socket });
    idle = i; line = l; lost = f;
  }).catch(() => {});
  // 12. Each loading of a page has a word of its own: a second tab is another page, the same after a cut line is not.
  // `again`: it comes by itself, which is nobody's doing and keeps no session alive.
  const W = WebSocket, word = Date.now().toString(36) + Math.random().toString(36).slice(2);
  let again = sessionStorage.getItem("again") || "";
  sessionStorage.removeItem("again");
  // A socket that can wait before it calls, and be let go before the browser knows that it is dead (line.js).
  let socket = null;
  window.WebSocket = class {
    readyState = 0;
    constructor(to, as) {
      socket = this;
      const over = (e) => {
        if (this.readyState > 1) return;
        this.readyState = 3;
        if (line) line.closed();
        if (this.onclose) this.onclose(e);
        // The server closes the sockets of a session that has ended anywhere: nothing may stay on the screen.
        if (e.reason === "session ended") later.then(() => idle && idle.closed());
      };
      this.hangUp = () => {
        clearTimeout(this.wait);
        if (this.w) this.w.close();
        over({ code: 4000 });
      };
      // One that never opened has failed, whether or not the browser says so: the framework tries again only after an error.
      const failed = (e) => { if (!this.readyState && this.onerror) this.onerror(e); over(e); };
      const dial = () => {
        clearTimeout(this.wait);
        if (this.w || this.readyState > 1) return;
        let w;
        try {
          w = this.w = new W(String(to).replace("/_event", door + "/_event") + "&load=" + word + again, as);
        } catch (e) { return setTimeout(failed, 0, e); }
        w.onopen = (e) => {
          if (this.readyState) return w.close();
          this.readyState = 1;
          if (line) line.opened(again, this.hangUp, (what) => w.send(what));
          again = "&again=1";
          this.onopen(e);
        };
        w.onmessage = (e) => {
          const pass = () => this.onmessage(e);
          if (this.readyState === 1) line ? line.word(e.data, pass) : pass();
        };
        w.onerror = (e) => this.onerror && this.onerror(e);
        w.onclose = failed;
      };
      const rest = line ? line.pause() : 0;
      if (rest) { this.wait = setTimeout(dial, rest); line.waits(dial); } else dial();
    }
    send(what) { if (line) line.sending(what); this.w.send(what); }
    close() { setTimeout(this.hangUp); }
  };
})();
