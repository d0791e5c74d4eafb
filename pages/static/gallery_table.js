"use strict";
// The index, a typed array a column, and what its rows are called.
const table = (() => {
  const raw = store.take("table");
  const count = raw.copy.length;
  const column = {
    photo: Int32Array.from(raw.photo),
    copy: Int32Array.from(raw.copy),
    split: Uint8Array.from(raw.split),
    kept: Uint8Array.from(raw.kept),
    cell: Int32Array.from(raw.cell),
    age: Float32Array.from(raw.age),
    policy: Uint16Array.from(raw.policy),
    severity: Float32Array.from(raw.severity),
    attempt: Uint8Array.from(raw.attempt),
  };
  const copies = new Uint16Array(raw.ids.length); // of each photo
  for (let i = 0; i < count; i++) if (column.copy[i]) copies[column.photo[i]]++;
  const near = Uint16Array.from(raw.near); // of each photo, how alike its nearest one is, in thousandths
  const across = Uint16Array.from(raw.map.x); // of each photo, on the map, from 0 to 999
  const down = Uint16Array.from(raw.map.y);
  const off = raw.judged && raw.judged.off; // of each row, null where nobody judged it
  const strides = raw.axes.map((_, i) => raw.axes.slice(i + 1).reduce((product, axis) => product * axis.values.length, 1));
  const first = new Int32Array(raw.ids.length); // of each photo, its first row
  for (let i = count - 1; i >= 0; i--) first[column.photo[i]] = i;

  // Each row's position on each axis; -1 where the photo has no labels.
  const axes = raw.axes.map((axis, a) => {
    const values = new Int16Array(count);
    for (let i = 0; i < count; i++) {
      values[i] = column.cell[i] < 0 ? -1 : Math.floor(column.cell[i] / strides[a]) % axis.values.length;
    }
    return { name: axis.name, values: axis.values, column: values };
  });
  const cells = raw.axes.reduce((product, axis) => product * axis.values.length, 1);

  // The row of a task, or undefined. The photos are in order of their ids, so that no map of every name is needed.
  function rowOf(name) {
    const id = name.split("_")[0];
    let low = 0;
    for (let high = raw.ids.length; low < high;) {
      const middle = (low + high) >> 1;
      if (raw.ids[middle] < id) low = middle + 1;
      else high = middle;
    }
    if (raw.ids[low] !== id) return undefined;
    for (let i = first[low]; i < count && column.photo[i] === low; i++) if (task(i) === name) return i;
    return undefined;
  }

  // What a search for text looks at, of each photo; made at the first search.
  let words = null;
  const found = () => { words ??= raw.ids.map((id, i) => `${id} ${raw.paths[i]}`.toLowerCase()); return words; };

  function task(i) {
    return `${raw.ids[column.photo[i]]}_${String(column.copy[i]).padStart(4, "0")}`;
  }

  // The original of a file name.
  const ofPath = new Map();
  function rowOfPath(path) {
    if (!ofPath.size) for (let i = 0; i < count; i++) if (!column.copy[i]) ofPath.set(raw.paths[column.photo[i]], i);
    return ofPath.get(path);
  }

  function cellName(cell) {
    return raw.axes.map((axis, a) => axis.values[Math.floor(cell / strides[a]) % axis.values.length]).join(", ");
  }

  function title(i) {
    const id = raw.ids[column.photo[i]];
    return column.copy[i] ? `Copy ${column.copy[i]} of ${id}` : `Photo ${id}`;
  }

  function policy(i) {
    return raw.policies[column.policy[i]];
  }

  function labels(i) {
    return column.cell[i] < 0 ? "no labels" : cellName(column.cell[i]);
  }

  // Thousandths as percents; no two photos are quite the same, whatever rounding says.
  function alike(thousandths) {
    return `${Math.floor(thousandths / 10)}%`;
  }

  // How far a photo is from what a judge sees in it, and a copy from its photo: null where nobody looked.
  function judged(i) {
    return off ? off[i] : null;
  }

  function judgedSaid(i) {
    const years = raw.judged.label === "age";
    const text = Math.abs(years ? judged(i) : 100 * judged(i)).toFixed(years ? 1 : 0);
    return `${judged(i) < 0 ? "\u2212" : "+"}${text} ${years ? "years" : `points of ${raw.judged.label}`}`;
  }

  // A row in words, for readers who don't see it.
  function describe(i) {
    const made = column.copy[i] ? `, ${policy(i)}` : "";
    return `${title(i)}${made}, ${labels(i)}${column.kept[i] ? "" : ", left out"}`;
  }

  // Every row of a photo, the original first.
  function siblings(i) {
    const rows = [];
    let first = i;
    while (first > 0 && column.photo[first - 1] === column.photo[i]) first--;
    for (let k = first; k < count && column.photo[k] === column.photo[i]; k++) rows.push(k);
    return rows;
  }

  // The part that holds a row's full image, and the row's place in it.
  function part(i) {
    let low = 0;
    let high = raw.parts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (raw.parts[middle] <= i) low = middle;
      else high = middle;
    }
    return { name: `parts/${String(low).padStart(5, "0")}`, at: i - raw.parts[low] };
  }

  return {
    count, column, axes, cells, rowOf, task, cellName, labels, title, policy, describe, siblings, part, alike,
    judged, judgedSaid, found, splits: raw.splits, sheet: raw.sheet, saved: raw.saved, rowOfPath, path: (i) => raw.paths[column.photo[i]],
    copies: (i) => copies[column.photo[i]], near: (i) => near[column.photo[i]],
    spot: (i) => ({ x: across[column.photo[i]], y: down[column.photo[i]] }),
  };
})();
