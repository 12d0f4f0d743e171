import { useEffect, useRef, useState } from "react";

// The box in which one draws, in its own units, and the most points: as the server checks them (domain/agreements/signing.py).
const WIDTH = 600, HEIGHT = 200, MOST = 10_000;
const LIFE = 18e5; // ms that the tab keeps a drawing which nobody signed
const place = (key) => "drawn." + key;

function kept(key) {
  try {
    const found = JSON.parse(sessionStorage.getItem(place(key)));
    if (found && Date.now() - found.at < LIFE) return found.strokes;
  } catch {
    /* not ours */
  }
  sessionStorage.removeItem(place(key));
  return [];
}

function keep(key, strokes) {
  try {
    if (strokes.length) sessionStorage.setItem(place(key), JSON.stringify({ at: Date.now(), strokes }));
    else sessionStorage.removeItem(place(key));
  } catch {
    /* no room: it is still in the form */
  }
}

const inside = (value, most) => Math.round(Math.min(Math.max(value, 0), most) * 10) / 10;
const count = (strokes) => strokes.reduce((sum, stroke) => sum + stroke.length, 0);

/* Draws into the canvas at its present size. A turned phone gives it another one: then the pad is made anew, with the
   lines as numbers of the box, so that nothing of them is lost, not even of a line that is being drawn. */
function drawer(Pad, canvas, strokes, changed) {
  let pad = null, width = 0;
  const take = () => {
    const unit = WIDTH / width;
    strokes = pad.toData().map((line) => line.points.map((p) => [inside(p.x * unit, WIDTH), inside(p.y * unit, HEIGHT)]));
    strokes = strokes.filter((line) => line.length);
    changed(strokes);
  };
  const draw = (again = false) => {
    if (!canvas.clientWidth || (canvas.clientWidth === width && !again)) return;
    if (pad) {
      take();
      pad.off();
    }
    width = canvas.clientWidth;
    const dense = Math.max(devicePixelRatio || 1, 1), unit = width / WIDTH;
    canvas.width = width * dense;
    canvas.height = (width / 3) * dense;
    canvas.getContext("2d").scale(dense, dense);
    pad = new Pad(canvas, { penColor: getComputedStyle(canvas).color, minWidth: 0.9, maxWidth: 2.6, minDistance: 2 });
    pad.addEventListener("endStroke", take);
    pad.addEventListener("beginStroke", (e) => count(strokes) > MOST - 500 && e.preventDefault());
    const style = { penColor: pad.penColor, dotSize: 0, minWidth: 0.9, maxWidth: 2.6, velocityFilterWeight: 0.7, compositeOperation: "source-over" };
    pad.fromData(strokes.map((line) => ({ ...style, points: line.map(([x, y], i) => ({ x: x * unit, y: y * unit, pressure: 0.5, time: i * 16 })) })));
  };
  const clear = () => {
    pad.clear();
    take();
  };
  return { draw, clear, stop: () => pad && pad.off() };
}

function Drawing({ name, keptAs, label, clearLabel, failedText, fullText }) {
  const canvas = useRef(null), work = useRef(null);
  const [strokes, setStrokes] = useState([]);
  const [failed, setFailed] = useState(false);

  useEffect(() => {
    let asked = false, gone = false;
    const changed = (lines, stored = true) => {
      setStrokes(lines);
      if (stored) keep(keptAs, lines);
    };
    const before = kept(keptAs);
    changed(before, false);
    // Only where somebody draws: the box has no size before.
    const look = () => {
      if (work.current) return work.current.draw();
      if (asked || !canvas.current.clientWidth) return undefined;
      asked = true;
      return import("signature_pad").then(
        (found) => {
          if (gone) return;
          setFailed(false);
          work.current = drawer(found.default, canvas.current, before, changed);
          work.current.draw();
        },
        () => {
          asked = false;
          setFailed(true);
        },
      );
    };
    const size = new ResizeObserver(look);
    size.observe(canvas.current);
    const again = () => work.current && work.current.draw(true);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", again);
    return () => {
      gone = true;
      size.disconnect();
      dark.removeEventListener("change", again);
      if (work.current) work.current.stop();
      work.current = null;
    };
  }, [keptAs]);

  const full = count(strokes) > MOST - 500;
  return (
    <div>
      <canvas ref={canvas} className="drawing" role="img" aria-label={label} />
      <input type="hidden" name={name} value={strokes.length ? JSON.stringify(strokes) : ""} readOnly />
      <p role="status" className="text-late font-bold">
        {failed ? failedText : full ? fullText : ""}
      </p>
      <button type="button" className="btn btn-second mt-3" disabled={!strokes.length} onClick={() => work.current && work.current.clear()}>
        {clearLabel}
      </button>
    </div>
  );
}

export function SignaturePad({ over = false, keptAs, ...rest }) {
  useEffect(() => {
    if (over) sessionStorage.removeItem(place(keptAs));
  }, [over, keptAs]);
  return over ? null : <Drawing keptAs={keptAs} {...rest} />;
}
