/* ---- elements ---- */

/* Text among the children becomes text nodes, never markup. */
function element(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

const listOf = (items, className) => element("ul", className, ...items);
const quiet = (text) => element("p", "quiet", text);
const section = (title, ...content) => element("section", "", element("h2", "", title), ...content);

function button(className, action, ...children) {
  const made = element("button", className, ...children);
  made.type = "button";
  made.addEventListener("click", action);
  return made;
}

function option(value, text, chosen) {
  const made = element("option", "", text);
  made.value = value;
  made.selected = String(value) === String(chosen);
  return made;
}

function unread(sign, className) {
  const made = element("span", className, sign);
  made.setAttribute("aria-hidden", "true");
  return made;
}

/* The first of many items, and a button for more. */
function shortened(items, first, className) {
  const list = listOf(items.slice(0, first), className);
  if (items.length <= first) return [list];
  let shown = first;
  const more = button("link", () => {
    const start = shown;
    shown = Math.min(items.length, shown + 100);
    list.append(...items.slice(start, shown));
    if (shown === items.length) more.remove();
    else more.textContent = phrase("more", { n: number(items.length - shown) });
    list.children[start]?.querySelector("button, a")?.focus();
  }, phrase("more", { n: number(items.length - first) }));
  return [list, more];
}

function drawing(tag, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

function glyph(width, ...shapes) {
  const frame = drawing("svg", { viewBox: `0 0 ${width} 16`, width, height: 16, "aria-hidden": true });
  frame.append(...shapes);
  return frame;
}

const POLYGONS = {
  square: "2.5,2.5 13.5,2.5 13.5,13.5 2.5,13.5",
  diamond: "8,1 15,8 8,15 1,8",
  triangle: "8,1.5 15,14 1,14",
  triangleDown: "8,14.5 15,2 1,2",
  star: "8,.5 9.9,5.4 15.1,5.7 11,9 12.4,14.1 8,11.2 3.6,14.1 5,9 .9,5.7 6.1,5.4",
  hexagon: "15,8 11.5,14.1 4.5,14.1 1,8 4.5,1.9 11.5,1.9",
};

function nodeGlyph({ shape, colour }) {
  const fill = readable(colour);
  const points = POLYGONS[shape];
  return glyph(16, points ? drawing("polygon", { points, fill }) : drawing("circle", { cx: 8, cy: 8, r: 6, fill }));
}

function linkGlyph({ colour, directed, dashed }) {
  const fill = readable(colour);
  const line = { x1: 1, y1: 8, x2: directed ? 20 : 25, y2: 8, stroke: fill, "stroke-width": 2 };
  if (dashed) line["stroke-dasharray"] = "5 3";
  const head = directed ? [drawing("polygon", { points: "19,4 26,8 19,12", fill })] : [];
  return glyph(27, drawing("line", line), ...head);
}

/* Where a fact was taken from. An address is a link only where it leads to the web. */
function reference(of, at) {
  const [titleAt, addressAt, rowAt] = data.references[column[`${of}Cited`][at]];
  const [title, address] = [say(titleAt), say(addressAt)];
  const row = say(rowAt) + (column[`${of}CitedRow`][at] || "");
  const made = element("li", "");
  const target = URL.canParse(address) && new URL(address);
  if (target && /^https?:$/.test(target.protocol)) {
    const anchor = element("a", "", title || address);
    Object.assign(anchor, { href: target.href, target: "_blank", rel: "noopener noreferrer" });
    made.append(anchor);
  } else {
    made.append([title, address].filter(Boolean).join(" · "));
  }
  if (row) made.append(element("span", "quiet", `${made.textContent ? " · " : ""}${phrase("source_row", { row })}`));
  return made;
}

function references(of, at) {
  const starts = column[`${of}CitedStart`];
  const found = [];
  for (let cited = starts[at]; cited < starts[at + 1]; cited += 1) found.push(reference(of, cited));
  return found.filter((made) => made.textContent);
}
