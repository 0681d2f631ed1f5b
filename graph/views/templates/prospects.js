/* ---- what a cluster exports, and what is near to it ---- */

const SPACE = { width: 300, height: 220, margin: 14 };

function prospectSections(node) {
  const shown = data.prospects[node];
  if (!shown) return [];
  const found = [];
  if (shown.following.length) {
    found.push(section(phrase("next_products"), listOf(shown.following.map((at) => element("li", "finding", say(at))), "")));
    found.push(section(phrase("product_space"), productSpace(shown), legendOfSpace()));
  }
  if (shown.years.length > 1) found.push(section(phrase("concentration_years"), ...yearLines(shown.years)));
  return found;
}

function scaled(places) {
  const [left, top] = [0, 1].map((axis) => Math.min(...places.map((place) => place[axis])));
  const [right, bottom] = [0, 1].map((axis) => Math.max(...places.map((place) => place[axis])));
  const scale = Math.min((SPACE.width - 2 * SPACE.margin) / (right - left || 1), (SPACE.height - 2 * SPACE.margin) / (bottom - top || 1));
  const at = places.map(([x, y]) => [SPACE.width / 2 + (x - (left + right) / 2) * scale, SPACE.margin + (y - top) * scale]);
  return { at, height: (bottom - top) * scale + 2 * SPACE.margin };
}

const spaceColour = (made) => readable(made ? "#3b6ea5" : "#b35900");

/* Names stand in the list below for whoever cannot point: the drawing tells how near they are. */
function productSpace({ products, made, places, links }) {
  const names = products.map(say);
  const told = names.map((name, at) => `${name} (${made[at] ? phrase("made_here") : phrase("not_made_here")})`).join("; ");
  const { at, height } = scaled(places);
  const frame = drawing("svg", { viewBox: `0 0 ${SPACE.width} ${height}`, class: "space", role: "img", "aria-label": told });
  for (const [one, other] of links) {
    frame.append(drawing("line", { x1: at[one][0], y1: at[one][1], x2: at[other][0], y2: at[other][1], class: "near" }));
  }
  at.forEach(([x, y], place) => {
    const fill = spaceColour(made[place]);
    const mark = made[place] ? drawing("circle", { cx: x, cy: y, r: 5, fill })
      : drawing("polygon", { points: `${x},${y - 6} ${x + 6},${y} ${x},${y + 6} ${x - 6},${y}`, fill });
    const title = drawing("title", {});
    title.textContent = names[place];
    mark.append(title);
    frame.append(mark);
  });
  const list = element("p", "quiet", names.filter((_, place) => !made[place]).join(" · "));
  return element("div", "", frame, list);
}

function legendOfSpace() {
  const entry = (made, text) => element("span", "", nodeGlyph({ shape: made ? "circle" : "diamond", colour: spaceColour(made) }), text);
  return element("div", "quiet space-legend", entry(true, phrase("made_here")), entry(false, phrase("not_made_here")));
}

function yearLines(years) {
  const lines = [[phrase("by_product"), 1, ""], [phrase("by_market"), 2, "5 3"]]
    .filter(([, part]) => years.some((year) => year[part] !== null));
  const step = (SPACE.width - 2 * SPACE.margin) / (years.length - 1);
  const told = years.map((year) => `${year[0]}: ${lines.map(([text, part]) => `${text} ${number(year[part])}`).join(", ")}`);
  const frame = drawing("svg", { viewBox: `0 0 ${SPACE.width} 90`, class: "space", role: "img", "aria-label": told.join("; ") });
  for (const [, part, dashes] of lines) {
    const points = years.flatMap((year, at) => (year[part] === null ? [] : [`${SPACE.margin + at * step},${80 - 70 * year[part]}`]));
    const line = { points: points.join(" "), fill: "none", stroke: spaceColour(part === 1), "stroke-width": 2 };
    if (dashes) line["stroke-dasharray"] = dashes;
    frame.append(drawing("polyline", line));
  }
  return [frame, quiet(told.join(" · "))];
}
