// The key of the village: taken from the link or typed once, kept on the phone, and taken away by "Keluar".
import { RefusedError, whoAmI } from "./gateway.js";
import { clear, forget, keep, setting } from "./store.js";

const byId = (id) => document.getElementById(id);

/** The key in what was typed or pasted, a whole line of the .env too; "" where there is none. */
function keyIn(text) {
  return text.match(/nadi_[0-9.]+_[a-z2-7]+\.[a-z2-7]+/)?.[0] || "";
}

/** A key in the fragment of the address (#kunci=…), which is taken out of the address and the history. */
export async function keyFromLink() {
  const given = new URLSearchParams(location.hash.slice(1)).get("kunci");
  if (given === null) return;
  history.replaceState(null, "", location.pathname);
  if (keyIn(given)) await use(keyIn(given));
}

async function use(key) {
  await forget("me");
  await keep("key", key);
}

/** Show whose key it is, as far as is known without a signal. */
export async function showKey(departments) {
  const [key, me] = [await setting("key"), await setting("me")];
  byId("key-form").hidden = Boolean(key);
  byId("key-kept").hidden = !key;
  const trial = me?.sandbox ? " Ini kunci uji coba: kirimannya tidak dihitung." : "";
  byId("whose").textContent = me ? `Kunci ${me.id} atas nama ${departments[me.opd] || "OPD"} (${me.opd}).${trial}` : "Kunci tersimpan; pemiliknya diperiksa saat ada sinyal.";
}

/** Ask the gateway anew whose key it is; true where it says that the key is no longer good. */
export async function checkKey() {
  const key = await setting("key");
  if (!key) return;
  try {
    await keep("me", await whoAmI(key));
  } catch (error) {
    if (error instanceof RefusedError) await forget("me");
  }
}

/** changed(): the key is another one, or the rows are gone. */
export function listenForKey({ changed, unsent }) {
  byId("key-shown").addEventListener("change", (event) => {
    byId("key").type = event.target.checked ? "text" : "password";
  });
  byId("key-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const key = keyIn(byId("key").value);
    byId("key-error").textContent = key ? "" : "Kunci diawali nadi_ dan berisi satu titik di tengahnya. Salin seutuhnya.";
    if (!key) return;
    byId("key").value = "";
    await use(key);
    changed();
  });
  byId("leave").addEventListener("click", async () => {
    const count = await unsent();
    byId("leaving-text").textContent = count ? `Kunci dihapus dari ponsel ini. ${count} catatan belum terkirim dan memuat nomor orang; catatan itu tetap di ponsel ini kecuali dihapus.` : "Kunci dihapus dari ponsel ini.";
    byId("leaving").returnValue = "";
    byId("leaving").showModal();
  });
  byId("leaving").addEventListener("close", async () => {
    const answer = byId("leaving").returnValue;
    if (!answer) return;
    await forget("key", "me", "draft");
    if (answer === "clear") await clear();
    changed();
  });
}
