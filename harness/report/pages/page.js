"use strict";
const { figures: specs, conditions } = JSON.parse(document.getElementById("charts").textContent);
for (const spec of Object.values(specs)) {
  for (const [name, columns] of Object.entries(spec.datasets)) spec.datasets[name] = unpacked(columns);
}
const elements = [...document.querySelectorAll("[data-chart]")];
const beside = document.getElementById("beside");
const main = document.querySelector("main");
const selectionBar = document.getElementById("selection");
const GAP = 20; // between two panels
const EDGE = 12; // what the last label of a horizontal axis takes beyond it
const CHARACTER = 7.5; // the width of one, in the title of a panel
const AROUND = 55; // heading and axis of a panel, above and below it
const ENDS = "line_ends"; // the layer of names at the ends of lines
const WIDE = 600; // charts of this width have names at the ends of lines, others above
const AHEAD = "600px"; // how far outside the window a chart is drawn already

// The rows of data that came by column (`packed` of vega.py).
function unpacked(columns) {
  const values = ([name, all]) => [name, Array.isArray(all) ? all : all.at.map((place) => all.of[place])];
  const filled = Object.entries(columns).map(values);
  const number = filled[0]?.[1].length ?? 0;
  const row = (place) => Object.fromEntries(filled.map(([name, all]) => [name, all[place]]));
  return Array.from({ length: number }, (_, place) => row(place));
}

// A chart without its data: small multiples get as many columns as fit, others fill the width.
function laidOut(name, width, two = false) {
  const { datasets, ...rest } = specs[name];
  const copy = structuredClone(rest);
  if (two) sideBySide(copy);
  const { panel, longest, axis } = copy.usermeta;
  const columns = Math.max(1, Math.floor(width / (8 * longest + 60)));
  copy.config.legend = { ...copy.config.legend, columns };
  copy.config.axis = { ...copy.config.axis, titleLimit: Math.max(150, width - 90) };
  if (copy.facet) {
    const fitting = Math.max(1, Math.min(4, Math.floor(width / (panel + GAP))));
    const panels = copy.facet.sort.length;
    copy.columns = Math.ceil(panels / Math.ceil(panels / fitting));
    const axes = copy.resolve?.scale?.y === "independent" ? copy.columns : 1;
    const room = (width - EDGE - axes * axis) / copy.columns - GAP;
    copy.spec.width = Math.min(480, Math.floor(room));
    fitTitles(copy);
  } else {
    copy.width = two ? Math.min(width, 620) : "container";
    copy.height = copy.height || Math.min(360, Math.max(240, Math.round(width * 0.42)));
    copy.autosize = { type: "fit-x", contains: "padding" };
  }
  return copy;
}

// Titles of panels: long names are cut in the middle, so that n stays.
function fitTitles({ params = [], facet, spec }) {
  const room = spec.width;
  facet.header.labelLimit = room;
  const { value } = params.find((param) => param.name === "panels") ?? {};
  if (value) value.room = Math.max(8, Math.floor(room / CHARACTER) - Math.max(...value.n.map((n) => n.length)));
}

// About how high a chart will be, so that little moves when it is drawn.
function height(spec) {
  if (!spec.columns) return spec.height + AROUND;
  return Math.ceil(spec.facet.sort.length / spec.columns) * (spec.spec.height + AROUND);
}

// Vega warns of a column without a value, such as the intervals of too few networks, of which it
// rightly draws nothing. What is wrong with a chart is said by Vega-Lite, to its own logger.
const VEGA_ERRORS = 1;
const logger = {
  level: () => logger,
  error: (...said) => (console.error(...said), logger),
  warn: (...said) => (console.warn(...said), logger),
  info: () => logger,
  debug: () => logger,
};

// Names stand at the ends of lines where there is room, else above the chart, as buttons.
function placeNames(element, spec, width) {
  if (!spec.usermeta.series?.ends) return;
  const wide = width >= WIDE && !chosen.has("density");
  element.previousElementSibling.hidden = wide || !spec.layer;
  if (!wide && spec.layer) spec.layer = spec.layer.filter((part) => part.name !== ENDS);
}

async function draw(element) {
  const width = element.clientWidth || main.clientWidth; // a folded chart has none
  if (element.dataset.width === String(width)) return;
  element.dataset.width = String(width);
  const two = beside.contains(element);
  const spec = laidOut(element.dataset.chart, width, two);
  spec.datasets = structuredClone(specs[element.dataset.chart].datasets); // Vega adds to rows
  placeNames(element, spec, width);
  if (!select(spec, two)) {
    element.view?.view.finalize();
    element.view = null;
    element.textContent = "Nothing in this figure is selected.";
    return;
  }
  const options = { renderer: "svg", actions: false, ast: true, logger, logLevel: VEGA_ERRORS };
  options.tooltip = { theme: "custom" };
  if (element.view) element.view.finalize();
  element.view = await vegaEmbed(element, spec, options);
  element.style.minHeight = "";
  showPicked(element);
  element.querySelectorAll("input[type=range]").forEach((slider) => saySlider(element, slider));
}

// A slider counts; what its number stands for is the title of its chart.
function saySlider(element, slider) {
  const say = () => {
    const title = element.querySelector(".role-title-text");
    if (title) slider.setAttribute("aria-valuetext", title.textContent);
  };
  slider.addEventListener("input", () => element.view.view.runAsync().then(say));
  say();
}

// Series picked out by name, on the whole page; none means all.
const picked = new Set();

