"use strict";
const element = (name) => document.getElementById(name);
const form = element("kirim"), bar = element("maju"), said = element("keadaan"), table = element("tabel");
const download = element("hasil"), submit = form.querySelector("button");
const number = new Intl.NumberFormat("id-ID");
let current = null;

const words = {
  received: "Berkas diterima; menunggu giliran.",
  checking: "Memeriksa baris …",
  publishing: "Menerbitkan …",
  published: "Selesai. Semua baris diterbitkan.",
  refused: "Ditolak. Tidak ada yang diterbitkan.",
};

function say(text, state = "") {
  said.textContent = text;
  said.dataset.state = state;
}

function clear() {
  table.hidden = download.hidden = true;
  table.tBodies[0].replaceChildren();
}

function row(error) {
  const line = document.createElement("tr");
  for (const [label, value] of [["Baris", error.row], ["Kolom", error.column], ["Keterangan kesalahan", error.detail]]) {
    const cell = document.createElement("td");
    cell.dataset.label = label;
    cell.textContent = String(value);
    line.append(cell);
  }
  return line;
}

function show(report) {
  const parts = [words[report.status]];
  if (report.status === "checking") parts.push(`${number.format(report.rows)} baris diperiksa.`);
  if (report.status === "publishing" || report.status === "published")
    parts.push(`${number.format(report.published)} dari ${number.format(report.rows)} baris.`);
  if (report.status === "refused" && report.refused)
    parts.push(`${number.format(report.refused)} dari ${number.format(report.rows)} baris salah.`);
  if (report.replayed && report.status === "published") parts.push(`${number.format(report.replayed)} sudah pernah diterima.`);
  if (report.reason) parts.push(report.reason);
  if (report.waiting) parts.push(report.waiting + ".");
  say(parts.join(" "), report.status);
  if (report.status === "publishing") { bar.max = report.rows || 1; bar.value = report.published; }
  else bar.removeAttribute("value");
  bar.hidden = report.result !== null;
  table.hidden = report.errors.length === 0;
  table.tBodies[0].replaceChildren(...report.errors.map(row));
  download.hidden = report.result === null;
}

async function follow(report, headers) {
  while (report.result === null) {
    show(report);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const answer = await fetch(`/v1/files/${report.job}`, { headers }).catch(() => null);
    if (answer === null || answer.status >= 500) { say("Sambungan terputus; dicoba lagi …"); continue; }
    const found = await answer.json();
    if (!answer.ok) { say(`${found.title}. ${found.detail}`, "refused"); bar.hidden = true; return; }
    report = found;
  }
  current = report;
  show(report);
}

function send(file, address, headers) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", address);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.onprogress = (event) => { bar.max = event.total; bar.value = event.loaded; };
    request.onload = () => resolve(request);
    request.onerror = () => reject(new Error("Sambungan terputus. Unggah berkas yang sama lagi; isinya tidak terhitung dua kali."));
    request.send(file);
  });
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  clear();
  const input = element("berkas"), file = input.files[0], key = element("kunci").value.trim();
  if (file.size > Number(input.dataset.most)) { say("Berkas terlalu besar; pecah menjadi beberapa berkas.", "refused"); return; }
  const headers = { Authorization: `Bearer ${key}` };
  submit.disabled = true;
  bar.hidden = false;
  bar.value = 0;
  say("Mengunggah …");
  try {
    const query = new URLSearchParams({ domain: element("ranah").value, name: file.name });
    const answer = await send(file, `/v1/files?${query}`, headers);
    const found = JSON.parse(answer.responseText);
    if (found.report) { current = found.report; show(found.report); }
    else if (answer.status >= 400) { bar.hidden = true; say(`${found.title}. ${found.detail}`, "refused"); }
    else await follow(found, headers);
  } catch (error) {
    bar.hidden = true;
    say(error instanceof SyntaxError ? "Gerbang tidak menjawab dengan benar; coba lagi." : error.message, "refused");
  } finally {
    submit.disabled = false;
  }
});

download.addEventListener("click", async () => {
  const headers = { Authorization: `Bearer ${element("kunci").value.trim()}` };
  const answer = await fetch(current.result, { headers });
  if (!answer.ok) { say("Berkas hasil tidak dapat diunduh; periksa kunci.", "refused"); return; }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = current.name.replace(/\.[^.]*$/, "") + ".hasil.xlsx";
  link.click();
  URL.revokeObjectURL(link.href);
});
