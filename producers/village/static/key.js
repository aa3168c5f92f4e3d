// The key of the village and its signing key: taken from the link or typed once, kept on the phone, and taken away by "Keluar".
import { RefusedError, whoAmI } from "./gateway.js";
import { TOO_OLD, privateKeyIn, signerOf, whyNot } from "./signing.js";
import { clear, forget, held, keep, setting } from "./store.js";

const byId = (id) => document.getElementById(id);

/** The key in what was typed or pasted, a whole .env too; "" where there is none. */
function keyIn(text) {
  return text.match(/nadi_[0-9.]+_[a-z2-7]+\.[a-z2-7]+/)?.[0] || "";
}

function unescaped(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Keys in the fragment of the address (#kunci=…&ttd=…), which is taken out of the address and the history. */
export async function keyFromLink() {
  if (!/[#&](?:kunci|ttd)=/.test(location.hash)) return;
  const given = unescaped(location.hash);
  history.replaceState(null, "", location.pathname);
  await use(given);
}

/** Keep the keys in a text; what is wrong with them, "" where nothing is. */
async function use(text) {
  const [key, privateKey] = [keyIn(text), privateKeyIn(text)];
  if (!key && !privateKey) return text.includes("whsk_") ? "Kunci tanda tangan tidak utuh. Salin seluruhnya, dari whsk_ sampai tanda = di ujungnya." : "Kunci diawali nadi_ dan berisi satu titik di tengahnya. Salin seutuhnya.";
  if (key && key !== (await setting("key"))) {
    await forget("me", "signer");
    await keep("key", key);
  }
  if (!privateKey) return "";
  const signer = await signerOf(privateKey);
  if (!signer) return TOO_OLD;
  await keep("signer", signer);
  return "";
}

/** Show whose key it is, as far as is known without a signal, and whether it can sign what it must. */
export async function showKey(departments) {
  const [{ key, signer }, me] = [await held(), await setting("me")];
  const lacking = Boolean(key && me?.signs && !signer);
  byId("key-form").hidden = Boolean(key) && !lacking;
  byId("key-kept").hidden = !key;
  byId("signing").textContent = lacking ? await whyNot() : "";
  const more = `${me?.sandbox ? " Ini kunci uji coba: kirimannya tidak dihitung." : ""}${signer ? " Kiriman ditandatangani." : ""}`;
  byId("whose").textContent = me ? `Kunci ${me.id} atas nama ${departments[me.opd] || "OPD"} (${me.opd}).${more}` : "Kunci tersimpan; pemiliknya diperiksa saat ada sinyal.";
}

/** Ask the gateway anew whose key it is; */
export async function checkKey() {
  const holds = await held();
  if (!holds.key) return;
  try {
    await keep("me", await whoAmI(holds));
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
    const wrong = await use(byId("key").value);
    byId("key-error").textContent = wrong;
    if (wrong && wrong !== TOO_OLD) return;
    byId("key").value = "";
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
    await forget("key", "signer", "me", "draft");
    if (answer === "clear") await clear();
    changed();
  });
}
