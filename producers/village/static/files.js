// A workbook straight to the gateway: it is not kept on the phone, so it needs a signal, and a person who waits.
import { AwayError, RefusedError, followFile, sendFile } from "./gateway.js";
import { held } from "./store.js";

const SHOWN = 20;
const AGAIN_MS = 2000;
const WORDS = {
  received: "Diterima; menunggu giliran.",
  checking: "Sedang diperiksa…",
  publishing: "Sedang diterbitkan…",
  published: "Selesai: semua baris diterima.",
  refused: "Ditolak: tidak satu baris pun diterima. Perbaiki, lalu kirim lagi.",
};
const byId = (id) => document.getElementById(id);

function show({ status, reason, refused, rows, errors }) {
  const counted = refused ? ` ${refused} dari ${rows} baris salah.` : "";
  byId("file-report").textContent = `${WORDS[status]}${counted} ${reason || ""}`.trim();
  const lines = errors.slice(0, SHOWN).map(({ row, column, detail }) => {
    const line = document.createElement("li");
    line.textContent = `Baris ${row}${column ? `, ${column}` : ""}: ${detail}`;
    return line;
  });
  byId("file-errors").replaceChildren(...lines);
}

async function send(file, domain, holds) {
  byId("file-report").textContent = "Mengunggah…";
  let report = await sendFile(file, domain, holds);
  show(report);
  while (report.result === null) {
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    try {
      report = await followFile(report.job, holds);
      show(report);
    } catch (error) {
      if (!(error instanceof AwayError)) throw error;
      byId("file-report").textContent = `${error.message} Berkas sudah terunggah; hasilnya ditanyakan lagi.`;
    }
  }
}

/** Send a file of a domain when a person asks for it. */
export function listenForFiles(domain) {
  byId("file-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const [holds, file] = [await held(), byId("file").files[0]];
    byId("file-errors").replaceChildren();
    if (!holds.key || !file) {
      byId("file-report").textContent = holds.key ? "Pilih berkasnya dulu." : "Masukkan kunci desa dulu.";
      return;
    }
    const button = byId("file-form").querySelector("button");
    button.disabled = true;
    try {
      await send(file, domain, holds);
    } catch (error) {
      if (error instanceof RefusedError && error.problem.report) show(error.problem.report);
      else byId("file-report").textContent = error instanceof AwayError ? `${error.message} Kirim lagi; isinya tidak terhitung dua kali.` : error.message;
    }
    button.disabled = false;
  });
}
