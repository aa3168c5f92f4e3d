// The link to the server: a stream that we watch ourselves, and polling of the same picture when it fails three times.
const HEARTBEAT_MS = 5000;
const SILENCE_MS = HEARTBEAT_MS * 2.5;
const FAILURES = 3;

export function follow({ slow, onMessage, onCut }) {
  let stream = null;
  let failures = 0;
  let heard = Date.now();
  let etag = "";
  let polling = false;

  function take(kind, content) {
    heard = Date.now();
    failures = 0;
    onMessage(kind, content);
  }

  function open() {
    if (stream) stream.close();
    stream = new EventSource(slow ? "/api/stream?laju=1" : "/api/stream");
    for (const kind of ["snapshot", "delta", "tick"]) stream.addEventListener(kind, (event) => take(kind, JSON.parse(event.data)));
    stream.onerror = () => {
      failures += 1;
      onCut();
      if (stream.readyState === EventSource.CLOSED) setTimeout(open, 2000);
    };
  }

  async function fetchSnapshot() {
    try {
      const answer = await fetch("/api/snapshot", { headers: etag ? { "If-None-Match": etag } : {}, cache: "no-store" });
      if (answer.status !== 200 && answer.status !== 304) throw new Error(String(answer.status));
      const kept = answer.headers.get("X-Nadi-Kept") === "1";
      if (answer.status === 200) {
        etag = answer.headers.get("ETag") || "";
        const content = await answer.json();
        if (kept) {
          onMessage("snapshot", content);
          onCut();
          return;
        }
        take("snapshot", content);
      } else take("tick", {});
    } catch {
      onCut();
    }
  }

  function again() {
    if (stream) stream.close();
    etag = "";
    fetchSnapshot().then(open);
  }

  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "visible") again(); });
  addEventListener("pageshow", (event) => { if (event.persisted) again(); });
  addEventListener("online", again);
  setInterval(() => {
    if (Date.now() - heard > SILENCE_MS) {
      onCut();
      failures += 1;
      heard = Date.now();
      open();
    }
    if (failures >= FAILURES && !polling) {
      polling = true;
      fetchSnapshot().finally(() => { polling = false; });
    }
  }, HEARTBEAT_MS);
  fetchSnapshot().then(open);
}
