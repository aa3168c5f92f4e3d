// The key, questions to the gateway, and elements made of text alone. Nothing here or elsewhere writes HTML.
const STORED = "nadi-key";
const byId = (id) => document.getElementById(id);

export { byId };

export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail || problem.title || "Gerbang tidak menjawab.");
    this.status = status;
    this.problem = problem;
  }
}

export async function ask(path, body) {
  const options = { cache: "no-store", headers: { authorization: `Bearer ${sessionStorage.getItem(STORED)}` } };
  if (body !== undefined) {
    options.method = "POST";
    options.body = JSON.stringify(body);
    options.headers["content-type"] = "application/json";
  }
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new Refused(0, { detail: "Gerbang tidak dapat dihubungi; dicoba lagi." });
  }
  if (answer.status === 204) return null;
  const found = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(answer.status, found);
  return found;
}

export function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "onclick") made.addEventListener("click", value);
    else if (value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

export function cell(label, attributes, ...children) {
  return make("td", { "data-label": label, ...attributes }, ...children);
}

export function fill(table, rows, empty) {
  const columns = table.querySelectorAll("thead th").length;
  const none = make("tr", {}, make("td", { class: "empty", colspan: columns }, empty));
  table.tBodies[0].replaceChildren(...(rows.length ? rows : [none]));
}

// Opens the page with the key of this tab, or asks for it; `look` is called every `seconds` while the page is visible.
export function open(look, seconds) {
  const form = byId("key-form"), told = byId("told");
  let timer = 0, turn = 0;

  function say(text) {
    told.textContent = text;
    told.hidden = !text;
  }
  function close(text) {
    clearTimeout(timer);
    turn += 1;
    sessionStorage.removeItem(STORED);
    byId("open").hidden = true;
    form.hidden = false;
    say(text);
  }
  async function again() {
    clearTimeout(timer);
    const mine = ++turn;
    if (byId("open").hidden) say("Sedang memuat; pembacaan pertama sesudah gerbang dimulai dapat memakan waktu.");
    try {
      if (!document.hidden) await look();
      if (mine !== turn) return;
      form.hidden = true;
      byId("open").hidden = false;
      byId("live").textContent = "● langsung";
      say("");
    } catch (error) {
      if (mine !== turn) return;
      if (!(error instanceof Refused)) throw error;
      if ([401, 403, 404].includes(error.status)) return close(error.message);
      byId("live").textContent = "○ terputus";
      say(error.message);
    }
    timer = setTimeout(again, seconds * 1000);
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    sessionStorage.setItem(STORED, byId("key").value.trim().replace(/^NADI_KEY=/, ""));
    byId("key").value = "";
    again();
  });
  byId("leave").addEventListener("click", () => {
    close("");
    location.reload();
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && sessionStorage.getItem(STORED)) again();
  });
  if (sessionStorage.getItem(STORED)) again();
  else form.hidden = false;
  return again;
}
