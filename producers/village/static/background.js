// What goes on without the page: its copy for the time without a signal, and the sending of what waits once no tab is open.
const TAG = "nadi-desa-kirim";
const OFFLINE = "/desa/sw.js";
// The same with sync.js. It is a module, which older browsers cannot take; those that can wake it can.
const SYNCING = "/desa/sw-sync.js";

export const canSync = "SyncManager" in globalThis;

/** Keep the page on the phone; resolves when it can be opened without a signal. */
export async function keepPage() {
  const createScriptURL = () => (canSync ? SYNCING : OFFLINE);
  const policy = globalThis.trustedTypes ? trustedTypes.createPolicy("nadi", { createScriptURL }) : { createScriptURL };
  navigator.serviceWorker.register(policy.createScriptURL(""), { scope: "/desa", type: canSync ? "module" : "classic" }).catch(() => undefined);
  await navigator.serviceWorker.ready;
}

/** Ask the browser to send what waits when it can, whatever becomes of this tab. It may say no; then the tab alone sends. */
export async function sendWithoutPage() {
  if (!canSync) return;
  const { sync } = await navigator.serviceWorker.ready;
  await sync.register(TAG).catch(() => undefined);
}
