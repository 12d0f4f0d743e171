import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { loadStripe } from "@stripe/stripe-js/pure";
import { Elements, PaymentElement, useElements, useStripe } from "@stripe/react-stripe-js";

const LONGEST_WAIT = 90_000; // for the server's answer, in ms
const WORDS = {
  en: {
    unavailable: "The card form could not be loaded. Check your internet connection.",
    again: "Try again",
    loading: "Loading the card form…",
    failed: "Something went wrong. You have not been charged. Please try again.",
    offline: "No connection. You have not been charged. Try again when it is back.",
    silent: "We did not get an answer. Reload the page to see whether the payment went through.",
  },
  es: {
    unavailable: "No se pudo cargar el formulario de tarjeta. Revise su conexión a internet.",
    again: "Intentar de nuevo",
    loading: "Cargando el formulario de tarjeta…",
    failed: "Algo salió mal. No se le ha cobrado. Inténtelo de nuevo.",
    offline: "Sin conexión. No se le ha cobrado. Inténtelo de nuevo cuando vuelva.",
    silent: "No recibimos respuesta. Vuelva a cargar la página para ver si el pago se realizó.",
  },
};

// One Stripe object per key for the life of the page: <Elements stripe> must never change.
const loaded = new Map();

function script(url) {
  return new Promise((resolve, reject) => {
    const element = document.createElement("script");
    element.src = url;
    element.onload = resolve;
    element.onerror = () => {
      element.remove();
      reject(new Error("the script did not load"));
    };
    document.head.appendChild(element);
  });
}

function stripeOf(key, scriptUrl) {
  const name = `${key} ${scriptUrl}`;
  if (!loaded.has(name)) {
    const first = scriptUrl && !window.Stripe ? script(scriptUrl) : Promise.resolve();
    const promise = first.then(() => loadStripe(key)); // takes window.Stripe when it is there already
    promise.catch(() => loaded.delete(name)); // so that trying again can work
    loaded.set(name, promise);
  }
  return loaded.get(name);
}

const isDark = () => document.documentElement.classList.contains("dark") || matchMedia("(prefers-color-scheme: dark)").matches;

function useDark() {
  const [dark, setDark] = useState(isDark);
  useEffect(() => {
    const look = () => setDark(isDark());
    const media = matchMedia("(prefers-color-scheme: dark)");
    const watcher = new MutationObserver(look);
    media.addEventListener("change", look);
    watcher.observe(document.documentElement, { attributes: true, attributeFilter: ["class"] });
    return () => {
      media.removeEventListener("change", look);
      watcher.disconnect();
    };
  }, []);
  return dark;
}

// Stripe's own fields in the colours of the page's tokens.
function appearance(dark) {
  const style = getComputedStyle(document.documentElement);
  const token = (name, otherwise) => style.getPropertyValue(name).trim() || otherwise;
  return {
    theme: dark ? "night" : "stripe",
    variables: {
      colorPrimary: token("--brand", dark ? "#5ec8ae" : "#0e6655"),
      colorBackground: token("--surface", dark ? "#161d1a" : "#ffffff"),
      colorText: token("--ink", dark ? "#eaf0ec" : "#17211d"),
      colorTextSecondary: token("--ink-2", dark ? "#bcc8c1" : "#414e48"),
      colorDanger: token("--late", dark ? "#ffb4ab" : "#a1180f"),
      fontFamily: "system-ui, sans-serif",
      fontSizeBase: "17px",
      borderRadius: "12px",
    },
    rules: {
      ".Input": { padding: "11px 14px", border: `1.5px solid ${token("--line-strong", dark ? "#7b8a82" : "#857e70")}` },
      ".Label": { fontSize: "17px", fontWeight: "600" },
    },
  };
}

// The page's own Pay buttons stand outside of the form: what holds them is marked busy with it.
function useBusyMark(formId, busy) {
  useEffect(() => {
    const form = document.getElementById(formId);
    const buttons = [...document.querySelectorAll("button[form]")].filter((button) => button.getAttribute("form") === formId);
    const marked = [form, ...buttons.map((button) => button.parentElement)].filter(Boolean);
    marked.forEach((element) => element.toggleAttribute("data-busy", busy));
    return () => marked.forEach((element) => element.removeAttribute("data-busy"));
  }, [formId, busy]);
}

function outcome(answer) {
  const { error } = answer;
  const intent = answer.paymentIntent ?? answer.setupIntent ?? error?.payment_intent ?? error?.setup_intent ?? {};
  return {
    id: intent.id ?? "",
    status: intent.status ?? "",
    code: error?.decline_code ?? error?.code ?? "",
    message: error?.message ?? "",
  };
}

