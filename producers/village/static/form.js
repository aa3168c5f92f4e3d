// A form on the page, made from its description: fields, what was typed, and what of it is wrong.
const EMPTY = "Kosong";

function node(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== false && value !== undefined) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

function options(field, list) {
  const blank = field.blank || (field.required ? "Pilih…" : EMPTY);
  return [node("option", { value: "" }, blank), ...list.map(([value, label]) => node("option", { value }, capital(label)))];
}

/** The inputs of a field by the part of it they hold. */
function inputs(field, lists) {
  const id = `field-${field.name}`;
  const common = { id, name: field.name, "aria-describedby": `${id}-error`, "aria-required": String(field.required) };
  if (field.kind === "choice") return [node("select", common, ...options(field, lists[field.list]))];
  if (field.kind === "flag") return [node("input", { ...common, type: "checkbox" })];
  if (field.kind === "time") return [node("input", { ...common, type: "date" }), node("input", { id: `${id}-clock`, name: `${field.name}-clock`, type: "time" })];
  const digits = field.kind === "digits" || field.kind === "number";
  return [node("input", { ...common, type: "text", autocomplete: "off", inputmode: digits && "numeric" })];
}

function label(field, control, text = field.label) {
  return node("label", { for: control.id }, text, ...(field.required ? [] : [node("i", {}, " (boleh kosong)")]));
}

/** One field as it stands on the page: its element, its inputs, and where its error is said. */
function place(field, lists) {
  const controls = inputs(field, lists);
  const [first, clock] = controls;
  const error = node("p", { class: "error", id: `${first.id}-error` });
  const note = field.note || (field.kind === "digits" ? `${field.length} angka` : "");
  const notes = note ? [node("p", { class: "note" }, note)] : [];
  const named = () => (clock ? [node("div", { class: "moment" }, node("div", {}, label(field, first), first), node("div", {}, label({}, clock, "Jam"), clock))] : [label(field, first), first]);
  const shown = field.kind === "flag" ? [node("label", { class: "check" }, first, field.label)] : named();
  return { field, controls, error, element: node("div", { class: "field" }, ...shown, ...notes, error) };
}

/** What is wrong with what was typed; "" where nothing is. */
function wrong(field, text) {
  if (!text) return field.required ? "Wajib diisi." : "";
  if (field.kind === "digits") {
    const digits = text.replace(/[ .-]/g, "");
    if (!/^\d*$/.test(digits)) return `Hanya ${field.length} angka, tanpa huruf.`;
    if (digits.length !== field.length) return `Harus ${field.length} angka; sekarang ${digits.length}.`;
  }
  if (field.kind === "number" && !/^\d{1,9}$/.test(text)) return "Tulis bilangan bulat.";
  if (field.kind === "prose" && /\d(?:[ .-]?\d){9}/.test(text)) return "Jangan menulis nomor orang di sini.";
  return "";
}

/** Build the inputs of a form into a container. own is the phone's own village; a correction is also asked for its reason. */
export function build(form, description, own, container, correcting = false) {
  const placed = [...(correcting ? [description.reason] : []), ...form.fields].map((field) => place(field, description.lists));
  container.replaceChildren(...placed.map(({ element }) => element));
  const moment = (date, clock) => `${date}T${clock || "00:00"}:00${description.offset}`;
  const textOf = ({ field, controls: [first] }) => (field.kind === "flag" ? (first.checked ? "ya" : "") : first.value.trim());

  function values() {
    const found = {};
    for (const { controls } of placed) for (const control of controls) found[control.name] = control.type === "checkbox" ? control.checked : control.value;
    return found;
  }

  function fill(given) {
    for (const { field, controls, error } of placed) {
      error.textContent = "";
      for (const control of controls) {
        control.removeAttribute("aria-invalid");
        if (control.type === "checkbox") control.checked = Boolean(given[control.name]);
        else control.value = given[control.name] ?? (field.own ? own : "");
      }
    }
  }

  /** Say what is wrong and go to the first of it; whether nothing is. also: what else is wrong, by field. */
  function check(also = {}) {
    let first = null;
    for (const one of placed) {
      const said = wrong(one.field, textOf(one)) || also[one.field.name] || "";
      one.error.textContent = said;
      if (said) one.controls[0].setAttribute("aria-invalid", "true");
      else one.controls[0].removeAttribute("aria-invalid");
      if (said) first ||= one.controls[0];
    }
    first?.focus();
    return !first;
  }

  /** What a row keeps of it: data and time of the event, what was typed, and title and plain without numbers of persons. */
  function read() {
    const data = { ...form.constants };
    const plain = {};
    const title = [form.title];
    let time = "";
    for (const one of placed) {
      const { field, controls } = one;
      const text = textOf(one);
      if (!text) continue;
      if (field.kind === "time") {
        const at = moment(text, controls[1].value);
        if (field.name === "occurred_at") {
          time = at;
          plain[field.name] = text;
          title.push(new Date(`${text}T00:00Z`).toLocaleDateString("id-ID", { timeZone: "UTC", dateStyle: "long" }));
        } else data[field.name] = Date.parse(at);
      } else if (field.kind === "number") data[field.name] = Number(text);
      else if (field.kind === "flag") data[field.name] = true;
      else if (field.kind === "digits") data[field.name] = text.replace(/[ .-]/g, "");
      else data[field.name] = text;
      if (field.own) {
        plain[field.name] = text;
        title.push(controls[0].selectedOptions?.[0].textContent ?? text);
      }
    }
    return { form: form.name, type: form.type, title: title.join(" · "), time, data, plain, typed: values() };
  }

  fill({});
  return { form, values, fill, check, read };
}

/** A refusal as sentences: the gateway's, with the titles of fields in place of their names. */
export function sentences(problem, fields) {
  const errors = problem.errors?.length ? problem.errors : [{ pointer: "", detail: problem.detail }];
  return errors.map(({ pointer, detail }) => {
    const name = pointer.split("/").pop();
    const title = fields.find((field) => field.name === name)?.label;
    if (!title) return capital(detail);
    return detail.includes(name) ? capital(detail.replaceAll(name, title)) : `${title}: ${detail}`;
  });
}
