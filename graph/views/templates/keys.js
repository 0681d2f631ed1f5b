/* ---- keys ---- */

const KEYS = {
  "/": () => searchField.focus(),
  "?": () => toggleHelp(),
  1: () => setView("overview"),
  2: () => setView("network"),
  3: () => setView("chain"),
  4: () => setView("table"),
  n: () => step(1),
  p: () => step(-1),
  o: enterChosen,
  u: up,
  Backspace: up,
  e: cycleSteps,
  w: () => startPath(state.subjects[0]),
  c: () => next("colour"),
  s: () => next("measure"),
  l: () => next("language"),
  t: () => turnTheme(),
  "+": () => zoomBy(1.3),
  "=": () => zoomBy(1.3),
  "-": () => zoomBy(1 / 1.3),
  0: () => fitAgain(),
  Escape: () => {
    state.pathFrom = -1;
    select([]);
  },
};

/* What each key does, for the help: the keys, and the phrase. */
const HELP = [
  ["/", "help_search"], ["1 2 3 4", "help_views"], ["n  p", "help_next"], ["o  Enter", "help_open"],
  ["u  Backspace", "help_up"], ["e", "help_steps"], ["w", "help_path"], ["s", "help_size"], ["c", "help_colour"],
  ["+ − 0", "help_zoom"], ["← ↑ → ↓", "help_move"], ["l", "help_language"], ["t", "help_theme"], ["Esc", "help_clear"], ["?", "help_help"],
];

function toggleHelp() {
  const help = byId("help");
  if (help.open) return help.close();
  byId("help-keys").replaceChildren(...HELP.flatMap(([keys, key]) =>
    [element("dt", "", element("kbd", "", keys)), element("dd", "", phrase(key))]));
  return help.showModal();
}

/* The next choice of a list, as if the reader had taken it. */
function next(id) {
  const list = byId(id);
  list.selectedIndex = (list.selectedIndex + 1) % list.options.length;
  list.dispatchEvent(new Event("change"));
}

/* From mark to mark, the largest first. */
function step(by) {
  const marks = scene.marks.map((_, mark) => mark);
  if (!marks.length) return;
  const weight = ({ node, count }) => (node < 0 ? 1e9 + count : sizes[node]);
  marks.sort((a, b) => weight(scene.marks[b]) - weight(scene.marks[a]) || a - b);
  const at = marks.findIndex((mark) => isChosen(scene.marks[mark]));
  const next = at < 0 ? (by > 0 ? 0 : marks.length - 1) : (at + by + marks.length) % marks.length;
  const { node, group } = scene.marks[marks[next]];
  if (node < 0) pickGroup(group);
  else select([node], { zoom: state.view !== "overview" });
}

function pageKey(event) {
  const { target } = event;
  const typing = target instanceof Element && target.closest("input[type=search], input[type=range], select, dialog[open]");
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Enter" && target instanceof Element && target.closest(".vis-network")) return enterChosen();
  const action = Object.hasOwn(KEYS, event.key) && KEYS[event.key];
  if (!action) return;
  event.preventDefault();
  action();
}
