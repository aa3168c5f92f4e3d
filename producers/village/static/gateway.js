// What the page asks of the gateway. Everything that is no answer of the gateway (no signal, a hotel's login page) is AwayError.
const PATIENCE_MS = 60000;
const FILE_PATIENCE_MS = 20 * 60000;
const PROBLEM = "application/problem+json";

export class AwayError extends Error {
  constructor(sentence, seconds = 0) {
    super(sentence);
    this.seconds = seconds;
  }
}

/** A refusal of a whole request, in the gateway's words. */
export class RefusedError extends Error {
  constructor(status, problem) {
    super(problem.detail);
    Object.assign(this, { status, problem });
  }
}

async function ask(path, key, options = {}, patience = PATIENCE_MS) {
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
  throw new RefusedError(answer.status, body);
}

/** Whose key it is. Raises AwayError or RefusedError. */
export async function whoAmI(key) {
  const { opd, key: id, sources, sandbox } = await ask("/v1/me", key);
  if (!Array.isArray(sources)) throw new AwayError("Jawaban bukan dari gerbang.");
  return { opd, id, sources, sandbox };
}

/** Send events; one item for each, in order: {status} or {status, problem}. Raises AwayError or RefusedError. */
export async function send(events, key) {
  const headers = { "content-type": "application/cloudevents-batch+json" };
  const { items } = await ask("/v1/events", key, { method: "POST", headers, body: JSON.stringify(events) });
  if (!Array.isArray(items) || items.length !== events.length) throw new AwayError("Jawaban bukan dari gerbang.");
  return items;
}

/** Hand over a workbook; what became of it so far. Raises AwayError, or RefusedError, with a report where rows are wrong. */
export function sendFile(file, domain, key) {
  const headers = { "content-type": "application/octet-stream" };
  const query = new URLSearchParams({ domain, name: file.name });
  return ask(`/v1/files?${query}`, key, { method: "POST", headers, body: file }, FILE_PATIENCE_MS);
}

/** What became of a workbook. */
export const followFile = (job, key) => ask(`/v1/files/${job}`, key);
