/* /verify: sends the chosen file and shows what the server says of it. Loaded by ui.js with the first press. */
const show = (verdict, said, focus) => {
  const all = [...document.querySelectorAll("[id^=verified-]")], one = document.getElementById("verified-" + verdict);
  for (const other of all) other.hidden = other !== one;
  const place = one.querySelector(".said");
  if (place) place.textContent = said;
  focus(one);
};

const ask = async (file, form) => {
  const { most, none, large, failed, language } = form.dataset;
  if (!file) return ["refused", none];
  if (file.size > +most) return ["refused", large];
  try {
    const answer = await fetch("/verify/file?lang=" + language, {
      method: "POST", credentials: "omit", headers: { "content-type": "application/octet-stream" }, body: file,
    });
    const { verdict, day, error } = await answer.json();
    if (!answer.ok) return ["refused", error || failed];
    return [verdict === "changed" && !day ? "changed-undated" : verdict, day];
  } catch {
    return ["refused", failed];
  }
};

export async function run(form, focus) {
  if (form.hasAttribute("data-busy")) return;
  form.setAttribute("data-busy", "");
  const [verdict, said] = await ask(form.elements.file.files[0], form);
  form.removeAttribute("data-busy");
  show(verdict, said, focus);
}
