// Keeps the shell and the last snapshot, so that the page opens without a network and says how old it is.

const CACHE = "nadi-papan-1";
const SHELL = ["/", "/skala.css", "/logo.svg", "/manifest.webmanifest"];

addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(SHELL)).then(() => skipWaiting()));
});

addEventListener("activate", (event) => event.waitUntil(clients.claim()));

function kept(answer) {
  const headers = new Headers(answer.headers);
  headers.set("x-nadi-cached", "1");
  return answer.blob().then((body) => new Response(body, { status: answer.status, headers }));
}

async function networkFirst(request) {
  const cache = await caches.open(CACHE);
  try {
    const answer = await fetch(request);
    if (answer.ok) await cache.put(request, answer.clone());
    return answer;
  } catch (error) {
    const found = await cache.match(request, { ignoreSearch: request.mode === "navigate" });
    if (!found) throw error;
    return kept(found);
  }
}

addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  const ours = url.origin === location.origin && event.request.method === "GET";
  if (ours && (SHELL.includes(url.pathname) || url.pathname.startsWith("/static/") || url.pathname === "/api/snapshot")) {
    event.respondWith(networkFirst(event.request));
  }
});
