"use strict";
// What the reader turned down: copies that are rejected, and photos that are excluded. Each list begins with what its
// file held when the page was made, which stays in what is exported: without it, what it names would come back.
const marks = (() => {
  const steps = []; // [list, name, the reason it had or undefined]

  function list(kind, header, file) {
    const key = `${kind} ${location.pathname}`;
    const saved = new Map(file);
    const added = new Map();
    const taken = new Set(); // saved ones that the reader took back
    const own = { has: (name) => get(name) !== undefined, empty: () => !added.size && saved.size === taken.size, all, csv,
      add: (name, reason = "") => change(name, reason), restore: (name) => change(name, undefined), set };

    try {
      const kept = JSON.parse(localStorage.getItem(key)) || { added: [], taken: [] };
      for (const [name, reason] of kept.added) if (!saved.has(name)) added.set(name, reason);
      for (const name of kept.taken) if (saved.has(name)) taken.add(name);
      steps.push(...[...added.keys()].map((name) => [own, name, undefined]));
    } catch {
      // A browser that keeps nothing for files: the lists last as long as the page, and export still works.
    }

    function keep() {
      try {
        localStorage.setItem(key, JSON.stringify({ added: [...added], taken: [...taken] }));
      } catch {
        // As above.
      }
      document.dispatchEvent(new Event("markschange"));
    }

    function get(name) {
      return added.get(name) ?? (taken.has(name) ? undefined : saved.get(name));
    }

    function set(name, reason) {
      if (reason === undefined) {
        added.delete(name);
        if (saved.has(name)) taken.add(name);
      } else {
        taken.delete(name);
        if (saved.get(name) !== reason) added.set(name, reason);
      }
      keep();
    }

    function change(name, reason) {
      steps.push([own, name, get(name)]);
      set(name, reason);
    }

    function all() {
      const names = new Map([...saved].filter(([name]) => !taken.has(name)));
      for (const [name, reason] of added) names.set(name, reason);
      return names;
    }

    function csv() {
      const field = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
      return [header, ...[...all()].map((line) => line.map(field).join(","))].join("\n") + "\n";
    }

    return own;
  }

  // Takes the last change of either list back; what it was about, or undefined.
  function undo() {
    const [of, name, reason] = steps.pop() ?? [];
    of?.set(name, reason);
    return name;
  }

  const rejects = list("rejects", "task_id,reason", table.saved.rejects);
  const excluded = list("excluded", "path,reason", table.saved.excluded);

  // Whether a row is on its list: a copy by its own name or by its photo's, a photo by its path.
  const rejected = (i) => table.column.copy[i] > 0 && !rejects.empty() && rejects.has(table.task(i));
  const out = (i) => !excluded.empty() && excluded.has(table.path(i));
  return { rejects, excluded, rejected, out, undo };
})();
