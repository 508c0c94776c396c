"use strict";
const specs = JSON.parse(document.getElementById("charts").textContent);
const GAP = 20; // between two panels
const EDGE = 12; // what the last label of a horizontal axis takes beyond it

// Small multiples get as many columns as fit; other charts fill the width.
function laidOut(spec, width) {
  const copy = structuredClone(spec);
  const { panel, longest, axis } = copy.usermeta;
  const columns = Math.max(1, Math.floor(width / (8 * longest + 60)));
  copy.config.legend = { ...copy.config.legend, columns };
  if (panel && copy.facet) {
    const fitting = Math.max(1, Math.min(4, Math.floor(width / (panel + GAP))));
    const panels = copy.facet.sort.length;
    copy.columns = Math.ceil(panels / Math.ceil(panels / fitting));
    const axes = copy.resolve?.scale?.y === "independent" ? copy.columns : 1;
    const room = (width - EDGE - axes * axis) / copy.columns - GAP;
    copy.spec.width = Math.min(480, Math.floor(room));
  } else {
    copy.width = "container";
    copy.height = copy.height || Math.min(360, Math.max(240, Math.round(width * 0.42)));
    copy.autosize = { type: "fit-x", contains: "padding" };
  }
  return copy;
}

async function draw(element) {
  const width = element.clientWidth;
  if (element.dataset.width === String(width)) return;
  element.dataset.width = String(width);
  const spec = laidOut(specs[element.dataset.chart], width);
  const options = { renderer: "svg", actions: false, ast: true, tooltip: { theme: "custom" } };
  if (element.view) element.view.finalize();
  element.view = await vegaEmbed(element, spec, options);
}

const elements = [...document.querySelectorAll("[data-chart]")];

// One chart at a time, so that the first is seen while the others are still being drawn.
async function drawAll() {
  for (const element of elements) {
    await draw(element);
    await new Promise((resolve) => setTimeout(resolve));
  }
  document.documentElement.dataset.ready = "true";
}

let waiting;
window.addEventListener("resize", () => {
  clearTimeout(waiting);
  waiting = setTimeout(drawAll, 200);
});

function sortBy(table, index, header) {
  const rising = header.getAttribute("aria-sort") !== "ascending";
  const numeric = !header.classList.contains("text");
  const value = (row) => row.cells[index].dataset.value;
  const compare = (a, b) => {
    const [x, y] = [value(a), value(b)];
    if (x === "" || y === "") return (x === "") - (y === "");
    const order = numeric ? Number(x) - Number(y) : x.localeCompare(y);
    return rising ? order : -order;
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
    header.replaceChildren(button);
    button.addEventListener("click", () => sortBy(table, index, header));
  });
}

drawAll();
