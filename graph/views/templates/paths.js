/* ---- going in and out: views, groups, surroundings, paths ---- */

/* Shows the view that is chosen, with what is around the canvas. */
function show() {
  const table = state.view === "table";
  byId("network").inert = table;
  byId("zoom").hidden = table;
  byId("table").hidden = !table;
  for (const view of VIEWS) byId(`show-${view}`).setAttribute("aria-pressed", state.view === view);
  for (const id of ["save-png", "save-svg"]) byId(id).disabled = table;
  hideTip();
  showCrumbs();
  draw();
  showPanel();
  showReadout();
  rememberAddress();
  if (table) showTable();
}

function setView(view) {
  if (view === "overview") Object.assign(state, { group: -1, focus: null, path: null, subjects: [] });
  if (view === "chain") Object.assign(state, { focus: null, path: null });
  Object.assign(state, { view, picked: -1, page: 0 });
  show();
}

function openGroup(grouping, group) {
  Object.assign(state, { grouping, group, focus: null, path: null, subjects: [], picked: -1, page: 0 });
  if (state.view === "overview") state.view = "network";
  byId("grouping").value = grouping;
  show();
}

/* What a double click or Enter does. */
function enter({ node, group }) {
  if (node < 0) return openGroup(state.grouping, group);
  const at = groupings.findIndex((_, grouping) => standsFor[grouping].has(node));
  return at >= 0 ? openGroup(at, standsFor[at].get(node)) : focusOn(node, 1);
}

function enterChosen() {
  const mark = scene.marks.find(isChosen);
  if (mark) enter(mark);
}

function focusOn(node, steps) {
  if (!nodeOn[node]) reveal([node]);
  const view = state.view === "table" ? "table" : "network";
  Object.assign(state, { focus: { node, steps, ...around(node, steps) }, path: null, subjects: [node], picked: -1, page: 0, view });
  show();
}

/* One step further around the selected actor, and after the third from the start again. */
function cycleSteps() {
  const [node] = state.subjects;
  if (node === undefined) return;
  focusOn(node, state.focus?.node === node ? (state.focus.steps % 3) + 1 : 1);
}

function startPath(node) {
  state.pathFrom = node ?? -1;
  showReadout();
  if (node !== undefined) byId("search").focus();
}

function endPath(to) {
  const from = state.pathFrom;
  state.pathFrom = -1;
  const nodes = from === to ? null : shortestPath(from, to);
  if (!nodes) {
    select([to], { zoom: true });
    byId("readout").textContent = phrase("path_none", { from: nameOf(from), to: nameOf(to) });
    return;
  }
  Object.assign(state, { path: { nodes }, focus: null, subjects: nodes, picked: -1, page: 0 });
  if (state.view !== "table") state.view = "network";
  show();
  byId("readout").textContent = phrase("path_found", {
    n: number(nodes.length - 1), way: nodes.map(nameOf).join(" – "),
  });
}

/* One level up: out of a path, surroundings, a group, to the overview. */
function up() {
  if (state.path) state.path = null;
  else if (state.focus) state.focus = null;
  else if (state.group >= 0) Object.assign(state, { group: -1, view: state.view === "network" && model.opening === "groups" ? "overview" : state.view });
  else return groupings.length ? setView("overview") : undefined;
  state.subjects = [];
  return show();
}

function showCrumbs() {
  const parts = [[phrase("all"), () => {
    Object.assign(state, { group: -1, focus: null, path: null, subjects: [] });
    if (model.opening === "groups" && state.view === "network") state.view = "overview";
    show();
  }]];
  if (state.group >= 0) {
    parts.push([groupName(state.grouping, state.group), () => {
      Object.assign(state, { focus: null, path: null, subjects: [] });
      show();
    }]);
  }
  if (state.focus) parts.push([`${nameOf(state.focus.node)} · ${phrase("surroundings", { n: number(state.focus.steps) })}`, null]);
  if (state.path) {
    const { nodes } = state.path;
    parts.push([phrase("path_title", { from: nameOf(nodes[0]), to: nameOf(nodes[nodes.length - 1]) }), null]);
  }
  const crumbs = byId("crumbs");
  crumbs.hidden = parts.length < 2;
  crumbs.replaceChildren(element("ol", "", ...parts.map(([name, act], at) => {
    const last = at === parts.length - 1;
    const item = element("li", "", last ? element("span", "", shorten(name, 60)) : button("link", act, shorten(name, 40)));
    if (last) item.firstChild.setAttribute("aria-current", "true");
    return item;
  })));
}
