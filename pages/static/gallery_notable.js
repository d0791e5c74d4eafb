"use strict";
// The first screen's faces: those that a reader who checks the copies looks at first.
(() => {
  const SHOWN = 12; // of each kind
  const SIZE = 84; // pixels of a thumbnail
  const MOST = 5000; // rows that are sorted for a list
  const { column } = table;

  // Each kind: its title, the list that it is the beginning of, and whether a photo is shown once.
  const KINDS = [
    ["Most copied photos", { copy: "0", split: "0", sort: "copies" }, (i) => table.copies(i) > 0, (i) => `${table.copies(i)} copies`],
    ["Strongest copies", { copy: "copies", sort: "severity" }, () => true, (i) => `${column.severity[i].toFixed(2)} ${table.policy(i)}`],
    ["Nearest to another photo", { copy: "0", sort: "near" }, (i) => table.near(i) > 0, (i) => `${table.alike(table.near(i))} alike`],
    ["Farthest from their label", { copy: "0", sort: "residual" }, (i) => table.judged(i) !== null, table.judgedSaid],
    ["Farthest from their photo", { copy: "copies", sort: "drift" }, (i) => table.judged(i) !== null, table.judgedSaid],
    ["Redrawn copies", { set: "redrawn", sort: "attempts" }, () => true, (i) => `${column.attempt[i]} × ${table.policy(i)}`],
    ["Rejected copies", { set: "rejected" }, () => true, (i) => table.policy(i)],
    ["Excluded photos", { set: "excluded" }, () => true, (i) => table.splits[column.split[i]]],
  ];

  function row([title, wish, fits, said]) {
    const found = filter.rows(wish).subarray(0, MOST).filter(fits);
    const box = document.createElement("section");
    const head = document.createElement("h2");
    const link = document.createElement("a");
    const tiles = document.createElement("ul");
    link.href = route.format({ view: "images", wish });
    link.textContent = title;
    head.append(link);
    tiles.className = "tiles";
    tiles.append(...once(found).map((i) => face(i, wish, said(i))));
    box.hidden = !tiles.children.length;
    box.append(head, tiles);
    return box;
  }

  // The first rows of as many photos, and of no policy more than a third where there are others.
  function once(found) {
    const photos = new Set();
    const policies = new Map();
    const shown = [];
    for (const i of found) {
      const of = policies.get(column.policy[i]) ?? 0;
      if (photos.has(column.photo[i]) || (column.copy[i] && of >= SHOWN / 3)) continue;
      photos.add(column.photo[i]);
      policies.set(column.policy[i], of + 1);
      shown.push(i);
      if (shown.length === SHOWN) break;
    }
    return shown;
  }

  function face(i, wish, said) {
    const item = tile.make(i, SIZE, wish);
    item.querySelector(".caption").textContent = said;
    return item;
  }

  const box = document.getElementById("notable");
  const draw = () => box.replaceChildren(...KINDS.map(row));
  document.addEventListener("overviewshow", () => {
    draw();
    document.addEventListener("markschange", draw);
  }, { once: true });
})();
