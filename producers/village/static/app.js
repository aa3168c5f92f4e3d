// The page: a form to write with, the list of what was written, and the parts that keep and send it.
import { canSync, keepPage, sendWithoutPage } from "./background.js";
import { begun, marksOf, missed } from "./correcting.js";
import { listenForFiles } from "./files.js";
import { build } from "./form.js";
import { checkKey, keyFromLink, listenForKey, showKey } from "./key.js";
import { show } from "./rows.js";
import { add, amend, forget, keep, retry, rows, setting } from "./store.js";
import { startSending } from "./waking.js";

const byId = (id) => document.getElementById(id);
const channel = new BroadcastChannel("nadi-desa");
let description = null;
let written = null;
// The row that is mended (its seq), and the sent one that is corrected (see begun); null for none.
let mending = null;
let corrected = null;

async function refresh() {
  const found = await rows();
  for (const state of ["waiting", "refused", "sent"]) byId(`count-${state}`).textContent = found.filter((row) => row.state === state).length;
  byId("none").hidden = found.length > 0;
  byId("again").hidden = !found.some((row) => row.state === "refused");
  show(found, description, byId("rows"), byId("more"), { mend, remove, correct });
  await showKey(description.departments);
}

function changed(what = "changed") {
  channel.postMessage(what);
  return refresh();
}

/** Rows wait anew: for this tab, and for the browser should the tab be closed. */
function sendSoon(now = false) {
  sendWithoutPage();
  wake(now);
}

function report({ state, sentence }) {
  byId("report").textContent = sentence;
  byId("report").dataset.state = state;
  byId("send-now").hidden = state !== "away" && state !== "refused";
}

function choose(name, typed = {}) {
  const form = description.forms.find((one) => one.name === name) || description.forms[0];
  byId("kinds").querySelector(`[value="${form.name}"]`).checked = true;
  written = build(form, description, byId("own").value, byId("fields"), corrected !== null);
  if (Object.keys(typed).length) written.fill(typed);
}

/** Begin with a row that is there already; both null: with a new one. */
function begin(seq, sent) {
  mending = seq;
  corrected = sent;
  const old = seq !== null || sent !== null;
  byId("cancel").hidden = !old;
  byId("kinds").hidden = sent !== null;
  byId("correcting").hidden = sent === null;
  byId("correcting").textContent = sent ? `${sent.title}${sent.number ? `, catatan nomor ${sent.number}` : ""}. Isi semuanya dengan benar: catatan baru ini menggantikan yang sudah terkirim.` : "";
  byId("writing-title").textContent = sent ? "Perbaiki data yang sudah terkirim" : "Catatan baru";
  byId("save").textContent = sent ? "Simpan pembetulan" : old ? "Simpan perbaikan" : "Simpan catatan";
}

const endMending = () => begin(null, null);

function open(row, typed) {
  choose(row.form, typed);
  byId("saved").textContent = "";
  byId("writing").scrollIntoView();
}

async function mend(row) {
  const sent = row.corrects && (await rows()).find(({ id }) => id === row.corrects);
  begin(row.seq, row.corrects ? { ...begun(sent || row), corrects: row.corrects, number: sent?.seq, from: row.from } : null);
  open(row, row.typed);
}

function correct(row) {
  begin(null, begun(row));
  open(row, corrected.typed);
}

async function remove(row) {
  if (!confirm(`Hapus catatan ini? ${row.title}`)) return;
  await amend(row.seq, () => null);
  if (mending === row.seq) endMending();
  await changed();
}

/** What is written, as a row of that id; null where something is wrong. */
async function content(id) {
  if (!written.check()) return null;
  const made = { ...written.read(), id, village: byId("own").value, state: "waiting", tries: 0, source: "" };
  if (corrected) {
    const { corrects, from } = corrected;
    const sent = (await rows()).find((row) => row.id === corrects);
    if (!written.check(await missed(sent, written.form, made.data))) return null;
    Object.assign(made, { corrects, from, data: { ...made.data, corrects } });
  }
  return { ...made, marks: await marksOf(id, written.form, made.data) };
}

