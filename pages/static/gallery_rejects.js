"use strict";
// Copies that the reader turned down. `manifests/rejects.csv` as it was when the page was made comes first, and
// stays in what is exported: without it the copies it names would come back.
const rejects = (() => {
  const KEY = `rejects ${location.pathname}`;
  const saved = new Map(table.saved);
  const added = new Map();
  const taken = new Set(); // saved ones that the reader took back
  const steps = []; // [task, the reason it had or undefined]

  try {
    const kept = JSON.parse(localStorage.getItem(KEY)) || { added: [], taken: [] };
    for (const [task, reason] of kept.added) if (!saved.has(task)) added.set(task, reason);
    for (const task of kept.taken) if (saved.has(task)) taken.add(task);
    steps.push(...[...added.keys()].map((task) => [task, undefined]));
  } catch {
    // A browser that keeps nothing for files: rejects last as long as the page, and export still works.
  }

  function keep() {
    try {
      localStorage.setItem(KEY, JSON.stringify({ added: [...added], taken: [...taken] }));
    } catch {
      // As above.
    }
    document.dispatchEvent(new Event("rejectschange"));
  }

  function get(task) {
    return added.get(task) ?? (taken.has(task) ? undefined : saved.get(task));
  }

  function set(task, reason) {
    if (reason === undefined) {
      added.delete(task);
      if (saved.has(task)) taken.add(task);
    } else {
      taken.delete(task);
      if (saved.get(task) !== reason) added.set(task, reason);
    }
    keep();
  }

  function change(task, reason) {
    steps.push([task, get(task)]);
    set(task, reason);
  }

  // Takes the last change back; the task it was about, or undefined.
  function undo() {
    const step = steps.pop();
    if (step) set(...step);
    return step?.[0];
  }

  function all() {
    const tasks = new Map([...saved].filter(([task]) => !taken.has(task)));
    for (const [task, reason] of added) tasks.set(task, reason);
    return tasks;
  }

  function csv() {
    const field = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
    return ["task_id,reason", ...[...all()].map(([task, reason]) => `${task},${field(reason)}`)].join("\n") + "\n";
  }

  return { has: (task) => get(task) !== undefined, reject: (task, reason = "") => change(task, reason),
    restore: (task) => change(task, undefined), undo, all, csv };
})();
