/* ---- words and numbers in the reader's language ---- */

const languages = Object.keys(phrases);
let language = languages.includes(data.language) ? data.language : "en";

const PLACES = { en: 0, ru: 1, uz: 2 };

/* A text of the data by its number; most are the same in every language. */
function say(at) {
  const text = data.texts[at];
  return typeof text === "string" ? text : text[PLACES[language]];
}

const nameOf = (node) => say(column.name[node]);
const kindOf = (node) => nodeKinds[column.kind[node]];
const iriOf = (node) => data.starts[data.iris[node][0]] + data.iris[node][1];
const groupName = (grouping, group) => (group < 0 ? phrase("no_group") : say(groupings[grouping].groups[group][0]));

function phrase(key, values = {}) {
  const text = phrases[language][key] || phrases.en[key] || key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
}

function number(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  const options = Number.isInteger(value) ? {} : { maximumSignificantDigits: 3 };
  return new Intl.NumberFormat(language, options).format(value);
}

const clamp = (value, low, high) => Math.max(low, Math.min(high, value));
let collator = new Intl.Collator(language, { numeric: true });
const compare = (a, b) => collator.compare(a, b);

function speak(chosen) {
  language = chosen;
  collator = new Intl.Collator(language, { numeric: true });
}

const CYRILLIC = new Map((
  "аa бb вv гg ғg дd еe ёyo жj зz иi йy кk қq лl мm нn оo ўo пp рr сs тt уu фf хx ҳh цts чch шsh щsh"
  + " ъ ыi ь эe юyu яya"
).split(" ").map((pair) => [pair[0], pair.slice(1)]));

/* One spelling for search: Latin letters, no apostrophes, so that oʻ, o', ў and o meet. */
function fold(text) {
  return text
    .normalize("NFC")
    .toLowerCase()
    .replace(/[\u0400-\u04ff]/g, (letter) => CYRILLIC.get(letter) ?? letter)
    .replace(/['‘’ʻʼ`´ʹ′]/g, "")
    .replace(/ye/g, "e")
    .normalize("NFD")
    .replace(/[\u0300-\u036f]/g, "")
    .replace(/\s+/g, " ")
    .trim();
}
