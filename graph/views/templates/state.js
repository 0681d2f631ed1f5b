/* ---- what the reader has chosen ---- */

const VIEWS = ["overview", "network", "chain", "table"];

const state = {
  view: model.opening === "groups" ? "overview" : "network",
  grouping: 0,
  // Drilled into: a group of the grouping (-1 none), an actor and its surroundings, a path.
  group: -1,
  focus: null,
  path: null,
  pathFrom: -1,
  // The selected node first, then the other nodes of a finding; in the overview, a group.
  subjects: [],
  picked: -1,
  hovered: -1,
  measure: 0,
  colour: "kind",
  outline: "auto",
  offNodeKinds: new Set(),
  offLinkKinds: new Set(),
  layers: new Set(layers.filter(({ shown }) => shown).map(({ code }) => code)),
  minimum: 0,
  // 0: at any time.
  year: 0,
  sort: { column: "size", descending: true },
  page: 0,
  theme: "",
  // The reader has zoomed or dragged: do not fit again.
  moved: false,
  dragging: false,
  printing: false,
};