function Form({ formId, mode, words, setupSecret, nextActionSecret, attempt, released, onToken, onSetup, onResult }) {
  const stripe = useStripe();
  const elements = useElements();
  const [busy, setBusy] = useState(false);
  const [ready, setReady] = useState(false);
  const [error, setError] = useState("");
  const working = useRef(false); // two clicks may come before React has drawn the first
  const wantsSetup = useRef(false);
  const done = useRef("");
  useBusyMark(formId, busy);

  const start = () => {
    working.current = true;
    setBusy(true);
    setError("");
  };
  const stop = useCallback((message = "") => {
    working.current = false;
    wantsSetup.current = false;
    setBusy(false);
    setError(message);
  }, []);

  // What only the browser knows ends here; what the server must check goes there, and it answers.
  const tell = useCallback(
    (answer) => {
      const result = outcome(answer);
      if (!result.id) stop(result.message || words.failed);
      else onResult?.(result);
    },
    [onResult, stop, words],
  );
  const run = useCallback((work) => work.then(tell, () => stop(words.failed)), [tell, stop, words]);

  const confirmSetup = useCallback(
    (clientSecret) =>
      run(stripe.confirmSetup({ elements, clientSecret, redirect: "if_required", confirmParams: { return_url: location.href } })),
    [stripe, elements, run],
  );

  useEffect(() => {
    if (!setupSecret || !stripe || !wantsSetup.current) return;
    wantsSetup.current = false;
    confirmSetup(setupSecret);
  }, [setupSecret, stripe, confirmSetup]);

  useEffect(() => {
    const key = `${nextActionSecret} ${attempt}`;
    if (!nextActionSecret || !stripe || done.current === key) return;
    done.current = key;
    start();
    run(stripe.handleNextAction({ clientSecret: nextActionSecret }));
  }, [nextActionSecret, attempt, stripe, run]);

  useEffect(() => {
    if (released) stop();
  }, [released, attempt, stop]);

  useEffect(() => {
    if (!busy || nextActionSecret) return undefined;
    const timer = setTimeout(() => stop(words.silent), LONGEST_WAIT);
    return () => clearTimeout(timer);
  }, [busy, nextActionSecret, stop, words]);

  // The line to the server was cut and is back (line.js): nobody will answer, and the page shows what came of it.
  useEffect(() => {
    const back = () => working.current && !nextActionSecret && stop();
    addEventListener("portal:back", back);
    return () => removeEventListener("portal:back", back);
  }, [nextActionSecret, stop]);

  const submit = async (event) => {
    event.preventDefault();
    if (working.current || !stripe || !elements || !ready) return;
    start();
    try {
      await new Promise((drawn) => setTimeout(drawn)); // an amount that came with this submit reaches <Elements> first
      const checked = await elements.submit();
      if (checked.error) return stop(checked.error.type === "validation_error" ? "" : checked.error.message); // said beside the field
      if (mode === "setup") {
        if (setupSecret) return confirmSetup(setupSecret);
        wantsSetup.current = true;
        return onSetup?.();
      }
      const made = await stripe.createConfirmationToken({ elements, params: { return_url: location.href } });
      if (made.error) return stop(made.error.message || words.failed);
      if (!dispatchEvent(new Event("portal:send", { cancelable: true }))) return stop(words.offline);
      return onToken?.(made.confirmationToken.id);
    } catch {
      return stop(words.failed);
    }
  };

  return (
    <form id={formId} onSubmit={submit} noValidate aria-busy={busy || !ready}>
      {!ready && <p role="status">{words.loading}</p>}
      <PaymentElement options={{ layout: "tabs" }} onReady={() => setReady(true)} />
      <p role="alert" data-testid="checkout-error" className="text-late font-semibold">
        {error}
      </p>
    </form>
  );
}

export function StripeCheckout({ publishableKey, scriptUrl = "", mode = "payment", amount, currency = "usd", locale = "en", saveCard = false, ...rest }) {
  const [failed, setFailed] = useState(false);
  const [tries, setTries] = useState(0);
  const dark = useDark();
  const language = locale.startsWith("es") ? "es" : "en";
  const words = WORDS[language];
  const payable = mode === "setup" || Number(amount) > 0;

  const stripe = useMemo(() => (publishableKey ? stripeOf(publishableKey, scriptUrl) : null), [publishableKey, scriptUrl, tries]);
  useEffect(() => {
    let here = true;
    setFailed(false);
    stripe?.catch(() => here && setFailed(true));
    return () => {
      here = false;
    };
  }, [stripe]);

  const options = useMemo(() => {
    // No list of kinds: bank accounts and wallets appear where the processor and the browser offer them.
    const shared = { currency: currency.toLowerCase(), locale: language, appearance: appearance(dark) };
    if (mode === "setup") return { ...shared, mode };
    return { ...shared, mode, amount: Number(amount), setupFutureUsage: saveCard ? "off_session" : null };
  }, [mode, amount, currency, saveCard, language, dark]);

  if (failed) {
    return (
      <div role="alert">
        <p>{words.unavailable}</p>
        <button type="button" className="btn btn-second" onClick={() => setTries(tries + 1)}>
          {words.again}
        </button>
      </div>
    );
  }
  if (!stripe || !payable) return <p role="status">{words.loading}</p>;
  return (
    <Elements key={`${mode} ${language} ${tries}`} stripe={stripe} options={options}>
      <Form mode={mode} words={words} {...rest} />
    </Elements>
  );
}
