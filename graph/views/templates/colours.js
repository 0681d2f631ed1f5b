/* ---- colours ---- */

const darkScheme = matchMedia("(prefers-color-scheme: dark)");
const themeName = () =>
  (state.printing ? "light" : state.theme || (darkScheme.matches ? "dark" : "light"));
const theme = () => palette[themeName()];
const channels = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
const written = (parts) => `#${parts.map((part) => Math.round(part).toString(16).padStart(2, "0")).join("")}`;

function luminance(colour) {
  const [red, green, blue] = channels(colour).map((channel) => {
    const share = channel / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one, other) {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

function mixed(one, other, share) {
  const [from, to] = [channels(one), channels(other)];
  return written(from.map((part, at) => part + (to[at] - part) * share));
}

const readableAs = new Map();

/* The colour itself, or the nearest towards the ink that stands out so much from the paper. */
function standingOut(colour, least) {
  const { paper, ink } = theme();
  if (!/^#[0-9a-f]{6}$/i.test(colour)) return ink;
  const key = colour + paper + least;
  if (!readableAs.has(key)) {
    let step = 0;
    while (contrast(mixed(colour, ink, step / 20), paper) < least && step < 20) step += 1;
    readableAs.set(key, mixed(colour, ink, step / 20));
  }
  return readableAs.get(key);
}

const readable = (colour) => standingOut(colour, 3);
const readableText = (colour) => standingOut(colour, 4.5);

/* Black or white, whichever can be read on a colour: one of them always stands out 4.5:1. */
const inkOn = (colour) => (contrast("#ffffff", colour) >= contrast("#000000", colour) ? "#ffffff" : "#000000");

const groupColour = (group) => (group < 0 ? "#6e7781" : palette.groups[group % palette.groups.length]);

/* By kind, by a grouping or by a measure. */
function colourOf(node) {
  const [what, which] = state.colour.split(" ");
  if (what === "group") return readable(groupColour(mainGroup(Number(which), node)));
  if (what === "measure") {
    const value = column[`value${which}`][node];
    if (Number.isNaN(value)) return readable("#8a929b");
    const [low, high] = theme().ramp;
    return mixed(low, high, Math.sqrt(clamp(value / (highest[which] || 1), 0, 1)));
  }
  return readable(kindOf(node).colour);
}
