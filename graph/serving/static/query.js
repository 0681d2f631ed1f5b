/* The page that asks: YASGUI with the question library and the terms of the ontology.

Texts of data reach the page through textContent only. */
"use strict";

const settings = JSON.parse(document.getElementById("settings").textContent);
const endpoint = new URL("sparql", document.baseURI).href;
const form = document.getElementById("parameters");
const fields = document.getElementById("fields");
const fault = document.getElementById("fault");
let asked = null;
let latest = 0;

/* Names of terms and codes after their prefix, wherever a name is being written. */
const terms = {
  name: "klaster-terms",
  bulk: true,
  autoShow: true,
  persistenceId: null,
  get: settings.terms,
  isValidCompletionPosition: (yasqe) => /^[a-z]+:\w*$/.test(yasqe.getCompleteToken().string),
  preProcessToken: (yasqe, token) => token,
};

Yasgui.Yasqe.registerAutocompleter(terms, true);
/* The completers that YASGUI has ask other machines. */
Yasgui.Yasqe.defaults.autocompleters = ["variables", terms.name];

const yasgui = new Yasgui(document.getElementById("yasgui"), {
  requestConfig: { endpoint, method: "POST", acceptHeaderGraph: "text/turtle" },
  persistenceId: null,
  populateFromUrl: false,
  tabName: settings.tab,
  copyEndpointOnNewTab: true,
  endpointCatalogueOptions: { getData: () => [{ endpoint }], keys: [] },
  yasqe: { value: settings.example, persistenceId: null },
  yasr: { persistenceId: null, prefixes: settings.prefixes },
});

function setArguments(values) {
  const given = Object.entries(values).map(([name, value]) => ({ name: `$${name}`, value }));
  yasgui.getTab().setRequestConfig({ args: given });
}

function typed() {
  const given = new URLSearchParams();
  for (const input of fields.querySelectorAll("input")) {
    if (input.value.trim()) given.set(input.name, input.value.trim());
  }
  given.set("lang", document.documentElement.lang);
  return given;
}

/* Have the server find what the typed words mean; only the last answer counts. */
async function bind() {
  const mine = ++latest;
  const answer = await fetch(`questions/${asked.slug}/values?${typed()}`);
  const text = await answer.text();
  if (mine !== latest) return;
  fault.textContent = answer.ok ? "" : text;
  setArguments(answer.ok ? JSON.parse(text) : {});
}

function field(parameter) {
  const label = document.createElement("label");
  const input = document.createElement("input");
  label.textContent = `${parameter.label} (?${parameter.name})`;
  input.name = parameter.name;
  input.value = parameter.default;
  input.autocomplete = "off";
  input.spellcheck = false;
  input.addEventListener("input", () => {
    clearTimeout(input.soon);
    input.soon = setTimeout(bind, 300);
  });
  label.append(input);
  return label;
}

async function ask(button) {
  const lang = document.documentElement.lang;
  const answer = await fetch(`questions/${button.dataset.slug}/text?lang=${lang}`);
  asked = await answer.json();
  for (const other of document.querySelectorAll("#questions [aria-current]")) {
    other.removeAttribute("aria-current");
  }
  button.setAttribute("aria-current", "true");
  document.getElementById("asked").textContent = asked.title;
  fields.replaceChildren(...asked.parameters.map(field));
  form.hidden = asked.parameters.length === 0;
  yasgui.getTab().setQuery(asked.sparql);
  await bind();
}

document.getElementById("questions").addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button) ask(button);
});
form.addEventListener("submit", (event) => event.preventDefault());
document.getElementById("filter").addEventListener("input", (event) => {
  const plain = (text) => text.toLowerCase().replace(/[ʻʼ‘’'`]/g, "");
  const wanted = plain(event.target.value);
  for (const item of document.querySelectorAll("#questions li")) {
    item.hidden = !plain(item.textContent).includes(wanted);
  }
});

window.klasterQuery = { yasgui, terms: settings.terms };
