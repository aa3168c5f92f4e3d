// What the phone keeps, in IndexedDB: the rows that were written, and the settings (key, signer, whose it is, own village, draft).
//
// A row is {seq, id, form, title, written, state, source, plain, marks}; while it is not acknowledged also {data, time, typed,
// village, tries}, where the numbers of persons are. state: waiting, sent, refused (then why, in the gateway's words, by field).
// plain is what names nobody, marks see correcting.js; a correction has corrects (an id) and from (the source of the corrected).
const NAME = "nadi-desa";
const KEPT_SENT = 500;
let opened = null;

function open() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("rows", { keyPath: "seq", autoIncrement: true }).createIndex("state", "state");
      request.result.createObjectStore("settings");
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opened;
}

function answered(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** Run work(store) in one transaction; resolves with its value when the phone's disk has it. */
async function within(store, mode, work) {
  const transaction = (await open()).transaction(store, mode, { durability: "strict" });
  const ended = new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onerror = transaction.onabort = () => reject(transaction.error);
  });
  const value = await work(transaction.objectStore(store));
  await ended;
  return value;
}

export const setting = (name) => within("settings", "readonly", (store) => answered(store.get(name)));
export const keep = (name, value) => within("settings", "readwrite", (store) => answered(store.put(value, name)));
export const forget = (...names) => within("settings", "readwrite", (store) => Promise.all(names.map((name) => answered(store.delete(name)))));

/** What the phone holds to be let in at the gateway. */
export const held = async () => ({ key: await setting("key"), signer: await setting("signer") });

export const rows = () => within("rows", "readonly", (store) => answered(store.getAll()));
export const add = (row) => within("rows", "readwrite", (store) => answered(store.add(row)));
export const clear = () => within("rows", "readwrite", (store) => answered(store.clear()));

/** Whether a row may still be changed: nobody else can have it. */
export const isOwn = (row) => row.state === "refused" || (row.state === "waiting" && row.tries === 0);

/** Replace a row that is still our own by change(row), or delete it where change gives null; false where it is too late. */
export function amend(seq, change) {
  return within("rows", "readwrite", async (store) => {
    const row = await answered(store.get(seq));
    if (!row || !isOwn(row)) return false;
    const next = change(row);
    await answered(next ? store.put(next) : store.delete(seq));
    return true;
  });
}

/** Let everything that was refused wait again, to be sent as it is. */
export function retry() {
  return within("rows", "readwrite", async (store) => {
    for (const { why, ...row } of await answered(store.index("state").getAll("refused"))) store.put({ ...row, state: "waiting", tries: 0, source: "" });
  });
}

/** The first rows that wait, in the order they were written; from now on they may be under way. source(row) says where from. */
export function take(limit, source) {
  return within("rows", "readwrite", async (store) => {
    const found = await answered(store.index("state").getAll("waiting", limit));
    for (const row of found) {
      row.tries += 1;
      row.source ||= source(row);
      store.put(row);
    }
    return found;
  });
}

/** Keep what became of rows: [row, null] was accepted, [row, why] was refused. What was accepted keeps no content. */
export function settle(outcomes, now) {
  return within("rows", "readwrite", async (store) => {
    for (const [row, why] of outcomes) {
      const { seq, id, form, title, written, source, plain, marks, corrects } = row;
      store.put(why ? { ...row, state: "refused", why } : { seq, id, form, title, written, source, plain, marks, corrects, state: "sent", sent: now });
    }
    const sent = await answered(store.index("state").getAllKeys("sent"));
    for (const seq of sent.slice(0, Math.max(0, sent.length - KEPT_SENT))) store.delete(seq);
  });
}
