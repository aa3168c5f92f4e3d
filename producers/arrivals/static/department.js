// /opd: what arrived, what was refused, and what could not be processed, as it happens.
import { ask, byId, cell, fill, make, open } from "./desk.js";
import { letters } from "./letters.js";

let seen = "", chosen = null, lettersDue = 0;
const known = new Set();
const asked = () => (chosen === null ? "" : `&opd=${encodeURIComponent(chosen)}`);

function code(text) {
  return make("code", { class: "small" }, text);
}

function receipt(one) {
  const names = { id: "nomor kejadian", topic: "topik", partition: "partisi", offset: "urutan", sha256: "hash isi", received_at: "diterima" };
  const values = { id: one.id, ...one.receipt };
  const list = Object.entries(names).flatMap(([name, label]) => [make("dt", {}, label), make("dd", {}, String(values[name]))]);
  const address = [make("dt", {}, "alamat"), make("dd", {}, `/v1/events/${one.id}`)];
  return make("details", {}, make("summary", {}, "lihat"), make("dl", {}, ...list, ...address));
}

function accepted(one, fresh) {
  return make("tr", { class: fresh ? "new" : undefined, "data-id": one.id },
    cell("Waktu", { class: "time" }, one.at),
    cell("Jenis", {}, code(one.type), make("br"), make("span", { class: "small soft" }, one.source)),
    cell("Urusan", { class: "small" }, one.subject || "–"),
    cell("Sifat", {}, one.sandbox ? make("span", { class: "badge" }, "uji coba") : "sungguhan"),
    cell("Tanda terima", {}, receipt(one)));
}

function refused(one) {
  const errors = (one.errors || []).map((error) => make("li", {}, make("code", {}, error.pointer || "/"), ` ${error.detail}`));
  return make("tr", { "data-code": one.code },
    cell("Waktu", { class: "time" }, one.at),
    cell("Kejadian", { class: "small" }, ...(one.type ? [code(one.type), make("br")] : []), one.source || "seluruh permintaan",
      ...(one.id ? [make("br"), `id ${one.id}`] : []), ...(one.key ? [make("br"), make("span", { class: "soft" }, `kunci ${one.key}`)] : []),
      ...(one.sandbox ? [make("br"), make("span", { class: "badge" }, "uji coba")] : [])),
    cell("Mengapa", {}, make("p", { class: "bad" }, make("strong", {}, one.title), ` (${one.status})`), make("p", {}, one.detail),
      errors.length ? make("ul", {}, ...errors) : null, make("a", { href: `/docs/errors#${one.code}` }, "penjelasan")));
}

function choose(found) {
  const select = byId("department");
  byId("choose").hidden = !found.operator;
  if (!found.operator || select.options.length) return;
  select.append(...found.departments.map((one) => make("option", { value: one.opd }, one.name)), make("option", { value: "" }, "Pengirim yang tidak dikenal"));
  select.value = found.opd;
  select.addEventListener("change", () => {
    chosen = select.value;
    seen = "";
    lettersDue = 0;
    known.clear();
    again();
  });
}

async function look() {
  const found = await ask(`/opd/data/arrivals?seen=${encodeURIComponent(seen)}${asked()}`);
  if (found) {
    const first = !seen;
    seen = found.version;
    choose(found);
    byId("name").textContent = found.opd ? `${found.name} (${found.opd})` : found.name;
    byId("kind").hidden = !found.sandbox;
    byId("try").hidden = !found.curl;
    byId("try-real").hidden = found.sandbox;
    byId("curl").textContent = found.curl;
    byId("accepted-since").textContent = found.accepted_since;
    byId("refused-since").textContent = found.refused_since;
    byId("letters-section").hidden = found.sandbox;
    const open = new Set([...document.querySelectorAll("#accepted details[open]")].map((one) => one.closest("tr").dataset.id));
    fill(byId("accepted"), found.accepted.map((one) => accepted(one, !first && !known.has(one.id))), "Belum ada yang diterima.");
    for (const row of byId("accepted").tBodies[0].rows) if (open.has(row.dataset.id)) row.querySelector("details").open = true;
    found.accepted.forEach((one) => known.add(one.id));
    fill(byId("refused"), found.refused.map(refused), "Belum ada yang ditolak.");
  }
  if (!byId("letters-section").hidden && Date.now() >= lettersDue) {
    lettersDue = Date.now() + 5000;
    await letters(asked, () => { lettersDue = 0; again(); });
  }
}

byId("copy").addEventListener("click", async () => {
  await navigator.clipboard.writeText(byId("curl").textContent);
  byId("copied").textContent = "Tersalin.";
});
const again = open(look, 2);
