// The board in the browser: draws what the server formatted. It never formats a figure and writes text only.
import { follow } from "./sambungan.js";
import { fitsAlone, layOut, turnFacts } from "./giliran.js";

const root = document.documentElement;
const byId = (id) => document.getElementById(id);
const phone = matchMedia("(max-width: 900px)");
let meta = {};
let alarms = null;
let lastGood = Date.now();
const shown = new Map();

function text(node, value) {
  if (node.textContent !== value) node.textContent = value;
}

function element(name, className, value) {
  const node = document.createElement(name);
  if (className) node.className = className;
  if (value !== undefined) node.textContent = value;
  return node;
}

function fact(row) {
  const item = element("li");
  if (row.tone) item.dataset.tone = row.tone;
  item.append(element("span", "", row.label), element("b", "", row.display));
  return item;
}

function line(entry) {
  const item = element("li");
  item.dataset.tone = entry.tone;
  item.append(element("span", "what", entry.what), element("span", "rest", `${entry.since} · ${entry.who}`), element("span", "where", `di ${entry.where}`));
  item.title = `${entry.what}, ${entry.since}, di ${entry.where}, ${entry.who}`;
  return item;
}

function noteItem(piece, tone) {
  const item = element("li");
  if (tone) item.dataset.tone = tone;
  item.append(element("span", "note", piece));
  return item;
}

/** "terendah: A 1%, B 2%, C 3%" as facts that each fit the wall's tile, every one with its beginning. */
function notesOf(note, list) {
  const cut = note.indexOf(": ");
  if (!note || cut < 0 || phone.matches) return note ? [noteItem(note)] : [];
  const lead = note.slice(0, cut + 2);
  const made = [];
  for (const item of note.slice(cut + 2).split(", ").map((part) => part.replaceAll(" ", "\u00a0"))) {
    const longer = made.length ? `${made[made.length - 1]}, ${item}` : "";
    if (longer && fitsAlone(list, noteItem(longer))) made[made.length - 1] = longer;
    else made.push(lead + item);
  }
  return made.map((piece) => noteItem(piece));
}

function drawBar(place, bar) {
  place.hidden = !bar;
  if (!bar) return;
  place.setAttribute("aria-label", bar.label);
  place.querySelector(".fill").setAttribute("width", String(Math.round(bar.share * 1000)));
  place.querySelector(".mark").setAttribute("x", String(Math.round(bar.mark * 994)));
}

function drawSpark(place, values) {
  const drawable = values && values.length > 1 && Math.max(...values) > 0;
  place.toggleAttribute("hidden", !drawable);
  if (!drawable) return;
  const top = Math.max(...values);
  const points = values.map((v, i) => `${((i * 130) / (values.length - 1)).toFixed(1)} ${(29 - (27 * Math.max(0, v)) / top).toFixed(1)}`);
  place.querySelector(".line").setAttribute("d", `M${points.join("L")}`);
  place.querySelector(".area").setAttribute("d", `M0 30L${points.join("L")}L130 30Z`);
}

function draw(tile) {
  const place = byId(`tile-${tile.id}`);
  if (!place) return;
  shown.set(tile.id, tile);
  place.dataset.state = tile.state;
  text(place.querySelector(".title"), tile.title);
  text(place.querySelector(".age"), tile.state === "DATA LAMA" ? tile.age : "");
  const { headline } = tile;
  const figure = place.querySelector(".figure");
  text(place.querySelector(".prefix"), headline.prefix || "");
  text(figure, headline.display);
  figure.dataset.value = headline.value === null ? "" : String(headline.value);
  figure.dataset.published = String(meta.published_at || 0);
  const alarm = headline.alarm ? [element("span", "alarm", headline.alarm)] : [];
  place.querySelector(".unit").replaceChildren(headline.unit, ...alarm);
  drawBar(place.querySelector(".bar"), tile.bar);
  drawSpark(place.querySelector(".spark"), tile.spark);
  if (tile.lines) {
    place.querySelector(".lines").replaceChildren(...tile.lines.map(line));
    place.classList.toggle("calm", headline.value === 0);
  }
  const facts = (tile.rows || []).concat(tile.details || []).map(fact);
  if (tile.columns && facts[0]) facts[0].title = tile.columns;
  const notes = notesOf(tile.note || "", place.querySelector(".facts"));
  facts.splice(tile.rows && tile.rows[0] && tile.rows[0].pin ? tile.rows.length : 0, 0, ...notes);
  facts.push(...(tile.reconciled || []).map((one) => noteItem(one.text, one.tone)));
  if (tile.state === "DATA LAMA") {
    facts.unshift(noteItem(`DATA LAMA ${tile.age}`, "warn"));
  }
  if (tile.id === "pelaporan" && meta.lag_display) facts.push(fact({ label: "Jeda olah", display: meta.lag_display }));
  place.querySelector(".facts").replaceChildren(...facts);
  layOut(place);
  if (tile.id === "perhatian") announceNews(headline.value, tile.lines || []);
}

