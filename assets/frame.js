/* In a frame of the practice's own site: says to that site, and to no other, how high the page is. Loaded by ui.js. */
const known = () => { const e = document.querySelector("[data-hosts]"); return e ? e.dataset.hosts.split(" ").filter(Boolean) : []; };

/** `greeted` gives the origin that greeted us. The answer says something to the site; nothing to say: the height anew. */
export function start(greeted) {
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
