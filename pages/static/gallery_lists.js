"use strict";
// The dialog with both lists, how a row comes on one, and what is said of it.
const lists = (() => {
  const at = (id) => document.getElementById(id);
  const KINDS = [
    { list: marks.rejects, id: "rejects", none: "No copy is rejected.", row: (task) => table.rowOf(task) },
    { list: marks.excluded, id: "excluded", none: "No photo is excluded.", row: (path) => table.rowOfPath(path) },
  ];
  let quiet = 0;

  const of = (row) => (table.column.copy[row] ? marks.rejects : marks.excluded);
  const name = (row) => (table.column.copy[row] ? table.task(row) : table.path(row));
  const word = (row) => (table.column.copy[row] ? "rejected" : "excluded");

  // Put a copy on the list of rejects, a photo on the list of exclusions.
  function mark(row) {
    if (of(row).has(name(row))) return say(`${table.title(row)} is ${word(row)} already; u takes the last one back.`);
    of(row).add(name(row));
    return say(`${table.title(row)} is ${word(row)}; u takes it back.`);
  }

  function toggle(row) {
    if (of(row).has(name(row))) of(row).restore(name(row));
    else mark(row);
  }

  function undo() {
    const undone = marks.undo();
    say(undone ? `Taken back: ${undone}.` : "Nothing to take back.");
  }

  function say(text) {
    at("said").textContent = text;
    clearTimeout(quiet);
    quiet = setTimeout(() => { at("said").textContent = ""; }, 6000);
  }

  function open() {
    at("marks").showModal();
    at("marks-title").focus();
  }

  function fill() {
    at("mark-count").textContent = (marks.rejects.all().size + marks.excluded.all().size).toLocaleString("en");
    for (const { list, id, none, row } of KINDS) {
      const all = [...list.all()];
      const download = at(`${id}-download`);
      at(`${id}-csv`).value = list.csv();
      URL.revokeObjectURL(download.href);
      download.href = URL.createObjectURL(new Blob([list.csv()], { type: "text/csv" }));
      at(`${id}-said`).textContent = all.length ? tally(all.map(([each]) => row(each)).filter((i) => i !== undefined)) : none;
      at(`${id}-export`).hidden = !all.length && !table.saved[id].length;
      at(`${id}-list`).replaceChildren(...all.map(([each, reason]) => item(list, each, reason, row(each))));
    }
  }

  // How many of each policy, or of each split.
  function tally(rows) {
    const counts = new Map();
    for (const i of rows) {
      const kind = table.column.copy[i] ? table.policy(i) : table.splits[table.column.split[i]];
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
    }
    return [...counts].sort((a, b) => b[1] - a[1]).map(([kind, number]) => `${kind}: ${number}`).join(" · ");
  }

  function item(list, each, reason, row) {
    const box = document.createElement("li");
    const title = document.createElement(row === undefined ? "span" : "a");
    const why = document.createElement("input");
    const back = document.createElement("button");
    title.textContent = each;
    title.className = "code";
    if (row !== undefined) title.href = route.format({ view: "image", task: table.task(row) });
    Object.assign(why, { type: "text", value: reason, placeholder: "reason" });
    why.setAttribute("aria-label", `Why ${each} is on the list`);
    why.addEventListener("change", () => list.add(each, why.value.trim()));
    Object.assign(back, { type: "button", textContent: "Take back" });
    back.setAttribute("aria-label", `Take back ${each}`);
    back.addEventListener("click", () => { list.restore(each); at("marks-title").focus(); });
    title.addEventListener("click", () => at("marks").close());
    box.append(title, why, back);
    return box;
  }

  async function copy(id) {
    at(`${id}-csv`).select();
    try {
      await navigator.clipboard.writeText(at(`${id}-csv`).value);
      say("Copied.");
    } catch {
      say("Selected: press Ctrl+C to copy it."); // a browser that keeps the clipboard from files
    }
  }

  at("open-marks").addEventListener("click", open);
  at("close-marks").addEventListener("click", () => at("marks").close());
  for (const { id } of KINDS) at(`${id}-copy`).addEventListener("click", () => copy(id));
  document.addEventListener("markschange", fill);
  fill();
  return { mark, toggle, undo, say };
})();
