// Dead letters: the table, and the form in which its sender mends one.
import { ask, byId, cell, fill, make, Refused } from "./desk.js";

let shown = "", place = "", done = () => {};

function row(one, opened) {
  const why = [make("p", {}, make("strong", {}, one.reason)), one.open ? make("p", {}, one.advice) : null,
    make("p", { class: "small soft" }, `pesan pengolah: ${one.message}`)];
  return make("tr", { "data-place": one.place, "data-open": one.open ? "yes" : "no" },
    cell("Waktu", { class: "time" }, one.at),
    cell("Kejadian", { class: "small" }, make("code", {}, one.place), make("br"), one.source || "sumber tidak terbaca"),
    cell("Sebab", {}, ...why),
    cell("Keadaan", {}, make("p", { class: one.open ? "bad" : "good" }, one.open ? "■ belum terhitung" : `● ${one.state}`),
      one.because ? make("p", { class: "small" }, `kejadian baru ${one.because}`) : null,
      make("button", { type: "button", class: one.mend ? undefined : "plain", onclick: () => opened(one) }, one.mend ? "Perbaiki" : "Lihat isi")));
}

export async function letters(asked, changed) {
  done = changed;
  const found = await ask(`/opd/data/letters?${asked().slice(1)}`);
  const text = JSON.stringify(found);
  if (text === shown) return;
  shown = text;
  const opened = (one) => show(one, asked).catch((error) => { told(error); });
  fill(byId("letters"), found.letters.map((one) => row(one, opened)), "Tidak ada surat mati.");
}

async function show(one, asked) {
  place = one.place;
  byId("mend-why").textContent = `${one.reason} ${one.advice}`;
  byId("mend-text").value = "";
  byId("mend-told").replaceChildren();
  byId("mend-send").disabled = true;
  byId("mend-check").hidden = byId("mend-send").hidden = !one.mend;
  byId("mend-text").readOnly = !one.mend;
  byId("mend").showModal();
  const found = await ask(`/opd/data/letter?place=${encodeURIComponent(one.place)}${asked()}`);
  byId("mend-text").value = found.event;
  if (found.stopped) byId("mend-told").replaceChildren(make("p", { class: "soft" }, `Hanya terbaca sebagian: ${found.stopped}. Lengkapi sisanya.`));
}

function told(error) {
  const problem = error instanceof Refused ? error.problem : { detail: "JSON tidak utuh: periksa tanda kutip, koma, dan kurung." };
  const errors = (problem.errors || []).map((one) => make("li", {}, make("code", {}, one.pointer || "/"), ` ${one.detail}`));
  byId("mend-told").replaceChildren(make("p", { class: "told" }, problem.detail || error.message), make("ul", {}, ...errors));
}

async function send(really) {
  const buttons = [byId("mend-check"), byId("mend-send")];
  buttons.forEach((button) => { button.disabled = true; });
  let good = false;
  try {
    const event = JSON.parse(byId("mend-text").value);
    const found = await ask("/opd/data/letter", { letter: place, event, send: really });
    good = !found.sent;
    const text = !found.sent ? "● Isinya benar. Tekan Kirim ulang." : found.handled
      ? `● Terkirim sebagai kejadian ${found.receipt.event_id}.`
      : "● Terkirim, tetapi suratnya belum dapat ditandai. Tekan Kirim ulang lagi nanti; kejadian tidak terhitung dua kali.";
    byId("mend-told").replaceChildren(make("p", { class: "good" }, text));
    if (found.sent) done();
    if (found.sent && !found.handled) good = true;
  } catch (error) {
    told(error);
  }
  byId("mend-check").disabled = false;
  byId("mend-send").disabled = !good;
}

byId("mend-check").addEventListener("click", () => send(false));
byId("mend-send").addEventListener("click", () => send(true));
byId("mend-close").addEventListener("click", () => byId("mend").close());
byId("mend-text").addEventListener("input", () => { byId("mend-send").disabled = true; });
