
// What figures and tables show: values by field; a field without any shows all. The address has it.
const FIELDS = {
  task: "Task",
  architecture: "Architecture",
  pruner: "Pruner",
  density: "% pruned",
  null: "Null",
  support: "Nodes",
};
const OF_CONDITION = ["task", "architecture", "pruner"];
const chosen = new Map();

function valueOf(row, field) {
  if (!OF_CONDITION.includes(field)) return row[field];
  const name = String(row.condition ?? row.pruner ?? row.comparison ?? "").split(" − ")[0];
  return conditions[name]?.[field] ?? row[field];
}

const textOf = (value, field) => (field === "density" ? String(+(+value).toPrecision(6)) : String(value));

// A row that says nothing of a field is kept.
function keeps(row) {
  return [...chosen].every(([field, values]) => {
    const value = valueOf(row, field);
    return value === undefined || value === null || value === "" || values.has(textOf(value, field));
  });
}

function keepsName(name) {
  return !conditions[name] || keeps({ condition: name });
}

// The places that a selection leaves on an axis, and the height that is left for them.
function narrow(part) {
  let share = 1;
  for (const axis of [part.x, part.y, part.facet]) {
    for (const holder of [axis, axis?.scale]) {
      for (const key of ["sort", "domain"]) {
        const places = holder?.[key];
        if (!Array.isArray(places)) continue;
        holder[key] = places.filter(keepsName);
        if (axis === part.y) share = holder[key].length / places.length;
      }
    }
  }
  const within = Object.values(part).filter((one) => one && typeof one === "object");
  return Math.min(share, ...within.map(narrow));
}

// Two conditions side by side.
let pair = [];
const nameOf = (row) => row.condition ?? row.comparison ?? "";

// Of names of conditions, the two; of differences, the one between them, or else those of each.
function ofPair(names) {
  const both = names.filter((name) => name.split(" − ").every((side) => pair.includes(side)));
  if (!both.length) return names.filter((name) => pair.includes(name.split(" − ")[0]));
  return both.sort((one, other) => pair.indexOf(one) - pair.indexOf(other));
}

function axesOf(part) {
  const within = Object.values(part).filter((one) => one && typeof one === "object");
  return [part.x, part.y, part.facet, ...within.flatMap(axesOf)].filter((axis) => axis?.field);
}

// Leave the two on the axis or in the panels of a chart, or give each a panel.
function sideBySide(spec) {
  const named = axesOf(spec).filter(({ field }) => ["condition", "comparison"].includes(field));
  for (const axis of named) {
    for (const holder of [axis, axis.scale]) {
      for (const key of ["sort", "domain"]) {
        if (Array.isArray(holder?.[key])) holder[key] = ofPair(holder[key]);
      }
    }
  }
  if (named.length) return;
  const { layer } = spec;
  spec.spec = { layer: layer.filter((part) => part.name !== ENDS), height: spec.height ?? 220 };
  spec.facet = { field: "condition", type: "nominal", sort: pair };
  spec.facet.header = { title: null, labelAnchor: "start" };
  for (const key of ["layer", "height", "width"]) delete spec[key];
}

function showBeside() {
  const figures = beside.querySelector("div");
  beside.hidden = !pair.length;
  beside.firstElementChild.textContent = pair.join(" beside ");
  figures.replaceChildren();
  if (pair.length) figures.append(beside.querySelector("template").content.cloneNode(true));
  elements.splice(0, elements.length, ...document.querySelectorAll("[data-chart]"));
  drawSoon(figures.querySelectorAll("[data-chart]"));
}

function besideFieldset() {
  const parts = [...beside.querySelector("template").content.querySelectorAll("[data-chart]")];
  const rows = parts.flatMap(({ dataset }) => rowsOf(specs[dataset.chart]));
  const names = [...new Set(rows.map((row) => row.condition).filter(Boolean))];
  if (names.length < 2) return [];
  const set = fieldsetOf("Side by side");
  for (const which of ["First", "Second"]) {
    const picker = document.createElement("select");
    picker.name = "beside";
    picker.setAttribute("aria-label", `${which} condition`);
    picker.append(new Option("–", ""), ...names.map((name) => new Option(name)));
    picker.addEventListener("change", choose);
    set.append(picker);
  }
  return [set];
}

const rowsOf = (spec) => Object.values(spec.datasets ?? {}).flat();

// Narrow a chart to the selection, or to two conditions of it; false if nothing is left.
function select(spec, two) {
  if (two) {
    const rows = spec.datasets[spec.data.name];
    const names = new Set(ofPair([...new Set(rows.map(nameOf))]));
    spec.datasets[spec.data.name] = rows.filter((row) => names.has(nameOf(row)));
    if (!names.size) return false;
  }
  if (!chosen.size) return true;
  for (const [name, rows] of Object.entries(spec.datasets)) spec.datasets[name] = rows.filter(keeps);
  const rows = rowsOf(spec);
  const { datasets, ...rest } = spec;
  const sized = spec.spec ?? spec;
  const share = narrow(rest);
  if (sized.height && share < 1) sized.height = Math.max(60, Math.round(share * sized.height));
  const level = spec.params?.find((param) => param.name === "level");
  const steps = rows.map((row) => row.step);
  if (level && steps.length && !steps.includes(level.value)) level.value = steps[0];
  return rows.length > 0;
}

