"use strict";
// The first screen's contact sheets: some copies of each policy, spread over the photos.
(() => {
  const SHOWN = 12; // copies of a policy
  const SIZE = 72; // pixels of a thumbnail

  function byPolicy() {
    const rows = new Map();
    for (let i = 0; i < table.count; i++) {
      if (!table.column.copy[i]) continue;
      const policy = table.column.policy[i];
      if (!rows.has(policy)) rows.set(policy, []);
      rows.get(policy).push(i);
    }
    return rows;
  }

  function sheet([policy, all]) {
    const wish = { policy: String(policy) };
    const box = document.createElement("section");
    const title = document.createElement("h3");
    const link = document.createElement("a");
    const tiles = document.createElement("ul");
    const step = Math.max(1, Math.floor(all.length / SHOWN));
    link.href = route.format({ view: "images", wish });
    link.textContent = `${table.policy(all[0])}: ${all.length.toLocaleString("en")} ${all.length === 1 ? "copy" : "copies"}`;
    title.append(link);
    tiles.className = "tiles";
    tiles.append(...all.filter((_, k) => k % step === 0).slice(0, SHOWN).map((i) => face(i, wish)));
    box.append(title, tiles);
    return box;
  }

  function face(i, wish) {
    const item = tile.make(i, SIZE, wish);
    item.querySelector(".caption").textContent = table.column.severity[i].toFixed(2);
    return item;
  }

  function draw() {
    const sheets = [...byPolicy()].sort(([a], [b]) => a - b).map(sheet);
    document.getElementById("contact").replaceChildren(...sheets);
    document.getElementById("contact").parentElement.hidden = sheets.length === 0;
  }

  document.addEventListener("overviewshow", draw, { once: true });
})();
