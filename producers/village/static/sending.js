// Sends what waits: in order, a few rows at a time, from one tab at a time, and again until it is answered. A row keeps its
// id, so what arrived although the answer was lost is known to the gateway and not taken twice.
import { send, whoAmI } from "./gateway.js";
import { keep, setting, settle, take } from "./store.js";

const BATCH = 25;
const FIRST_PAUSE_MS = 2000;
const LONGEST_PAUSE_MS = 60000;
// What a request is refused for because of the key, and because of what is in it; after anything else it is sent again later.
const KEY = [401, 403];
const CONTENT = [400, 413, 422];

/** The source of a row: below what the key may send for, with the village that wrote it. */
function sourceOf(me, row) {
  const prefix = (me.sources[0] || "").replace(/\/+$/, "");
  return prefix.includes("/desa/") ? prefix : `${prefix}/desa${row.village ? `/${row.village}` : ""}`;
}

function eventOf({ id, source, type, time, data }) {
  return { specversion: "1.0", id, source, type, time, data };
}

/** changed(): rows have changed, or are under way. report({state, sentence}): idle, sending, away, no-key or refused, with a sentence for people. */
export function startSending({ changed, report }) {
  let size = BATCH;
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

  /** One batch; false when nothing waits. */
  async function next(key) {
    let me = await setting("me");
    if (!me) {
      me = await whoAmI(key);
      await keep("me", me);
    }
    const taken = await take(size, (row) => sourceOf(me, row));
    if (!taken.length) return false;
    report({ state: "sending", sentence: "Sedang mengirim…" });
    changed();
    let items;
    try {
      items = await send(taken.map(eventOf), key);
    } catch (error) {
      if (!CONTENT.includes(error.status)) throw error;
      if (taken.length > 1) {
        size = Math.ceil(taken.length / 2);
        return true;
      }
      items = [{ status: error.status, problem: error.problem }];
    }
    const known = ({ status }) => status === 202 || status === 403 || CONTENT.includes(status);
    const outcomes = taken.map((row, at) => [row, items[at]]).filter(([, item]) => known(item));
    await settle(outcomes.map(([row, item]) => [row, item.status === 202 ? null : item.problem]), Date.now());
    changed();
    if (outcomes.length < taken.length) throw new Error("Sebagian belum dipastikan.");
    pause = FIRST_PAUSE_MS;
    size = BATCH;
    return true;
  }

  async function drain() {
    const key = await setting("key");
    if (!key) {
      report({ state: "no-key", sentence: "Masukkan kunci desa untuk mengirim." });
      return;
    }
    try {
      while (await next(key));
      report({ state: "idle", sentence: "" });
    } catch (error) {
      if (KEY.includes(error.status)) report({ state: "refused", sentence: error.message });
      else later(error);
    }
  }

  async function run() {
    running = true;
    try {
      do {
        again = false;
        await navigator.locks.request("nadi-desa-sending", drain);
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