// The rows of a page's tables, with the values of their columns.
const tableRows = [...document.querySelectorAll("main table")].flatMap((table) => {
  const keys = [...table.tHead.rows[0].cells].map((cell) => cell.dataset.key);
  return [...table.tBodies[0].rows].map((element) => ({
    element,
    row: Object.fromEntries([...element.cells].map((cell, n) => [keys[n], cell.dataset.value])),
  }));
});

function options(field) {
  const all = [...Object.values(specs).flatMap(rowsOf), ...tableRows.map(({ row }) => row)];
  const rows = OF_CONDITION.includes(field) ? Object.values(conditions) : all;
  const values = rows.map((row) => row[field]).filter((value) => value !== undefined && value !== null);
  const texts = [...new Set(values.filter((value) => value !== "").map((value) => textOf(value, field)))];
  return field === "density" ? texts.sort((a, b) => b - a) : texts;
}

// As `percent_pruned` of harness/tables/parts.py.
const percentPruned = (density) => {
  const decimals = density >= 0.01 && density <= 0.99 ? 1 : 3;
  return `${+(100 * (1 - density)).toFixed(decimals)} %`;
};
const labelOf = (text, field) => (field === "density" ? percentPruned(text) : text);

function show() {
  const parts = [...chosen].map(
    ([field, values]) => `${FIELDS[field]}: ${[...values].map((one) => labelOf(one, field)).join(", ")}`,
  );
  const only = parts.length ? `Only ${parts.join("; ")}` : "Select what is shown";
  const two = pair.length ? `; ${pair.join(" beside ")}` : "";
  selectionBar.firstElementChild.textContent = `${only}${two}`;
  for (const { element, row } of tableRows) element.classList.toggle("unselected", !keeps(row));
  for (const button of document.querySelectorAll(".series button")) {
    button.classList.toggle("unselected", !keepsName(button.value));
  }
  for (const box of selectionBar.querySelectorAll("input")) {
    box.checked = chosen.get(box.name)?.has(box.value) ?? false;
  }
  for (const element of elements) delete element.dataset.width;
  drawSoon(elements.filter((element) => element.childElementCount || element.textContent));
}

function choose() {
  chosen.clear();
  const names = pickers().map((picker) => picker.value);
  pair = names.every(Boolean) && new Set(names).size === 2 ? names : [];
  for (const box of selectionBar.querySelectorAll("input:checked")) {
    chosen.set(box.name, (chosen.get(box.name) ?? new Set()).add(box.value));
  }
  const fields = [...chosen, ["beside", pair]];
  const query = new URLSearchParams(fields.flatMap(([field, all]) => [...all].map((one) => [field, one])));
  history.replaceState(null, "", `${location.pathname}${String(query) && `?${query}`}${location.hash}`);
  show();
  showBeside();
}

const pickers = () => [...selectionBar.querySelectorAll("select")];

function fieldsetOf(title) {
  const set = document.createElement("fieldset");
  const legend = document.createElement("legend");
  legend.textContent = title;
  set.append(legend);
  return set;
}

function fieldset(field) {
  const all = options(field);
  if (all.length < 2) return [];
  const set = fieldsetOf(FIELDS[field]);
  for (const value of all) {
    const label = document.createElement("label");
    const box = Object.assign(document.createElement("input"), { type: "checkbox", name: field, value });
    box.addEventListener("change", choose);
    label.append(box, ` ${labelOf(value, field)}`);
    set.append(label);
  }
  return [set];
}

const sets = [...Object.keys(FIELDS).flatMap(fieldset), ...besideFieldset()];
if (sets.length) {
  const reset = Object.assign(document.createElement("button"), { type: "button", textContent: "Reset" });
  reset.addEventListener("click", () => {
    selectionBar.querySelectorAll("input").forEach((box) => (box.checked = false));
    pickers().forEach((picker) => (picker.value = ""));
    choose();
  });
  selectionBar.append(...sets, reset);
  selectionBar.hidden = false;
  const asked = new URLSearchParams(location.search);
  for (const box of selectionBar.querySelectorAll("input")) {
    box.checked = asked.getAll(box.name).includes(box.value);
  }
  pickers().forEach((picker, number) => {
    const name = asked.getAll("beside")[number];
    picker.value = [...picker.options].some((one) => one.value === name) ? name : "";
  });
  selectionBar.open = location.search !== "";
  choose();
}
