/* The scan of an agreement that was signed on paper: sent to the server, which tells the open page that it is there.
   Loaded by ui.js with the first press. */
const send = async (form) => {
  const file = form.elements.file.files[0], { most, none, large, failed, language, scan } = form.dataset;
  if (!file) return none;
  if (file.size > +most) return large;
  const [signed_on, signed_by] = ["signed_on", "signed_by"].map((name) => form.elements[name].value);
  const query = new URLSearchParams({ request: scan, signed_on, signed_by, lang: language });
  try {
    const answer = await fetch("/staff/agreements/paper?" + query, {
      method: "POST", credentials: "same-origin", headers: { "content-type": "application/octet-stream" }, body: file,
    });
    return answer.ok ? "" : (await answer.json()).error || failed;
  } catch {
    return failed;
  }
};

export async function run(form, focus) {
  if (form.hasAttribute("data-busy")) return;
  form.setAttribute("data-busy", "");
  const wrong = await send(form), said = form.querySelector("#scan-error");
  form.removeAttribute("data-busy");
  said.textContent = wrong;
  if (wrong) focus(said);
}
