// The page: a form to write with, the list of what was written, and the parts that keep and send it.
import { listenForFiles } from "./files.js";
import { build } from "./form.js";
import { checkKey, keyFromLink, listenForKey, showKey } from "./key.js";
import { show } from "./rows.js";
import { startSending } from "./sending.js";
import { add, amend, forget, keep, retry, rows, setting } from "./store.js";

const byId = (id) => document.getElementById(id);
const channel = new BroadcastChannel("nadi-desa");
let description = null;
let written = null;
let mending = null;

async function refresh() {
  const found = await rows();
  for (const state of ["waiting", "refused", "sent"]) byId(`count-${state}`).textContent = found.filter((row) => row.state === state).length;
  byId("none").hidden = found.length > 0;
  byId("again").hidden = !found.some((row) => row.state === "refused");
  show(found, description.forms, byId("rows"), byId("more"), { mend, remove });
  await showKey(description.departments);
}

function changed() {
  channel.postMessage("changed");
  return refresh();
}

function report({ state, sentence }) {
  byId("report").textContent = sentence;
  byId("report").dataset.state = state;
  byId("send-now").hidden = state !== "away" && state !== "refused";
}

function choose(name, typed = {}) {
  const form = description.forms.find((one) => one.name === name) || description.forms[0];
  byId("kinds").querySelector(`[value="${form.name}"]`).checked = true;
  written = build(form, description, byId("own").value, byId("fields"));
  if (Object.keys(typed).length) written.fill(typed);
}

function endMending() {
  mending = null;
  byId("cancel").hidden = true;
  byId("save").textContent = "Simpan catatan";
}

function mend(row) {
  mending = row.seq;
  choose(row.form, row.typed);
  byId("cancel").hidden = false;
  byId("save").textContent = "Simpan perbaikan";
  byId("saved").textContent = "";
  byId("writing").scrollIntoView();
}

async function remove(row) {
  if (!confirm(`Hapus catatan ini? ${row.title}`)) return;
  await amend(row.seq, () => null);
  if (mending === row.seq) endMending();
  await changed();
}

async function save(event) {
  event.preventDefault();
  byId("saved").textContent = "";
  if (!written.check()) return;
  const content = { ...written.read(), village: byId("own").value, state: "waiting", tries: 0, source: "" };
  let sentence = "Tersimpan di ponsel; dikirim begitu ada sinyal.";
  try {
    if (mending === null) await add({ id: crypto.randomUUID(), written: Date.now(), ...content });
    else if (!(await amend(mending, ({ seq, id, written: at }) => ({ seq, id, written: at, ...content })))) {
      sentence = "Catatan ini sudah terkirim dan tidak dapat diperbaiki di sini.";
    }
    await forget("draft");
  } catch (error) {
    byId("saved").textContent = `Tidak tersimpan: ${error.message}. Kosongkan sebagian penyimpanan ponsel, lalu simpan lagi.`;
    return;
  }
  endMending();
  choose(written.form.name);
  byId("saved").textContent = sentence;
  navigator.storage?.persist?.();
  await changed();
  wake();
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
  byId("form").addEventListener("submit", save);
  byId("form").addEventListener("input", () => {
    if (mending === null) keep("draft", { form: written.form.name, typed: written.values() });
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
    wake(true);
  });
  listenForFiles(description.forms[0].domain);
  channel.onmessage = refresh;
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
  const address = "/desa/sw.js";
  const policy = globalThis.trustedTypes ? trustedTypes.createPolicy("nadi", { createScriptURL: () => address }) : { createScriptURL: () => address };
  navigator.serviceWorker.register(policy.createScriptURL(""), { scope: "/desa" }).catch(() => undefined);
  await navigator.serviceWorker.ready;
  byId("offline").textContent = "Formulir ini sudah tersimpan di ponsel dan dapat dibuka tanpa sinyal. Catatan dikirim selama halaman ini terbuka.";
  document.documentElement.dataset.offline = "1";
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
