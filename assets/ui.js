/* What HTML alone does not do. No framework, no eval; works before the socket is up. */
// Before any other script. In a frame of another site whose storage the browser blocks, a touch of it throws, and the
// framework's page would die with "Application Error": then it is kept in memory, for one page load.
for (const n of ["localStorage", "sessionStorage"]) {
  try { window[n].getItem("x"); } catch (e) {
    const m = new Map();
    const value = {
      getItem: (k) => m.get(String(k)) ?? null, setItem: (k, v) => { m.set(String(k), String(v)); },
      removeItem: (k) => { m.delete(String(k)); }, clear: () => m.clear(), key: (i) => [...m.keys()][i] ?? null,
      get length() { return m.size; },
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
  // 0. In a frame of the practice's own site: doors, session and socket of its own (domain/embedding.py).
  const framed = inFrame(location.pathname), door = framed ? "/embed" : "";
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
  const redeem = (e) => {
    if (!e.dataset.ticket || e.dataset.sent === e.dataset.ticket) return;
    e.dataset.sent = e.dataset.ticket;
    contact((m) => m.redeem(e, post, focus));
  };
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
    if (o && !o.open) { openers.push(d.activeElement); open(o); }
    else if (f) focus(f);
    if (t) redeem(t);
  };
  const focus = (e) => {
    if (e.tabIndex < 0) e.tabIndex = -1;
    e.focus(); e.scrollIntoView({ block: "nearest" });
  };
  // A refused form: the first field that is wrong, an empty one before a filled one; else the message on top.
  const answered = (form) => {
    const wrong = [...form.querySelectorAll("[aria-invalid=true]")], around = form.closest("dialog, main");
    const first = wrong.find((e) => !e.value) || wrong[0] || (around && around.querySelector("[data-focus=said]"));
    if (first) focus(first);
  };
  // What held the focus is gone: back to the button that had opened it, which may be drawn anew with the same words,
  // else on to what came in its place.
  let held = null, openers = [], page = location.pathname;
  const room = () => d.querySelector("dialog:modal") || d.querySelector("main") || d.body;
  const there = (e) => e.isConnected ? room().contains(e) && e
    : [...room().querySelectorAll("button, summary")].find((b) => b.textContent === e.textContent);
  const rescue = (gone, ms) => {
    if (held === gone) held = null;
    if (page !== location.pathname) { page = location.pathname; openers = []; return; }
    if (d.activeElement === d.body) {
      const n = openers.findLastIndex(there);
      if (n >= 0) { focus(there(openers[n])); openers.length = n; return; }
      const parts = "h1, h2, h3, legend, input:not([type=hidden])";
      const to = ms.flatMap((m) => [...m.addedNodes]).map((n) => n.isConnected && n.querySelector && (n.matches(parts) ? n : n.querySelector(parts)))
        .find(Boolean) || room().querySelector("h1, h2") || room();
      focus(to);
    }
    if (gone.type === "button") openers.push(gone);
  };
  for (const k of ["focusin", "click"]) d.addEventListener(k, (e) => {
    held = e.target.closest("a, button, input, select, textarea, summary, [tabindex]");
    if (k === "click") openers = openers.filter((o) => !there(o));
  });
  new MutationObserver((ms) => {
    const had = held;
    for (const m of ms) {
      if (m.type === "childList") m.addedNodes.forEach(seen);
      else if (m.attributeName === "data-turn") m.target.dataset.turn > (m.oldValue || 0) && send(m.target);
      else if (m.attributeName !== "data-busy") seen(m.target);
    }
    for (const { attributeName: a, target: f } of ms) if (a === "data-busy" && f.matches("form:not([data-busy])")) answered(f);
    if (had && !had.isConnected) rescue(had, ms);
  }).observe(d, {
    subtree: true, childList: true, attributes: true, attributeOldValue: true,
    attributeFilter: ["data-focus", "data-ticket", "data-open", "data-turn", "data-busy"],
  });
  // 3. A pressed submit button answers at once; React takes the mark away when the server has answered.
  addEventListener("submit", (e) => {
    const f = e.target, w = f.querySelector("[data-fragment]");
    if (w) w.value = token;
    if (f.matches("[data-remember]")) contact((m) => m.remember(f));
    if (!f.matches("[data-guard]")) return;
    // Which of its buttons was pressed rides in the form's hidden field `how`.
    if (e.submitter && e.submitter.dataset.how && f.elements.how) f.elements.how.value = e.submitter.dataset.how;
    if (f.hasAttribute("data-busy")) { e.preventDefault(); e.stopImmediatePropagation(); } else setTimeout(() => f.setAttribute("data-busy", ""));
  }, true);
  addEventListener("click", (e) => {
    const on = (s) => e.target.closest && e.target.closest(s);
    // 5. The language changes, the place does not.
    const l = on("a[data-language]");
    if (l) {
      const to = l.dataset.language;
      l.href = (to === languages[0] ? "" : "/" + to) + bare(location.pathname) + location.search + (token && "#" + token);
    }
    const u = on("[popover] a");
    if (u) u.closest("[popover]").hidePopover();
    const v = on("[data-reveal]"), c = on("[data-copy]");
    if (v) contact((m) => m.reveal(v));
    if (c) navigator.clipboard.writeText([...d.getElementById(c.dataset.copy).children].map((e) => e.innerText).join("\n"))
      .then(() => { d.getElementById(c.dataset.says).textContent = c.dataset.words; }, () => {});
    const k = on("[data-passkey]");
    if (k) import("/passkeys.js").then((m) => m.run(k));
    if (on("[data-print]")) print();
    const q = on("[data-sign-out]");
    if (q) {
      q.disabled = gone = true;
      post("/auth/sign-out?side=" + q.dataset.signOut)
        .then((r) => { if (!r.ok) throw r; h.dataset.gone = ""; sessionStorage.clear(); location.replace(q.dataset.next + "?ended=out"); })
        .catch(() => { q.disabled = gone = false; });
    }
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
    else ask("page");
  });
  // 9. A link's secret rides behind the #, which no server sees: taken out of the address at once.
  let token = "", known = "";
  const place = () => bare(location.pathname).replace(/\/$/, "");
  const take = () => {
    const linked = ["/links", "/stop-reset", "/staff/set-up"].includes(place()), t = location.hash.slice(1);
    if (t.length > 20 && (linked || place() === "/sign-in")) {
      token = t;
      history.replaceState(history.state, "", location.pathname + location.search);
      if (!linked) contact((m) => m.ask(token, post)).then((one) => { known = one; fill(); });
    }
    h.toggleAttribute("data-no-token", linked && !token);
  };
  const post = (to, what) => fetch(door + to, {
    method: "POST", credentials: "same-origin", headers: { "content-type": "application/json" }, body: JSON.stringify(what || {}),
  });
  // 10. The contact is remembered on one's own device, never where the switch says that it is shared: contact.js.
  const contact = (work) => import("/contact.js").then(work, () => {});
  const fill = () => { if (d.querySelector("form[data-remember]")) contact((m) => m.fill(known)); };
  addEventListener("DOMContentLoaded", fill);
  addEventListener("load", () => setTimeout(fill));
  take();
  addEventListener("hashchange", take);
  // 11. Fifteen minutes in which a person does nothing end the session; after thirteen a dialog asks.
  const LIFE = 9e5, WARN = 12e4, SAY = 6e4;
  let until = Date.now() + LIFE, said = Date.now(), acted = 0, asking = null, gone = false, at2 = 0;
  const mine = () => d.querySelector("[data-session]"), warning = () => d.getElementById("idle");
  const leave = (why) => {
    const s = mine();
    if (gone || !s) return;
    gone = true; h.dataset.gone = "";
    sessionStorage.clear(); // the page's name too: whoever sits here next is another page
    location.replace(s.dataset.next + "?ended=" + why);
  };
  const ask = (by) => {
    const s = mine();
    if (!s || gone) return Promise.resolve();
    if (asking && by === "page") return asking;
    if (by === "person") { said = Date.now(); acted = 0; }
    return asking = post("/auth/stay?side=" + s.dataset.session + "&by=" + by).then((r) => {
      if (r.status === 401) leave("idle");
      else if (r.ok) return r.json().then((j) => { until = Date.now() + j.left * 1e3; });
    }).catch(() => {}).then(() => { asking = null; });
  };
  const tick = () => {
    const now = Date.now(), w = warning();
    if (!mine() || gone || !w) return;
    if (acted > said && now - said >= SAY && !w.open) ask("person");
    const rest = until - now;
    if (rest <= 0) ask("page").then(() => { if (Date.now() >= until) leave("idle"); });
    else if (w.open) {
      const n = d.getElementById("idle-left");
      if (n) n.textContent = Math.floor(rest / 6e4) + ":" + String(Math.floor(rest / 1e3) % 60).padStart(2, "0");
      if (rest > WARN + 5e3) { w.dataset.quiet = "1"; w.close(); }
      else if (now - at2 > 1e4) { at2 = now; ask("page"); }
    } else if (rest <= WARN) {
      at2 = now;
      ask("page").then(() => { if (until - Date.now() <= WARN && !gone && !w.open) open(w); });
    }
  };
  setInterval(tick, 1e3);
  for (const k of ["pointerdown", "keydown", "wheel", "input"]) addEventListener(k, () => {
    const w = warning();
    if (w && w.open) return;
    acted = Date.now();
    if (acted - said >= SAY) ask("person");
  }, { capture: true, passive: true });
  d.addEventListener("close", (e) => {
    if (e.target.id !== "idle") return;
    if (!e.target.dataset.quiet) ask("person");
    delete e.target.dataset.quiet;
  }, true);
  // 12. Each loading of a page has a word of its own: a second tab is another page, the same after a cut line is not.
  // `again`: it comes by itself, which is nobody's doing and keeps no session alive.
  const W = WebSocket, word = Date.now().toString(36) + Math.random().toString(36).slice(2);
  let again = sessionStorage.getItem("again") || "";
  sessionStorage.removeItem("again");
  // The server closes the sockets of a session that has ended anywhere: nothing may stay on the screen.
  window.WebSocket = class extends W {
    constructor(to, as) {
      super(String(to).replace("/_event", door + "/_event") + "&load=" + word + again, as);
      this.addEventListener("open", () => {
        // What was pressed as the line was cut may never have arrived: it can be pressed again.
        if (again) d.querySelectorAll("[data-busy]").forEach((e) => e.removeAttribute("data-busy"));
        again = "&again=1";
      });
      this.addEventListener("close", (e) => {
        const s = mine();
        if (e.reason !== "session ended" || !s) return;
        h.dataset.gone = "";
        if (gone) return;
        post("/auth/stay?side=" + s.dataset.session + "&by=page").then((r) => {
          if (r.status === 401) return leave("out");
          sessionStorage.setItem("again", "&again=1");
          location.reload();
        }, () => leave("out"));
      });
    }
  };
})();
