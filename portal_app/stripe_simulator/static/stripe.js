/* The simulator's stand-in for Stripe.js: the Payment Element and what the portal does with intents.
   Card fields live in a frame of the simulator's own, so that the page never holds a card number, as with Stripe. */
(() => {
  "use strict";

  const BASE = document.currentScript.src.replace(/\/(?:[a-z0-9]+\/)?stripe\.js.*$/, "");
  const ORIGIN = new URL(BASE).origin;
  const UNREACHABLE = {
    type: "api_connection_error",
    message: "We are experiencing issues connecting to our payments provider. Please check your internet connection and try again.",
  };
  let count = 0;

  function wrongUse(message) {
    const error = new Error(message);
    error.name = "IntegrationError";
    return error;
  }

  function formFields(value, name, fields = new URLSearchParams()) {
    for (const [key, part] of Object.entries(value)) {
      if (part === undefined || part === null) continue;
      const full = name ? `${name}[${key}]` : key;
      if (typeof part === "object") formFields(part, full, fields);
      else fields.append(full, String(part));
    }
    return fields;
  }

  async function call(method, path, data) {
    const fields = formFields(data);
    const get = method === "GET";
    try {
      const answer = await fetch(BASE + path + (get ? `?${fields}` : ""), {
        method,
        body: get ? undefined : fields,
        credentials: "omit",
      });
      const body = await answer.json();
      return answer.ok ? { ok: body } : { error: body.error };
    } catch {
      return { error: UNREACHABLE };
    }
  }

  class Emitter {
    #listeners = {};
    on(kind, listener) {
      (this.#listeners[kind] ??= []).push(listener);
      return this;
    }
    off(kind, listener) {
      this.#listeners[kind] = (this.#listeners[kind] ?? []).filter((one) => listener && one !== listener);
      return this;
    }
    once(kind, listener) {
      const first = (event) => {
        this.off(kind, first);
        listener(event);
      };
      return this.on(kind, first);
    }
    emit(kind, event) {
      [...(this.#listeners[kind] ?? [])].forEach((listener) => listener(event));
    }
  }

  function frame(address, title) {
    const element = document.createElement("iframe");
    element.name = `__privateStripeFrame${1000 + ++count}`;
    element.title = title;
    element.src = BASE + address;
    element.style.border = "0";
    element.style.width = "100%";
    return element;
  }

  const looks = (options) => ({
    theme: options.appearance?.theme === "night" ? "dark" : "light",
    locale: String(options.locale ?? "en").startsWith("es") ? "es" : "en",
  });
  const inAddress = (options) => `#${new URLSearchParams(looks(options))}`;

  class PaymentElement extends Emitter {
    #asked = {};
    #frame = null;
    #host = null;
    #ready = false;
    #destroyed = false;

    constructor(elements, options) {
      super();
      this.elements = elements;
      this.options = options ?? {};
      this.hear = this.hear.bind(this);
    }

    mount(where) {
      if (this.#destroyed) throw wrongUse("This Element has already been destroyed. Please create a new one.");
      const host = typeof where === "string" ? document.querySelector(where) : where;
      if (!host) throw wrongUse("The selector you specified applies to no DOM elements on the page.");
      if (this.#frame && host === this.#host) return;
      this.unmount();
      host.classList.add("StripeElement");
      const look = looks(this.elements.options);
      this.#host = host;
      this.#frame = frame(`/frames/card${inAddress(this.elements.options)}`, "Secure payment input frame");
      this.#frame.allow = "payment *";
      this.#frame.style.display = "block";
      this.#frame.style.height = "330px";
      this.#frame.style.colorScheme = look.theme;
      window.addEventListener("message", this.hear);
      host.appendChild(this.#frame);
    }

    unmount() {
      window.removeEventListener("message", this.hear);
      this.#frame?.remove();
      this.#frame = null;
      this.#ready = false;
    }

    destroy() {
      this.unmount();
      this.#destroyed = true;
      this.elements.forget(this);
    }

    update(options) {
      Object.assign(this.options, options);
    }

    focus() {
      this.tell({ kind: "focus" });
    }

    clear() {
      this.tell({ kind: "clear" });
    }

    blur() {}

    collapse() {
      return this;
    }

    look() {
      const look = looks(this.elements.options);
      if (this.#frame) this.#frame.style.colorScheme = look.theme;
      this.tell({ kind: "look", ...look });
    }

    tell(message) {
      if (this.#frame && this.#ready) this.#frame.contentWindow.postMessage(message, ORIGIN);
    }

    ask(message) {
      if (!this.#frame) return Promise.reject(wrongUse("The Payment Element is not mounted."));
      return new Promise((resolve) => {
        const n = ++count;
        this.#asked[n] = resolve;
        this.tell({ ...message, n });
      });
    }

    hear(event) {
      if (event.origin !== ORIGIN || event.source !== this.#frame?.contentWindow) return;
      const said = event.data ?? {};
      if (said.kind === "ready") {
        this.#ready = true;
        this.look();
        this.emit("ready", { elementType: "payment" });
      } else if (said.kind === "change") {
        const { complete, empty } = said;
        this.emit("change", { elementType: "payment", complete, empty, collapsed: false, value: { type: "card" } });
      } else if (said.kind === "focus" || said.kind === "blur") {
        this.emit(said.kind, { elementType: "payment" });
      } else if (said.kind === "height") {
        this.#frame.style.height = `${said.height}px`;
      } else if (said.kind === "answer") {
        this.#asked[said.n]?.(said);
        delete this.#asked[said.n];
      }
    }
  }

  class Elements extends Emitter {
    submitted = false;
    element = null;

    constructor(options) {
      super();
      if (Boolean(options.clientSecret) === Boolean(options.mode)) {
        throw wrongUse("stripe.elements() takes either `clientSecret` or `mode`.");
      }
      if (options.mode === "payment" && !(Number.isInteger(options.amount) && options.amount > 0 && options.currency)) {
        throw wrongUse("`amount` (a positive integer) and `currency` are required in payment mode.");
      }
      this.options = { ...options };
    }

    create(kind, options) {
      if (kind !== "payment") throw wrongUse(`The simulator has only the "payment" Element, not "${kind}".`);
      if (this.element) throw wrongUse("Can only create one Element of type payment.");
      this.element = new PaymentElement(this, options);
      return this.element;
    }

    getElement(kind) {
      return kind === "payment" || kind?.__elementType === "payment" ? this.element : null;
    }

    forget() {
      this.element = null;
    }

    update(options) {
      if ("clientSecret" in options) throw wrongUse("clientSecret cannot be updated.");
      Object.assign(this.options, options);
      this.submitted = false;
      this.element?.look();
      Promise.resolve().then(() => this.emit("update-end"));
    }

    fetchUpdates() {
      return Promise.resolve({});
    }

    async submit() {
      if (!this.element) throw wrongUse("elements.submit(): no Payment Element in this group.");
      const { error } = await this.element.ask({ kind: "check" });
      this.submitted = !error;
      return error ? { error } : { selectedPaymentMethod: "card" };
    }
  }

  const KINDS = {
    pi: { path: "payment_intents", name: "paymentIntent", inErrors: "payment_intent" },
    seti: { path: "setup_intents", name: "setupIntent", inErrors: "setup_intent" },
  };

  function named(secret) {
    const parts = /^((pi|seti)_\w+?)_secret_\w+$/.exec(secret ?? "");
    if (!parts) throw wrongUse("An intent's client secret has the form ${id}_secret_${secret}.");
    return { id: parts[1], secret, ...KINDS[parts[2]] };
  }

  /* The bank's window, over everything, as Stripe shows it. */
  function challenge(intent, options) {
    const over = document.createElement("div");
    over.setAttribute("role", "dialog");
    over.setAttribute("aria-modal", "true");
    over.setAttribute("aria-label", "3D Secure");
    Object.assign(over.style, {
      position: "fixed",
      inset: "0",
      zIndex: "2147483647",
      background: "rgb(10 16 14 / .55)",
      display: "grid",
      placeItems: "center",
      padding: "16px",
    });
    const look = inAddress(options);
    const inside = frame(`/frames/challenge${look}&id=${intent.id}&secret=${encodeURIComponent(intent.secret)}`, "3D Secure authentication");
    Object.assign(inside.style, { maxWidth: "26rem", height: "26rem", maxHeight: "100%", borderRadius: "16px", colorScheme: looks(options).theme });
    inside.addEventListener("load", () => inside.focus());
    over.appendChild(inside);
    document.body.appendChild(over);
    return new Promise((resolve) => {
      const hear = (event) => {
        if (event.origin !== ORIGIN || event.source !== inside.contentWindow || event.data?.kind !== "challenge") return;
        window.removeEventListener("message", hear);
        over.remove();
        resolve(event.data);
      };
      window.addEventListener("message", hear);
    });
  }

  async function follow(intent, answer, options) {
    if (answer.error) return { error: answer.error };
    if (answer.ok.status !== "requires_action") return { [intent.name]: answer.ok };
    const done = await challenge(intent, options);
    if (done.error) return { error: done.error };
    const problem = done.intent.last_payment_error ?? done.intent.last_setup_error;
    if (done.intent.status === "requires_payment_method" && problem) {
      return { error: { ...problem, [intent.inErrors]: done.intent } };
    }
    return { [intent.name]: done.intent };
  }

  function Stripe(key, given) {
    if (!/^pk_test_/.test(key ?? "")) throw wrongUse("The simulator takes only a pk_test_ publishable key.");
    let last = { locale: given?.locale };

    function typed(elements, what) {
      if (!elements?.element) throw wrongUse(`${what} needs \`elements\` with a Payment Element.`);
      if (!elements.submitted) throw wrongUse(`\`elements.submit()\` must be called before \`stripe.${what}()\`.`);
      return elements.element;
    }

    async function createConfirmationToken({ elements, params = {} }) {
      const answer = await typed(elements, "createConfirmationToken").ask({
        kind: "send",
        path: "/v1/confirmation_tokens",
        fields: {
          key,
          return_url: params.return_url,
          payment_method_data: params.payment_method_data,
          setup_future_usage: elements.options.setupFutureUsage,
        },
      });
      return answer.error ? { error: answer.error } : { confirmationToken: answer.ok };
    }

    const confirmWith = (what) => async (options) => {
      const intent = named(options.clientSecret);
      const confirmParams = options.confirmParams ?? {};
      if (options.redirect !== "if_required" && !confirmParams.return_url) {
        throw wrongUse(`stripe.${what}() requires \`confirmParams.return_url\` or \`redirect: "if_required"\`.`);
      }
      const answer = await typed(options.elements, what).ask({
        kind: "send",
        path: `/v1/${intent.path}/${intent.id}/confirm`,
        fields: { key, client_secret: intent.secret, return_url: confirmParams.return_url },
      });
      return follow(intent, answer, options.elements.options);
    };

    const look = (intent) => call("GET", `/v1/${intent.path}/${intent.id}`, { key, client_secret: intent.secret });

    async function retrieve(secret) {
      const intent = named(secret);
      const answer = await look(intent);
      return answer.error ? { error: answer.error } : { [intent.name]: answer.ok };
    }

    async function handleNextAction({ clientSecret }) {
      const intent = named(clientSecret);
      return follow(intent, await look(intent), last);
    }

    const absent = (name) => () => {
      throw wrongUse(`The simulator has no stripe.${name}(); the portal uses the Payment Element.`);
    };

    return {
      elements(options = {}) {
        const made = new Elements({ locale: given?.locale, ...options });
        last = made.options;
        return made;
      },
      createConfirmationToken,
      confirmPayment: confirmWith("confirmPayment"),
      confirmSetup: confirmWith("confirmSetup"),
      handleNextAction,
      retrievePaymentIntent: retrieve,
      retrieveSetupIntent: retrieve,
      createToken: absent("createToken"),
      createPaymentMethod: absent("createPaymentMethod"),
      confirmCardPayment: absent("confirmCardPayment"),
      registerAppInfo() {},
      _registerWrapper() {},
    };
  }

  Stripe.version = "endive";
  window.Stripe = Stripe;
})();
