// The signing key of a village (Ed25519): out of the text that Diskominfo hands over, into the browser, and onto requests in the
// form of Standard Webhooks (v1a over id.timestamp.body). The browser keeps it so that nothing can read it out again.
const ED25519 = "Ed25519";
// What stands before the 32 bytes of a private key in PKCS #8.
const PKCS8 = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
const SEED = 32;

export const TOO_OLD = "Peramban ponsel ini terlalu lama untuk menandatangani kiriman. Perbarui Chrome menjadi versi 137 atau lebih baru (Safari 17, Firefox 129), lalu masukkan kunci lagi. Catatan tetap tersimpan di ponsel.";
export const MISSING = "Kunci ini mewajibkan tanda tangan. Masukkan juga kunci tanda tangannya (NADI_SIGNING_KEY, diawali whsk_).";
const OTHERS = "Kunci tanda tangan ini bukan pasangan kunci desa. Tekan Keluar, lalu masukkan NADI_KEY dan NADI_SIGNING_KEY dari berkas .env yang sama.";
/** What a phone says in place of the gateway's words, which are for programmers, by the code of the refusal. */
export const SAID = { "signature-missing": MISSING, "signature-wrong": OTHERS };

const bytesOf = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
const base64Of = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)));

/** The private key in a text, of 64 bytes or 32; "" where there is none. */
export function privateKeyIn(text) {
  return text.match(/whsk_(?:[A-Za-z0-9+/]{86}==|[A-Za-z0-9+/]{43}=)/)?.[0] || "";
}

/** The key as the browser's own, which cannot be taken out of it; null where the browser is too old. */
export async function signerOf(privateKey) {
  const seed = bytesOf(privateKey.slice("whsk_".length)).slice(0, SEED);
  try {
    return await crypto.subtle.importKey("pkcs8", new Uint8Array([...PKCS8, ...seed]), ED25519, false, ["sign"]);
  } catch {
    return null;
  }
}

/** Why a key that must sign cannot. */
export async function whyNot() {
  const tried = await signerOf(`whsk_${base64Of(new Uint8Array(SEED))}`);
  return tried ? MISSING : TOO_OLD;
}

/** The headers of one request. Its id is new each time: the events' own ids make a repeat one. at is UTC ms. */
export async function signatureOf(signer, body, at) {
  const id = `msg_${crypto.randomUUID().replaceAll("-", "")}`;
  const timestamp = String(Math.floor(at / 1000));
  const text = await new Blob([`${id}.${timestamp}.`, body]).arrayBuffer();
  const made = await crypto.subtle.sign(ED25519, signer, text);
  return { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": `v1a,${base64Of(made)}` };
}
