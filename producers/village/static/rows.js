// The list of rows: what became of each, which corrects which, and what may be done with it. The refused ones stand first, then
// the newest.
import { sentences } from "./form.js";
import { isOwn } from "./store.js";

const STATES = { waiting: "menunggu sinyal", sent: "sudah terkirim", refused: "ditolak" };
const PAGE = 20;
let shown = PAGE;

const when = (ms) => new Date(ms).toLocaleString("id-ID", { dateStyle: "medium", timeStyle: "short" });

function paragraph(className, text) {
  const made = document.createElement("p");
  made.className = className;
  made.textContent = text;
  return made;
}

function button(text, className, action, row) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = className;
  made.textContent = text;
  made.setAttribute("aria-label", `${text}: ${row.title}`);
  made.addEventListener("click", () => action(row));
  return made;
}

/** Which row corrects which, by id; what is in the list no longer is not named. */
function linked(rows) {
  return { byId: new Map(rows.map((row) => [row.id, row])), correcting: new Map(rows.filter((row) => row.corrects).map((row) => [row.corrects, row])) };
}

function links(row, { byId, correcting }) {
  const [before, after] = [byId.get(row.corrects), correcting.get(row.id)];
  const said = [];
  if (row.corrects) said.push(`Pembetulan atas ${before ? `catatan nomor ${before.seq}` : "catatan yang sudah tidak ada di daftar"}.`);
  if (after) said.push(after.state === "sent" ? `Sudah diganti oleh catatan nomor ${after.seq}.` : `Pembetulannya, catatan nomor ${after.seq}, belum terkirim.`);
  return said.map((sentence) => paragraph("link", sentence));
}

function item(row, description, known, { mend, remove, correct }) {
  const made = document.createElement("li");
  made.dataset.state = row.state;
  made.dataset.seq = row.seq;
  made.append(paragraph("title", row.title), paragraph("state", STATES[row.state]));
  if (row.state === "refused") {
    const form = description.forms.find(({ name }) => name === row.form);
    const fields = [...(form?.fields ?? []), description.reason];
    made.append(...sentences(row.why, fields).map((sentence) => paragraph("why", sentence)));
  }
  made.append(...links(row, known));
  made.append(paragraph("when", `Nomor ${row.seq} · ${row.state === "sent" ? `terkirim ${when(row.sent)}` : `ditulis ${when(row.written)}`}`));
  const actions = document.createElement("div");
  actions.className = "actions";
  if (isOwn(row)) actions.append(button("Perbaiki", "plain", mend, row), button("Hapus", "danger", remove, row));
  if (row.state === "sent" && !known.correcting.has(row.id)) actions.append(button("Betulkan", "plain", correct, row));
  if (actions.childElementCount) made.append(actions);
  return made;
}

/** Show rows in the list, as many as were asked for. actions are what the buttons do with a row: mend, remove, correct. */
export function show(rows, description, list, more, actions) {
  const first = (row) => (row.state === "refused" ? 0 : 1);
  const sorted = [...rows].sort((a, b) => first(a) - first(b) || b.seq - a.seq);
  const known = linked(rows);
  list.replaceChildren(...sorted.slice(0, shown).map((row) => item(row, description, known, actions)));
  more.hidden = sorted.length <= shown;
  more.onclick = () => {
    shown += PAGE;
    show(rows, description, list, more, actions);
  };
}
