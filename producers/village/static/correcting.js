// A correction: a new event that replaces a sent one. It counts as one only under the same key of the topic (the family card),
// and the phone does not keep that number, only 8 bits of a hash: enough to see another number, too little to know whose it was.

async function fingerprint(id, text) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(`${id} ${text}`));
  return new Uint8Array(digest)[0];
}

const keysOf = (form) => form.fields.filter((field) => field.key);

/** What is kept of a row's key, by field. */
export async function marksOf(id, form, data) {
  const found = {};
  for (const { name } of keysOf(form)) found[name] = await fingerprint(id, data[name]);
  return found;
}

/** The fields by which a correction would miss the sent row, and what to say of each. */
export async function missed(sent, form, data) {
  const found = {};
  for (const { name, label } of keysOf(form)) {
    const mark = sent?.marks?.[name];
    if (mark === undefined || mark === (await fingerprint(sent.id, data[name]))) continue;
    found[name] = `${label} lain dari yang sudah terkirim, sehingga catatan itu tidak akan terganti. Bila nomor yang terkirim itu yang salah, sampaikan kepada dinas.`;
  }
  return found;
}

/** What is known of the sent row on the phone: where it is from, and the date and village to begin with. */
export const begun = (row) => ({ corrects: row.id, number: row.seq, title: row.title, from: row.source, typed: row.plain || {} });
