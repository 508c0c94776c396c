
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

const rowsOf = (spec) => Object.values(spec.datasets ?? {}).flat();

// Narrow a chart to the selection; false if nothing is left of it.
function select(spec) {
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
  selectionBar.firstElementChild.textContent = parts.length
    ? `Only ${parts.join("; ")}`
    : "Select what is shown";
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
  for (const box of selectionBar.querySelectorAll("input:checked")) {
    chosen.set(box.name, (chosen.get(box.name) ?? new Set()).add(box.value));
  }
  const query = new URLSearchParams([...chosen].flatMap(([field, all]) => [...all].map((one) => [field, one])));
  history.replaceState(null, "", `${location.pathname}${chosen.size ? `?${query}` : ""}${location.hash}`);
  show();
}

function fieldset(field) {
  const all = options(field);
  if (all.length < 2) return [];
  const set = document.createElement("fieldset");
  const legend = document.createElement("legend");
  legend.textContent = FIELDS[field];
  set.append(legend);
  for (const value of all) {
    const label = document.createElement("label");
    const box = Object.assign(document.createElement("input"), { type: "checkbox", name: field, value });
    box.addEventListener("change", choose);
    label.append(box, ` ${labelOf(value, field)}`);
    set.append(label);
  }
  return [set];
}

const sets = Object.keys(FIELDS).flatMap(fieldset);
if (sets.length) {
  const reset = Object.assign(document.createElement("button"), { type: "button", textContent: "Reset" });
  reset.addEventListener("click", () => {
    selectionBar.querySelectorAll("input").forEach((box) => (box.checked = false));
    choose();
  });
  selectionBar.append(...sets, reset);
  selectionBar.hidden = false;
  for (const [field, value] of new URLSearchParams(location.search)) {
    const known = [...selectionBar.querySelectorAll("input")].find((box) => box.name === field && box.value === value);
    if (known) chosen.set(field, (chosen.get(field) ?? new Set()).add(value));
  }
  selectionBar.open = chosen.size > 0;
  show();
}
