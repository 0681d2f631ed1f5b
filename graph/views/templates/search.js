/* ---- search ---- */

const RESULTS = 30;
const searchField = byId("search");
const resultList = byId("results");
// One folded spelling of all names a node; made when first needed, a large network's in idle time.
const spellings = [];
let results = [];
let chosen = 0;

function spell(until) {
  while (spellings.length < until) {
    const node = spellings.length;
    const name = data.texts[column.name[node]];
    const all = [data.texts[column.label[node]], ...(typeof name === "string" ? [name] : name)];
    spellings.push(fold([...new Set(all.flat())].join("\n")));
  }
}

function spellInIdleTime() {
  if (spellings.length >= NODES) return;
  const wait = window.requestIdleCallback || ((act) => setTimeout(act, 50));
  wait(() => {
    spell(Math.min(NODES, spellings.length + 2000));
    spellInIdleTime();
  });
}

function find(text) {
  const wanted = fold(text);
  if (!wanted) return [];
  spell(NODES);
  const [begin, hold] = [[], []];
  for (const node of bySize) {
    if (!spellings[node].includes(wanted)) continue;
    if (fold(nameOf(node)).startsWith(wanted)) begin.push(node);
    else if (hold.length < RESULTS) hold.push(node);
    if (begin.length >= RESULTS) break;
  }
  return [...begin, ...hold].slice(0, RESULTS);
}

function showResults() {
  const asked = Boolean(searchField.value.trim());
  const items = results.map((node, at) => {
    const item = element("li", "", nodeGlyph(kindOf(node)), element("span", "grow", nameOf(node)),
      element("small", "", say(kindOf(node).label)));
    item.id = `result-${at}`;
    item.role = "option";
    item.ariaSelected = String(at === chosen);
    // Before the field loses the focus, which closes the list.
    item.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      choose(at);
    });
    return item;
  });
  if (!items.length) {
    const none = element("li", "quiet", phrase("search_none"));
    none.role = "option";
    none.ariaDisabled = "true";
    items.push(none);
  }
  resultList.replaceChildren(...items);
  closeResults(!asked);
  if (results.length) searchField.setAttribute("aria-activedescendant", `result-${chosen}`);
  resultList.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
}

function closeResults(closed = true) {
  resultList.hidden = closed;
  searchField.ariaExpanded = String(!closed);
  if (closed) searchField.removeAttribute("aria-activedescendant");
}

function choose(at) {
  if (results[at] === undefined) return;
  const node = results[at];
  closeResults();
  select([node], { zoom: true });
}

function searchKey(event) {
  const last = results.length - 1;
  if (event.key === "ArrowDown") chosen = Math.min(chosen + 1, Math.max(0, last));
  else if (event.key === "ArrowUp") chosen = Math.max(chosen - 1, 0);
  else if (event.key === "Enter") return choose(chosen);
  else if (event.key === "Escape") {
    searchField.value = "";
    results = [];
    closeResults();
    return searchField.blur();
  } else return undefined;
  event.preventDefault();
  return showResults();
}
