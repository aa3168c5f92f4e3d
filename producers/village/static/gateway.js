// What is asked of the gateway. Everything that is no answer of the gateway (no signal, a hotel's login page) is AwayError.
// held is what the phone holds to be let in: {key, signer}; with a signer every sending is signed.
import { SAID, signatureOf } from "./signing.js";

const PATIENCE_MS = 60000;
const FILE_PATIENCE_MS = 20 * 60000;
const PROBLEM = "application/problem+json";
// How far the gateway's clock is ahead of this phone's, once the gateway has said that they differ too much.
let ahead = 0;

export class AwayError extends Error {
  constructor(sentence, seconds = 0) {
    super(sentence);
    this.seconds = seconds;
  }
}

/** A refusal of a whole request, in the gateway's words. code names it; at is the gateway's clock, UTC ms. */
export class RefusedError extends Error {
  constructor(status, problem, at) {
    const code = problem.type.split("#").pop();
    super(SAID[code] || problem.detail);
    Object.assign(this, { status, problem, code, at });
  }
}

async function ask(path, { key }, options = {}, patience = PATIENCE_MS) {
  let answer;
  let body;
  try {
    answer = await fetch(path, {
      ...options,
      headers: { ...options.headers, authorization: `Bearer ${key}` },
      cache: "no-store",
      redirect: "error",
      signal: AbortSignal.timeout(patience),
    });
    body = await answer.json();
  } catch {
    const unread = answer ? `Jawaban ${answer.status} bukan dari gerbang.` : "Belum ada sinyal ke gerbang.";
    throw new AwayError(unread);
  }
  if (answer.ok) return body;
  const kind = answer.headers.get("content-type") || "";
  if (!kind.startsWith(PROBLEM)) throw new AwayError(`Jawaban ${answer.status} bukan dari gerbang.`);
  const seconds = Number(answer.headers.get("retry-after")) || 0;
  if (answer.status === 429 || answer.status >= 500) throw new AwayError(body.detail, seconds);
  throw new RefusedError(answer.status, body, Date.parse(answer.headers.get("date")));
}

/** A sending. Where this phone's clock is wrong, it is signed once more with the gateway's time. */
async function post(path, held, type, body, patience) {
  const once = async () => {
    const signature = held.signer ? await signatureOf(held.signer, body, Date.now() + ahead) : {};
    return ask(path, held, { method: "POST", headers: { "content-type": type, ...signature }, body }, patience);
  };
  try {
    return await once();
  } catch (error) {
    if (error.code !== "signature-time" || !error.at) throw error;
    ahead = error.at - Date.now();
    return once();
  }
}

/** Whose key it is. Raises AwayError or RefusedError. */
export async function whoAmI(held) {
  const { opd, key: id, sources, sandbox, signature_required: signs } = await ask("/v1/me", held);
  if (!Array.isArray(sources)) throw new AwayError("Jawaban bukan dari gerbang.");
  return { opd, id, sources, sandbox, signs };
}

/** Send events; one item for each, in order: {status} or {status, problem}. Raises AwayError or RefusedError. */
export async function send(events, held) {
  const { items } = await post("/v1/events", held, "application/cloudevents-batch+json", JSON.stringify(events));
  if (!Array.isArray(items) || items.length !== events.length) throw new AwayError("Jawaban bukan dari gerbang.");
  return items;
}

/** Hand over a workbook; what became of it so far. Raises AwayError, or RefusedError, with a report where rows are wrong. */
export function sendFile(file, domain, held) {
  const query = new URLSearchParams({ domain, name: file.name });
  return post(`/v1/files?${query}`, held, "application/octet-stream", file, FILE_PATIENCE_MS);
}

/** What became of a workbook. */
export const followFile = (job, held) => ask(`/v1/files/${job}`, held);
