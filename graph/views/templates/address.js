/* ---- the address: what is in view, to be kept or passed on ---- */

function addressOf() {
  const parts = new URLSearchParams();
  const start = model.opening === "groups" ? "overview" : "network";
  if (state.view !== start) parts.set("v", state.view);
  if (state.grouping) parts.set("by", groupings[state.grouping].code);
  if (state.group >= 0) parts.set("g", state.group);
  if (state.picked >= 0) parts.set("b", state.picked);
  if (state.path) parts.set("p", state.path.nodes.filter((_, at, all) => at === 0 || at === all.length - 1).map(iriOf).join(" "));
  else if (state.subjects.length) parts.set("n", iriOf(state.subjects[0]));
  if (state.focus) parts.set("d", state.focus.steps);
  if (state.measure) parts.set("s", measures[state.measure].code);
  if (state.colour !== "kind") parts.set("c", state.colour);
  if (state.outline !== "auto") parts.set("o", state.outline);
  if (state.offNodeKinds.size) parts.set("hide", [...state.offNodeKinds].join(" "));
  if (state.offLinkKinds.size) parts.set("cut", [...state.offLinkKinds].join(" "));
  const layered = [...state.layers].sort().join(" ");
  if (layered !== layers.filter(({ shown }) => shown).map(({ code }) => code).sort().join(" ")) parts.set("layers", layered);
  if (state.minimum) parts.set("m", state.minimum);
  if (state.year) parts.set("y", state.year);
  if (language !== data.language) parts.set("l", language);
  return parts.toString();
}

let remembered = "";

function rememberAddress() {
  remembered = `#${addressOf()}`;
  // Where history is closed to the page, as in some embedded viewers, only the address is lost.
  try {
    history.replaceState(null, "", remembered);
  } catch {
    // The view itself stands.
  }
}

const placeOf = (iri) => data.iris.findIndex(([start, end]) => data.starts[start] + end === iri);
const among = (value, all) => (all.includes(value) ? value : null);

/* Whatever stands there: what the page does not know is passed over. */
function goToAddress() {
  if (location.hash === remembered) return;
  const parts = new URLSearchParams(location.hash.slice(1));
  const words = (name) => (parts.get(name) || "").split(" ").filter(Boolean);
  const figure = (name, low, high) => clamp(Math.round(Number(parts.get(name))) || 0, low, high);
  if (among(parts.get("l"), languages)) speak(parts.get("l"));
  const start = model.opening === "groups" ? "overview" : "network";
  state.view = among(parts.get("v"), VIEWS) || start;
  state.grouping = Math.max(0, groupings.findIndex(({ code }) => code === parts.get("by")));
  const groups = groupings.length ? groupings[state.grouping].groups.length : 0;
  state.group = parts.has("g") ? figure("g", -1, groups - 1) : -1;
  state.picked = parts.has("b") ? figure("b", -1, groups - 1) : -1;
  state.measure = Math.max(0, measures.findIndex(({ code }) => code === parts.get("s")));
  const colours = ["kind", ...groupings.map((_, at) => `group ${at}`), ...measures.map((_, at) => `measure ${at}`)];
  state.colour = among(parts.get("c"), colours) || "kind";
  state.outline = among(parts.get("o"), ["none", ...groupings.map((_, at) => String(at))]) || "auto";
  state.offNodeKinds = new Set(words("hide").filter((code) => nodeKinds.some((kind) => kind.code === code)));
  state.offLinkKinds = new Set(words("cut").filter((code) => linkKinds.some((kind) => kind.code === code)));
  const known = layers.filter(({ code, shown }) => (parts.has("layers") ? words("layers").includes(code) : shown));
  state.layers = new Set(known.map(({ code }) => code));
  state.minimum = figure("m", 0, mostLinks);
  state.year = among(figure("y", 0, 9999), years) || 0;
  Object.assign(state, { subjects: [], focus: null, path: null });
  measureSizes();
  applyFilters();
  goToActors(words("p").map(placeOf), placeOf(parts.get("n")), figure("d", 0, 3));
}

function goToActors(path, node, steps) {
  if (path.length === 2 && !path.includes(-1)) {
    const nodes = shortestPath(path[0], path[1]);
    if (nodes) Object.assign(state, { path: { nodes }, subjects: nodes, view: state.view === "table" ? "table" : "network" });
  } else if (node >= 0) {
    state.subjects = [node];
    if (steps) state.focus = { node, steps, ...around(node, steps) };
    else if (state.view === "overview") state.view = "network";
    if (!state.focus && NODES > limits.nodes && groupings.length && state.group < 0) {
      state.group = standsFor[state.grouping].get(node) ?? mainGroup(state.grouping, node);
    }
  }
  translate();
  show();
  if (node >= 0 && !steps && !path.length) select([node], { zoom: true });
}
