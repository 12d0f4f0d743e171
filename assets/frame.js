/* In a frame of the practice's own site: tells that site, and no other, how high the page is. Loaded by ui.js. */
const known = () => { const e = document.querySelector("[data-hosts]"); return e ? e.dataset.hosts.split(" ").filter(Boolean) : []; };

/** `greeted` gives the origin that greeted us, `inFrame` says whether a path may be shown in the frame.
 * Returns a function that tells the site something; without an argument it sends the height again.
 */
export function start(greeted, inFrame) {
  // What may not be shown in the frame opens in a window of its own.
  addEventListener("click", (e) => {
    const a = e.target.closest && e.target.closest("a[href]");
    if (a && a.origin === location.origin && a.target !== "_blank" && !inFrame(a.pathname)) {
      e.preventDefault(); e.stopImmediatePropagation(); window.open(a.href, "_blank", "noopener");
    }
  }, true);
  // The one site we are in, as the browser or its own greeting says, if the practice has named it.
  let host = "", said = "";
  const tell = (what) => {
    const all = known(), origin = all.length === 1 ? all[0] : (location.ancestorOrigins || [greeted()])[0];
    if (!host && all.includes(origin)) host = origin;
    if (host && window !== parent) parent.postMessage({ portal: what }, host);
  };
  const height = () => {
    const tall = Math.ceil(document.body.getBoundingClientRect().height), now = tall + " " + known().join();
    if (now !== said) { said = now; tell({ height: tall }); }
  };
  const watch = () => {
    new ResizeObserver(height).observe(document.body);
    new MutationObserver(height).observe(document.body, { subtree: true, attributes: true, attributeFilter: ["data-hosts"] });
    height();
  };
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", watch);
  else watch();
  return (what) => { if (what) tell(what); else { said = ""; height(); } };
}