function announceNews(count, lines) {
  if (alarms !== null && count > alarms && lines.length) text(byId("news"), `Peringatan baru: ${lines[0].what}, ${lines[0].since}, ${lines[0].who}`);
  alarms = count;
}

function sortForPhone() {
  const tone = (tile) => ((tile.rows || []).concat(tile.lines || []).some((r) => r.tone === "bad") ? 0 : (tile.rows || []).concat(tile.lines || []).some((r) => r.tone === "warn") ? 1 : tile.state === "LANGSUNG" ? 3 : 2);
  const wall = byId("wall");
  const ids = [...shown.keys()];
  const order = phone.matches ? ["perhatian", ...ids.filter((id) => id !== "perhatian").sort((a, b) => tone(shown.get(a)) - tone(shown.get(b)))] : ids;
  const now = [...wall.children].map((n) => n.id).join();
  if (now !== order.map((id) => `tile-${id}`).join()) wall.append(...order.map((id) => byId(`tile-${id}`)).filter(Boolean));
}

function drawMeta() {
  text(byId("clock"), meta.clock || "");
  text(byId("data"), meta.data_display || "—");
  text(byId("lag"), meta.lag_display || "—");
  text(byId("screen"), meta.clock || "—");
  text(byId("day"), meta.day_display || "");
  byId("simulated").hidden = !meta.simulated;
}

function drawLink(state, why) {
  byId("link").dataset.state = state;
  text(byId("link-word"), state);
  const reason = byId("why");
  reason.hidden = !why;
  text(reason, why || "");
}

function onMessage(kind, content) {
  lastGood = Date.now();
  meta = content.meta || meta;
  if (meta.version && meta.version !== root.dataset.version) return location.reload();
  if (!byId("cut").hidden) {
    byId("cut").hidden = true;
    setTimeout(() => document.querySelectorAll(".tile").forEach(layOut));
  }
  drawMeta();
  for (const tile of content.tiles || []) draw(tile);
  drawLink(meta.link, meta.why);
  if (kind !== "tick") sortForPhone();
  root.dataset.ready = "1";
  return undefined;
}

function onCut() {
  drawLink("TERPUTUS", "");
  const minutes = Math.floor((Date.now() - lastGood) / 60000);
  text(byId("cut-since"), `– angka terakhir pukul ${meta.clock || "—"}${minutes ? `, ${minutes} menit yang lalu` : ""}`);
  byId("cut").hidden = false;
  document.querySelectorAll(".tile").forEach(layOut);
}

function summarise() {
  const parts = [...shown.values()].slice(0, 4).map((t) => `${t.title}: ${t.headline.prefix || ""}${t.headline.display} ${t.headline.unit}`);
  if (parts.length) text(byId("summary"), `${parts.join(". ")}. Keadaan: ${byId("link").dataset.state}.`);
}

function wallDuties() {
  let shift = 0;
  setInterval(() => { shift = (shift + 1) % 4; root.dataset.shift = String(shift); }, 180000);
  if (navigator.wakeLock) navigator.wakeLock.request("screen").catch(() => undefined);
  setInterval(() => {
    const at = new Date();
    if ((meta.clock || "").startsWith("04.00") && at.getTime() - performance.timeOrigin > 3600000) location.reload();
  }, 30000);
}

function offlineCopy() {
  if (!("serviceWorker" in navigator)) return;
  const policy = globalThis.trustedTypes ? trustedTypes.createPolicy("nadi", { createScriptURL: () => "/sw.js" }) : { createScriptURL: () => "/sw.js" };
  navigator.serviceWorker.register(policy.createScriptURL("")).catch(() => undefined);
}

const pause = byId("pause");
turnFacts(() => pause.getAttribute("aria-pressed") === "true" || phone.matches);
pause.addEventListener("click", () => {
  const paused = pause.getAttribute("aria-pressed") !== "true";
  pause.setAttribute("aria-pressed", String(paused));
  text(pause, paused ? "Lanjutkan pergantian" : "Jeda pergantian");
});
addEventListener("keydown", (event) => { if (event.key === "p" || event.key === "P") pause.click(); });
addEventListener("resize", () => { document.querySelectorAll(".tile").forEach(layOut); sortForPhone(); });
document.fonts.ready.then(() => document.querySelectorAll(".tile").forEach(layOut));
setInterval(summarise, 60000);
if (root.dataset.mode === "papan") wallDuties();
offlineCopy();
follow({ slow: phone.matches, onMessage, onCut });
