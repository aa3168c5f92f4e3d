// /kepatuhan: who reports as often as the profile says.
import { ask, byId, cell, fill, make, open } from "./desk.js";

function row(one) {
  return make("tr", { "data-source": one.source },
    make("th", { scope: "row" }, `${one.department} `, make("span", { class: "soft small" }, one.opd)),
    cell("Sumber", {}, one.name, make("br"), make("code", { class: "small" }, one.source)),
    cell("Keadaan", {}, make("span", { class: "state", "data-state": one.state }, one.state_text)),
    cell("Terakhir terdengar", { class: "time" }, one.last),
    cell("Ditunggu paling lambat", { class: "time" }, one.expected_by),
    cell("Hari tepat waktu", {}, one.share),
    cell("Ditolak", {}, one.refused));
}

async function look() {
  const found = await ask("/opd/data/compliance");
  byId("name").textContent = `Keadaan ${found.at}`;
  byId("refused-since").textContent = found.refused_since;
  fill(byId("rows"), found.rows.map(row), "Profil tidak mencatat sumber untuk OPD ini.");
}

open(look, 15);
