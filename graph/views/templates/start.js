/* ---- language, theme, controls, and the start ---- */

function translate() {
  document.documentElement.lang = language;
  document.title = say(data.title);
  byId("title").textContent = say(data.title);
  const revision = data.revision && phrase("revision", { revision: data.revision });
  byId("note").textContent = [say(data.note), revision].filter(Boolean).join(" · ");
  for (const made of document.querySelectorAll("[data-phrase]")) made.textContent = phrase(made.dataset.phrase);
  for (const made of document.querySelectorAll("[data-label]")) {
    made.setAttribute("aria-label", phrase(made.dataset.label));
    if (made.localName === "button") made.title = phrase(made.dataset.label);
  }
  searchField.placeholder = phrase(searchField.dataset.placeholder);
  network.canvas.frame.setAttribute("aria-label", phrase("canvas"));
  byId("language").value = language;
  showFilters();
  showCounts();
  labelsFor = "";
}

/* Everything anew in another language, in the same view. */
function sayAgain() {
  translate();
  showCrumbs();
  showNotice();
  showPanel();
  if (state.view === "table") showTable();
  showReadout();
  rememberAddress();
  network.redraw();
}

function turnTheme() {
  state.theme = themeName() === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = state.theme;
  recolour();
}

function recolour() {
  showFilters();
  showPanel();
  restyle();
}

const on = (id, type, action) => byId(id).addEventListener(type, action);
const onChange = (id, action) => on(id, "change", ({ target }) => action(target.value));

function listenToControls() {
  for (const view of VIEWS) on(`show-${view}`, "click", () => setView(view));
  on("save-png", "click", savePng);
  on("save-svg", "click", saveSvg);
  on("save-csv", "click", saveCsv);
  on("save-gexf", "click", saveGexf);
  on("print", "click", () => window.print());
  on("theme", "click", turnTheme);
  on("show-help", "click", toggleHelp);
  on("close-help", "click", toggleHelp);
  on("zoom-in", "click", KEYS["+"]);
  on("zoom-out", "click", KEYS["-"]);
  on("zoom-fit", "click", KEYS[0]);
  onChange("language", (chosen) => {
    speak(chosen);
    sayAgain();
  });
  onChange("measure", (chosen) => {
    state.measure = Number(chosen);
    measureSizes();
    stylesFor = "";
    showFilters();
    if (scene.leftOut) draw({ keep: true });
    else {
      restyle();
      showNotice();
    }
    showPanel();
    rememberAddress();
  });
  onChange("colour", (chosen) => {
    state.colour = chosen;
    showColours();
    restyle();
    rememberAddress();
  });
  onChange("grouping", (chosen) => {
    Object.assign(state, { grouping: Number(chosen), group: -1, picked: -1 });
    show();
  });
  onChange("outline", (chosen) => {
    state.outline = chosen;
    draw({ keep: true });
    rememberAddress();
  });
}

function listen() {
  listenToControls();
  document.addEventListener("keydown", pageKey);
  on("search", "keydown", searchKey);
  on("search", "focus", spellInIdleTime);
  on("search", "input", () => {
    results = find(searchField.value);
    chosen = 0;
    showResults();
  });
  on("search", "blur", () => closeResults());
  on("minimum", "input", ({ target }) => {
    state.minimum = Number(target.value);
    byId("minimum-shown").textContent = number(state.minimum);
    filter();
  });
  on("year", "input", ({ target }) => {
    state.year = years[Number(target.value) - 1] || 0;
    showYear();
    filter();
  });
  darkScheme.addEventListener("change", recolour);
  for (const name of ["beforeprint", "afterprint"]) {
    window.addEventListener(name, () => {
      state.printing = name === "beforeprint";
      recolour();
      if (state.view === "table") showTable();
    });
  }
  window.addEventListener("hashchange", goToAddress);
  document.addEventListener("click", ({ target }) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(target) || target.closest("button")) menu.open = false;
    }
  });
}

byId("page").hidden = false;
byId("language").replaceChildren(...languages.map((code) => option(code, phrases[code].language_name, language)));
measureSizes();
applyFilters();
start();
if (location.hash.length > 1) goToAddress();
else {
  translate();
  show();
}
listen();

/* Read only: for tests that ask what is drawn where. */
window.klasterPage = Object.freeze({
  labelBoxes: () => boxes.map((box) => ({ ...box })),
  visible: () => scene.marks.map(({ node }) => node).filter((node) => node >= 0).sort((a, b) => a - b),
  groups: () => scene.marks.filter(({ node }) => node < 0).map(({ group, count }) => ({ group, count })),
  ties: () => scene.ties.map(({ link, count }) => ({ link, count: count || 0 })),
  scene: () => ({ kind: scene.kind, hulls: (scene.hulls || []).length, leftOut: scene.leftOut }),
  place: (node) => ({ ...middle(scene.place.get(node)) }),
  groupPlace: (group) => ({ ...middle(scene.marks.findIndex((mark) => mark.node < 0 && mark.group === group)) }),
  scale: () => network.getScale(),
  selected: () => [...state.subjects],
});
byId("page").dataset.ready = "yes";
