// Opens the form without a signal: the page and its parts are kept whole, one version at a time. VERSION and FILES stand above.
const KEPT = `nadi-desa-${VERSION}`;
const DESCRIPTION = "/desa/forms.json";

self.addEventListener("install", (event) => {
  const whole = FILES.map((file) => new Request(file, { cache: "no-cache" }));
  event.waitUntil(caches.open(KEPT).then((kept) => kept.addAll(whole)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const ours = (name) => name.startsWith("nadi-desa-") && name !== KEPT;
  const old = caches.keys().then((names) => Promise.all(names.filter(ours).map((name) => caches.delete(name))));
  event.waitUntil(old.then(() => self.clients.claim()));
});

/** What is kept, at once; where nothing is, the network. */
async function kept(path, request) {
  const found = await (await caches.open(KEPT)).match(path);
  return found || fetch(request);
}

/** The description may change without a new version of the page: what is kept at once, the new one next time. */
async function renew(request) {
  const answer = await fetch(request, { cache: "no-cache" });
  if (answer.ok) await (await caches.open(KEPT)).put(DESCRIPTION, answer);
}

self.addEventListener("fetch", (event) => {
  const { origin, pathname } = new URL(event.request.url);
  if (origin !== self.location.origin || event.request.method !== "GET" || !FILES.includes(pathname)) return;
  event.respondWith(kept(pathname, event.request));
  if (pathname === DESCRIPTION) event.waitUntil(renew(DESCRIPTION).catch(() => undefined));
});