function showPicked(element) {
  const { series } = specs[element.dataset.chart].usermeta;
  if (!series) return;
  const names = series.names.filter((name) => picked.has(name));
  element.view?.view.signal(series.param, names).runAsync();
  for (const button of element.previousElementSibling.querySelectorAll("button")) {
    button.setAttribute("aria-pressed", String(picked.has(button.value)));
  }
}

function pick(name) {
  if (!picked.delete(name)) picked.add(name);
  elements.forEach(showPicked);
}

const SYMBOLS = {
  circle: "M8 3a5 5 0 1 0 .01 0z",
  square: "M3.5 3.5h9v9h-9z",
  "triangle-up": "M8 2.5l6 10.5h-12z",
  diamond: "M8 2l5 6-5 6-5-6z",
  cross: "M6 2.5h4v3.5h3.5v4h-3.5v3.5h-4v-3.5h-3.5v-4h3.5z",
  "triangle-down": "M8 13.5l6-10.5h-12z",
};

function symbol(shape, colour) {
  const drawing = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  drawing.setAttribute("viewBox", "0 0 16 16");
  drawing.setAttribute("aria-hidden", "true");
  path.setAttribute("d", SYMBOLS[shape] || SYMBOLS.circle);
  path.style.fill = colour;
  drawing.append(path);
  return drawing;
}

// The legend of a chart, as buttons.
function addButtons(element) {
  const { series } = specs[element.dataset.chart].usermeta;
  if (!series || series.names.length < 2) return;
  const { names, colours, shapes, title } = series;
  const group = element.previousElementSibling;
  const buttons = names.map((name, number) => {
    const button = document.createElement("button");
    const label = document.createElement("span");
    label.textContent = name;
    button.append(symbol(shapes[number % shapes.length], colours[number % colours.length]), label);
    Object.assign(button, { type: "button", value: name, title: name.length > 40 ? name : "" });
    button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", () => pick(name));
    return button;
  });
  group.append(title, ...buttons);
  group.hidden = false;
}

// One chart that cannot be drawn leaves the others as they are.
function failed(element, error) {
  console.error(error);
  element.textContent = `This figure could not be drawn: ${error.message}`;
}

// Charts are drawn one at a time, so that the first is seen while the others are being drawn.
let drawing = Promise.resolve();

function drawSoon(some) {
  for (const element of some) {
    drawing = drawing
      .then(() => draw(element))
      .catch((error) => failed(element, error))
      .then(() => new Promise((resolve) => setTimeout(resolve)));
  }
  return drawing;
}

const watcher = new IntersectionObserver(
  (entries) => {
    const near = entries.filter((entry) => entry.isIntersecting).map((entry) => entry.target);
    near.forEach((element) => watcher.unobserve(element));
    drawSoon(near).then(() => (document.documentElement.dataset.ready = "true"));
  },
  { rootMargin: `${AHEAD} 0px` },
);

function drawAll() {
  elements.forEach((element) => watcher.unobserve(element));
  return drawSoon(elements);
}
window.drawAll = drawAll;

for (const element of elements) {
  addButtons(element);
  const spec = laidOut(element.dataset.chart, element.clientWidth || main.clientWidth);
  element.style.minHeight = `${height(spec)}px`;
  watcher.observe(element);
}
if (!elements.length) document.documentElement.dataset.ready = "true";

// Paper has no time: these are drawn before the handler's own promises give way to printing.
window.addEventListener("beforeprint", () => {
  document.querySelectorAll("main details").forEach((part) => (part.open = true));
  elements.forEach(draw);
});

// A link into folded parts opens them.
function unfold() {
  let part = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (; part; part = part.parentElement) if (part instanceof HTMLDetailsElement) part.open = true;
}
window.addEventListener("hashchange", unfold);
unfold();

for (const button of document.querySelectorAll("[data-copy]")) {
  const source = document.getElementById(button.dataset.copy);
  button.addEventListener("click", async () => {
    getSelection().selectAllChildren(source);
    // A page opened from a file may not have the clipboard; the selection can be copied by hand.
    await navigator.clipboard?.writeText(source.textContent).then(
      () => (button.textContent = "Copied"),
      () => {},
    );
  });
}

for (const input of document.querySelectorAll("[data-filter]")) {
  const rows = [...document.getElementById(input.dataset.filter).rows];
  input.addEventListener("input", () => {
    const wanted = input.value.trim().toLowerCase();
    for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
  });
}

let waiting;
window.addEventListener("resize", () => {
  clearTimeout(waiting);
  waiting = setTimeout(() => drawSoon(elements.filter((element) => element.view)), 200);
});

function sortBy(table, index, header) {
  const rising = header.getAttribute("aria-sort") !== "ascending";
  const numeric = !header.classList.contains("text");
  const densities = header.classList.contains("kept"); // shown as % pruned
  const value = (row) => row.cells[index].dataset.value;
  const compare = (a, b) => {
    const [x, y] = [value(a), value(b)];
    if (x === "" || y === "") return (x === "") - (y === "");
    const order = numeric ? Number(x) - Number(y) : x.localeCompare(y);
    return rising !== densities ? order : -order;
  };
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", rising ? "ascending" : "descending");
  table.tBodies[0].append(...[...table.tBodies[0].rows].sort(compare));
}

for (const table of document.querySelectorAll("table.sortable")) {
  [...table.tHead.rows[0].cells].forEach((header, index) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = header.textContent;
    button.title = header.title;
    header.removeAttribute("title");
    header.replaceChildren(button);
    button.addEventListener("click", () => sortBy(table, index, header));
  });
}
