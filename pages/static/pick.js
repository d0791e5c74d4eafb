"use strict";
// One choice shows one of several panels. Choices of the same name follow one another, so that a run that is picked
// in one section is the run of every section. The page's script may listen to "pickchange".
(() => {
  function show(name, value) {
    for (const panel of document.querySelectorAll(`[data-panel="${name}"]`)) panel.hidden = panel.dataset.value !== value;
    for (const field of document.querySelectorAll(`[data-pick="${name}"]`)) field.value = value;
    document.dispatchEvent(new CustomEvent("pickchange", { detail: { name, value } }));
  }

  document.addEventListener("change", (event) => {
    const name = event.target.dataset?.pick;
    if (name) show(name, event.target.value);
  });
  document.addEventListener("DOMContentLoaded", () => {
    for (const field of document.querySelectorAll("[data-pick]")) show(field.dataset.pick, field.value);
  });
})();
