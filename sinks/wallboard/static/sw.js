// Opens the board without a link: the page, its files and the last picture are kept. The board itself says TERPUTUS.
const KEPT = "nadi-papan-1";
const SHELL = ["/", "/skala.css", "/logo.svg", "/manifest.webmanifest", "/static/papan.css", "/static/papan.js", "/static/giliran.js", "/static/sambungan.js", "/static/inter.woff2"];

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(KEPT).then((kept) => kept.addAll(SHELL)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const old = caches.keys().then((names) => Promise.all(names.filter((n) => n !== KEPT).map((n) => caches.delete(n))));
  event.waitUntil(old.then(() => self.clients.claim()));
});

async function fresh(request, key) {
  const kept = await caches.open(KEPT);
  try {
    const answer = await fetch(request);
    if (answer.ok) await kept.put(key, answer.clone());
    return answer;
  } catch (error) {
    const copy = await kept.match(key);
    if (!copy) throw error;
    const headers = new Headers(copy.headers);
    headers.set("X-Nadi-Kept", "1");
    return new Response(await copy.blob(), { status: 200, headers });
  }
}

self.addEventListener("fetch", (event) => {
  const address = new URL(event.request.url);
  const ours = address.origin === self.location.origin && event.request.method === "GET";
  if (!ours || address.pathname === "/api/stream") return;
  if (address.pathname === "/" || address.pathname === "/api/snapshot" || SHELL.includes(address.pathname)) {
    event.respondWith(fresh(event.request, address.pathname));
  }
});