/** Keep what is written; true when the form is empty again. */
async function save() {
  byId("saved").textContent = "";
  const old = mending === null ? null : (await rows()).find((row) => row.seq === mending);
  const made = await content(old?.id || crypto.randomUUID());
  if (!made) return false;
  let sentence = "Tersimpan di ponsel; dikirim begitu ada sinyal.";
  try {
    if (mending === null) await add({ written: Date.now(), ...made });
    else if (!(await amend(mending, ({ seq, id, written: at }) => ({ ...made, seq, id, written: at })))) {
      sentence = "Catatan ini sudah terkirim dan tidak dapat diperbaiki di sini.";
    }
    await forget("draft");
  } catch (error) {
    byId("saved").textContent = `Tidak tersimpan: ${error.message}. Kosongkan sebagian penyimpanan ponsel, lalu simpan lagi.`;
    return false;
  }
  endMending();
  choose(written.form.name);
  byId("saved").textContent = sentence;
  navigator.storage?.persist?.();
  return true;
}

async function showForms() {
  const villages = description.villages.map(([code, name, district]) => new Option(`${name}, ${district}`, code));
  byId("own").replaceChildren(new Option("Pilih…", ""), ...villages);
  byId("own").value = (await setting("village")) || "";
  for (const { name, title } of description.forms) {
    const input = Object.assign(document.createElement("input"), { type: "radio", name: "kind", value: name });
    const label = Object.assign(document.createElement("label"), { className: "kind" });
    label.append(input, title);
    byId("kinds").append(label);
  }
  const draft = await setting("draft");
  choose(draft?.form, draft?.typed);
}

function listen() {
  let saving = false; // two taps are one row
  byId("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    if (saving) return;
    saving = true;
    const saved = await save().finally(() => { saving = false; });
    if (saved) changed().then(() => sendSoon());
  });
  byId("form").addEventListener("input", () => {
    if (mending === null && corrected === null) keep("draft", { form: written.form.name, typed: written.values() });
  });
  byId("kinds").addEventListener("change", (event) => {
    endMending();
    choose(event.target.value);
  });
  byId("own").addEventListener("change", async () => {
    await keep("village", byId("own").value);
    const typed = written.values();
    for (const field of written.form.fields) if (field.own) typed[field.name] = byId("own").value;
    written.fill(typed);
  });
  byId("cancel").addEventListener("click", () => {
    endMending();
    choose(written.form.name);
  });
  byId("send-now").addEventListener("click", () => wake(true));
  byId("again").addEventListener("click", async () => {
    endMending();
    await retry();
    await changed();
    sendSoon(true);
  });
  listenForFiles(description.forms[0].domain);
  channel.onmessage = ({ data }) => {
    refresh();
    if (data === "settled") wake(true); // another place can send; this tab need not wait out its pause
  };
  const another = async () => {
    await changed();
    await greet();
  };
  listenForKey({ changed: another, unsent: async () => (await rows()).filter((row) => row.state !== "sent").length });
  addEventListener("hashchange", () => keyFromLink().then(another));
  addEventListener("beforeinstallprompt", (event) => {
    event.preventDefault();
    byId("install").hidden = false;
    byId("install").onclick = () => event.prompt().then(() => { byId("install").hidden = true; });
  });
}

/** A key for one village alone says which village this is. */
async function ownByKey() {
  const { sources = [] } = (await setting("me")) || {};
  const found = description.villages.find(([code]) => sources.some((source) => source.replace(/\/+$/, "").endsWith(`/${code}`)));
  if (!found || byId("own").value) return;
  byId("own").value = found[0];
  byId("own").dispatchEvent(new Event("change"));
}

/** Whose key it is, as far as there is a signal, and then what waits. */
async function greet() {
  await checkKey();
  await ownByKey();
  await showKey(description.departments);
  wake(true);
}

async function offlineCopy() {
  await keepPage();
  const sending = canSync ? "Catatan dikirim begitu ada sinyal; bila halaman ini tertutup, dikirim oleh Chrome dari belakang, kadang lebih lambat." : "Catatan dikirim selama halaman ini terbuka.";
  byId("offline").textContent = `Formulir ini sudah tersimpan di ponsel dan dapat dibuka tanpa sinyal. ${sending}`;
  document.documentElement.dataset.offline = "1";
  if ((await rows()).some((row) => row.state === "waiting")) sendWithoutPage();
}

if (!isSecureContext) byId("insecure").hidden = false;
await keyFromLink();
try {
  description = await (await fetch("/desa/forms.json")).json();
} catch (error) {
  report({ state: "refused", sentence: "Formulir belum termuat. Periksa sinyal, lalu muat ulang halaman ini." });
  throw error;
}
byId("regency").textContent = description.regency;
const wake = startSending({ changed, report });
await showForms();
listen();
await refresh();
if (isSecureContext) offlineCopy();
document.documentElement.dataset.ready = "1";
await greet();
