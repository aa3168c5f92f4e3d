// The board in the browser: a snapshot, then deltas by server-sent events; polling when the stream will not stay open.
// Texts arrive finished and are only ever set as textContent.

const HEARTBEAT_MS = 5000;
const WATCHDOG_MS = HEARTBEAT_MS * 2.5;
const POLL_MS = 5000;
const TRIES = 3;
const SHIFT_MS = 180_000;

const byId = (id) => document.getElementById(id);
const board = { source: null, failures: 0, lastByte: Date.now(), polling: 0, paused: false, etag: "", alarms: null, offset: 0 };

function text(element, value) {
  if (element && element.textContent !== String(value ?? "")) element.textContent = value ?? "";
}

function showTile(tile) {
  const section = byId(`tile-${tile.id}`);
  if (!section) return;
  section.setAttribute("aria-busy", "false");
  text(section.querySelector("h2 a"), tile.title);
  const value = section.querySelector(".value");
  const shown = tile.known ? tile.headline.display : "—";
  if (value.textContent !== shown) {
    text(value, shown);
    section.classList.remove("changed");
    requestAnimationFrame(() => section.classList.add("changed"));
  }
  text(section.querySelector(".unit"), tile.known ? tile.headline.unit : "belum ada data");
  text(section.querySelector(".note"), tile.note);
  showBar(section.querySelector(".bar"), tile.known ? tile.bar : null);
  showRows(section.querySelector(".rows"), tile.known ? tile.rows ?? [] : []);
  showLines(section.querySelector(".lines"), tile.lines ?? []);
  if (tile.id === "perhatian") announceAlarm(tile);
}

function showBar(svg, bar) {
  svg.toggleAttribute("hidden", !bar);
  if (!bar) return;
  svg.setAttribute("aria-label", bar.label);
  svg.querySelector(".fill").setAttribute("width", (bar.share * 100).toFixed(2));
  svg.querySelector(".mark").setAttribute("x", (Math.min(bar.mark, 0.994) * 100).toFixed(2));
}

function showRows(list, rows) {
  list.replaceChildren(
    ...rows.map((row) => {
      const line = document.createElement("div");
      const label = document.createElement("dt");
      const value = document.createElement("dd");
      label.textContent = row.label;
      value.textContent = row.display;
      if (row.tone) value.className = row.tone;
      line.append(label, value);
      return line;
    }),
  );
}

function showLines(list, lines) {
  list.replaceChildren(
    ...lines.map((line) => {
      const item = document.createElement("li");
      const sign = document.createElement("span");
      sign.className = line.tone;
      sign.textContent = line.tone === "bad" ? "▲" : "●";
      const what = document.createElement("span");
      what.className = "text";
      const who = document.createElement("span");
      who.className = "who";
      what.append(`${line.what} · ${line.where} `);
      who.textContent = line.who;
      what.append(who);
      const since = document.createElement("span");
      since.className = "since";
      since.textContent = line.since;
      item.append(sign, what, since);
      return item;
    }),
  );
}

function announceAlarm(tile) {
  const count = tile.headline.value;
  if (board.alarms !== null && count > board.alarms) text(byId("alarm"), `Bertambah ${count - board.alarms} yang perlu klarifikasi.`);
  board.alarms = count;
}

function showMeta(meta) {
  if (!meta || !meta.link) return;
  if (meta.version !== document.body.dataset.version) location.reload();
  board.offset = meta.now - Date.now();
  const link = byId("link");
  link.dataset.state = meta.link;
  text(link.querySelector("b"), meta.link);
  text(byId("why"), meta.why);
  text(byId("data"), meta.data_display);
  text(byId("now"), meta.now_display);
  byId("simulated").hidden = !meta.simulated;
}

function received(payload) {
  board.lastByte = Date.now();
  board.failures = 0;
  byId("cut").hidden = true;
  if (board.paused) return;
  for (const tile of payload.tiles ?? []) showTile(tile);
  showMeta(payload.meta);
  window.dispatchEvent(new CustomEvent("nadi:shown", { detail: { seq: payload.seq, published: payload.meta?.published_at } }));
}

function open() {
  close();
  const source = new EventSource("/api/stream");
  board.source = source;
  for (const name of ["snapshot", "delta", "tick"]) {
    source.addEventListener(name, (event) => {
      stopPolling();
      received(JSON.parse(event.data));
    });
  }
  source.onerror = () => {
    board.failures += 1;
    if (board.failures >= TRIES) startPolling();
  };
}

function close() {
  board.source?.close();
  board.source = null;
}

async function poll() {
  try {
    const answer = await fetch("/api/snapshot", { headers: board.etag ? { "If-None-Match": board.etag } : {}, cache: "no-store" });
    if (answer.status === 304) {
      board.lastByte = Date.now();
      byId("cut").hidden = true;
    } else if (answer.ok && !answer.headers.has("x-nadi-cached")) {
      board.etag = answer.headers.get("etag") ?? "";
      received(await answer.json());
    } else if (answer.ok) {
      const picture = await answer.json();
      for (const tile of picture.tiles) showTile(tile);
      cut();
    }
  } catch {
    cut();
  }
}

function startPolling() {
  if (!board.polling) board.polling = setInterval(() => { poll(); if (!board.source || board.source.readyState === 2) open(); }, POLL_MS);
  poll();
}

function stopPolling() {
  clearInterval(board.polling);
  board.polling = 0;
}

function cut() {
  const seconds = Math.round((Date.now() - board.lastByte) / 1000);
  const age = seconds < 90 ? `${seconds} detik` : `${Math.round(seconds / 60)} menit`;
  text(byId("cut-since"), `dari server; angka terakhir ${age} yang lalu`);
  byId("cut").hidden = false;
}

// Never trust readyState: a phone that slept may hold a dead stream without saying so.
setInterval(() => {
  if (Date.now() - board.lastByte > WATCHDOG_MS) {
    cut();
    open();
    if (Date.now() - board.lastByte > 2 * WATCHDOG_MS) startPolling();
  }
}, 1000);

function awake() {
  if (document.visibilityState === "visible") {
    poll();
    open();
  }
}
document.addEventListener("visibilitychange", awake);
addEventListener("pageshow", (event) => event.persisted && awake());
addEventListener("online", awake);
addEventListener("offline", cut);

byId("pause").addEventListener("click", (event) => {
  board.paused = !board.paused;
  event.target.setAttribute("aria-pressed", String(board.paused));
  event.target.textContent = board.paused ? "Lanjut" : "Jeda";
  if (!board.paused) poll();
});

// A summary for screen readers, once a minute and no more.
setInterval(() => {
  const says = [...document.querySelectorAll(".tile")].map((t) => `${t.querySelector("h2").textContent}: ${t.querySelector(".value").textContent}`);
  text(byId("status"), says.join(". "));
}, 60_000);

if (document.body.classList.contains("wall")) {
  navigator.wakeLock?.request("screen").catch(() => {});
  let step = 0;
  setInterval(() => {
    step = (step + 1) % 8;
    document.body.style.translate = `${(step % 4) - 2}px ${(step >> 1) - 2}px`; // against burn-in
  }, SHIFT_MS);
  setInterval(() => {
    const local = new Date(Date.now() + board.offset);
    if (local.getHours() === 4 && local.getMinutes() === 0) location.reload();
  }, 60_000);
}

navigator.serviceWorker?.register("/sw.js").catch(() => {});
open();
