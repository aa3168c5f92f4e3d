// The list of rows: what became of each, and what may be done with it. The refused ones stand first, then the newest.
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

function item(row, forms, { mend, remove }) {
  const made = document.createElement("li");
  made.dataset.state = row.state;
  made.dataset.seq = row.seq;
  made.append(paragraph("title", row.title), paragraph("state", STATES[row.state]));
  if (row.state === "refused") {
    const form = forms.find(({ name }) => name === row.form);
    made.append(...sentences(row.why, form).map((sentence) => paragraph("why", sentence)));
  }
  made.append(paragraph("when", row.state === "sent" ? `Terkirim ${when(row.sent)}` : `Ditulis ${when(row.written)}`));
  if (isOwn(row)) {
    const actions = document.createElement("div");
    actions.className = "actions";
    actions.append(button("Perbaiki", "plain", mend, row), button("Hapus", "danger", remove, row));
    made.append(actions);
  }
  return made;
}

/** Show rows in the list, as many as were asked for. */
export function show(rows, forms, list, more, actions) {
  const first = (row) => (row.state === "refused" ? 0 : 1);
  const sorted = [...rows].sort((a, b) => first(a) - first(b) || b.seq - a.seq);
  list.replaceChildren(...sorted.slice(0, shown).map((row) => item(row, forms, actions)));
  more.hidden = sorted.length <= shown;
  more.onclick = () => {
    shown += PAGE;
    show(rows, forms, list, more, actions);
  };
}
