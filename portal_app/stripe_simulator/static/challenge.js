/* The payer's bank: one question, two answers. */
const buttons = [...document.querySelectorAll("button")];

async function answer(passed) {
  buttons.forEach((button) => (button.disabled = true));
  try {
    const reply = await fetch("../challenge/answer", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ id: given.get("id"), client_secret: given.get("secret"), passed }),
      credentials: "omit",
    });
    const body = await reply.json();
    parent.postMessage(reply.ok ? { kind: "challenge", intent: body } : { kind: "challenge", error: body.error }, "*");
  } catch {
    document.getElementById("problem").textContent = words.api_connection_error;
    buttons.forEach((button) => (button.disabled = false));
  }
}

buttons[0].addEventListener("click", () => answer(true));
buttons[1].addEventListener("click", () => answer(false));
