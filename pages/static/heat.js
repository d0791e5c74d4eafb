"use strict";
// The joint table's colours and numbers for the measure that is chosen. The scale is the square root of the
// count, so that rare cells differ from empty ones.
const heat = (() => {
  const LEVELS = 7;

  function show(section) {
    const table = section.querySelector("table");
    const columns = table.tBodies[0].rows[0].cells.length;
    table.style.minWidth = `${columns * 78}px`; // so that no header breaks inside a word
    const measure = section.querySelector("input:checked").value;
    const links = [...section.querySelectorAll("td a")];
    const most = Math.max(1, ...links.map((link) => Number(link.dataset[measure])));
    for (const link of links) {
      const count = Number(link.dataset[measure]);
      link.textContent = count.toLocaleString("en");
      link.className = `level-${Math.ceil(LEVELS * Math.sqrt(count / most))}`;
      link.setAttribute("aria-label", `${link.dataset.name}: ${count} ${measure}`);
    }
  }

  document.addEventListener("DOMContentLoaded", () => {
    for (const section of document.querySelectorAll("section.heat")) {
      section.addEventListener("change", () => show(section));
      show(section);
    }
  });
  return { show };
})();
