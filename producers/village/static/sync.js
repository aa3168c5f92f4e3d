// In the worker behind the tabs: the browser wakes it when the signal returns, also when no tab is open, and it sends what waits.
// What it cannot send now it says to the browser, which wakes it again later.
import { sendWaiting } from "./sending.js";

const channel = new BroadcastChannel("nadi-desa");

self.addEventListener("sync", (event) => {
  if (event.tag === "nadi-desa-kirim") event.waitUntil(sendWaiting((what) => channel.postMessage(what)));
});
