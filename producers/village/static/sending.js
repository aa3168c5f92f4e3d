// Sends what waits: in order, a few rows at a time, and from one place at a time, be it a tab or the worker behind them. A row
// keeps its id, so what arrived although the answer was lost is known to the gateway and not taken twice.
import { send, whoAmI } from "./gateway.js";
import { whyNot } from "./signing.js";
import { held, keep, setting, settle, take } from "./store.js";

const BATCH = 25;
// What a request is refused for because of the key, and because of what is in it; after anything else it is sent again later.
const KEY = [401, 403];
const CONTENT = [400, 413, 422];

/** The source of a row: that of the row it corrects, or below what the key may send for, with the village that wrote it. */
function sourceOf(me, row) {
  if (row.from) return row.from;
  const prefix = (me.sources[0] || "").replace(/\/+$/, "");
  return prefix.includes("/desa/") ? prefix : `${prefix}/desa${row.village ? `/${row.village}` : ""}`;
}

function eventOf({ id, source, type, time, data }) {
  return { specversion: "1.0", id, source, type, time, data };
}

/** What became of each row of a batch; null where the batch is refused as a whole and more than one row is in it. */
async function outcomesOf(taken, holds) {
  try {
    return await send(taken.map(eventOf), holds);
  } catch (error) {
    if (!CONTENT.includes(error.status)) throw error;
    return taken.length > 1 ? null : [{ status: error.status, problem: error.problem }];
  }
}

async function drain(progress) {
  const holds = await held();
  if (!holds.key) return { state: "no-key", sentence: "Masukkan kunci desa untuk mengirim." };
  let me = await setting("me");
  if (!me) {
    me = await whoAmI(holds);
    await keep("me", me);
  }
  if (me.signs && !holds.signer) return { state: "refused", sentence: await whyNot() };
  const known = ({ status }) => status === 202 || status === 403 || CONTENT.includes(status);
  let size = BATCH;
  for (;;) {
    const taken = await take(size, (row) => sourceOf(me, row));
    if (!taken.length) return { state: "idle", sentence: "" };
    progress("taken");
    const items = await outcomesOf(taken, holds);
    if (items) {
      const outcomes = taken.map((row, at) => [row, items[at]]).filter(([, item]) => known(item));
      await settle(outcomes.map(([row, item]) => [row, item.status === 202 ? null : item.problem]), Date.now());
      progress("settled");
      if (outcomes.length < taken.length) throw new Error("Sebagian belum dipastikan.");
    }
    size = items ? BATCH : Math.ceil(taken.length / 2);
  }
}

/** Send all that waits; how it ended: {state, sentence} with state idle, no-key or refused, and a sentence for people.
 *  progress(what): rows are "taken", they are under way, or "settled". Raises an error where it should be tried again later. */
export function sendWaiting(progress) {
  return navigator.locks.request("nadi-desa-sending", async () => {
    try {
      return await drain(progress);
    } catch (error) {
      if (KEY.includes(error.status)) return { state: "refused", sentence: error.message };
      throw error;
    }
  });
}
