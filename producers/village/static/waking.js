// When a tab sends: at once when something is written or the signal returns, and again after a pause that grows.
import { sendWaiting } from "./sending.js";

const FIRST_PAUSE_MS = 2000;
const LONGEST_PAUSE_MS = 60000;

/** changed(): rows have changed, or are under way. report({state, sentence}): idle, sending, away, no-key or refused, with a
 *  sentence for people. Returns wake(now). */
export function startSending({ changed, report }) {
  let pause = FIRST_PAUSE_MS;
  let timer = 0;
  let notBefore = 0;
  let running = false;
  let again = false;

  function later(error) {
    const wait = Math.max(pause * (0.75 + Math.random() / 2), (error.seconds || 0) * 1000);
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
    notBefore = Date.now() + wait;
    timer = setTimeout(() => wake(true), wait);
    report({ state: "away", sentence: `${error.message} Dicoba lagi dalam ${wait < 120000 ? `${Math.ceil(wait / 1000)} detik` : `${Math.ceil(wait / 60000)} menit`}.` });
  }

  function progress(what) {
    if (what === "taken") report({ state: "sending", sentence: "Sedang mengirim…" });
    else pause = FIRST_PAUSE_MS;
    changed(what);
  }

  async function run() {
    running = true;
    try {
      do {
        again = false;
        try {
          report(await sendWaiting(progress));
        } catch (error) {
          later(error);
        }
      } while (again && Date.now() >= notBefore);
    } finally {
      running = false;
    }
  }

  /** Something may be sent. now: do not wait for the pause, the network came back or a person asks. */
  function wake(now = false) {
    if (now) notBefore = 0;
    if (Date.now() < notBefore) return;
    clearTimeout(timer);
    if (running) again = true;
    else run();
  }

  addEventListener("online", () => wake(true));
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") wake(true);
  });
  return wake;
}
