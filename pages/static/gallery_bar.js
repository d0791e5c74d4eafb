"use strict";
// The filter bar: the form's fields are the wish's.
const bar = (() => {
  const form = document.getElementById("bar");
  const filters = document.getElementById("filter");
  let place = { view: "images", wish: {} };
  let pause = 0;

  // Put a place's wish into the fields; a cell fixes its axes and its split.
  function show(newPlace) {
    place = newPlace;
    const inCell = place.view === "cell";
    for (const field of form.elements) {
      if (!field.name) continue;
      const wanted = place.wish[field.name] ?? "";
      if (field.value !== wanted && field !== document.activeElement) field.value = wanted;
      if (field.type === "hidden") continue;
      if (field.name.startsWith("axis-") || ["split", "sort"].includes(field.name)) field.closest("label").hidden = inCell;
    }
  }

  function read() {
    const wish = place.view === "cell" ? { cell: place.wish.cell } : {};
    for (const [name, value] of new FormData(form)) if (value.trim() !== "") wish[name] = value.trim();
    return wish;
  }

  function apply(replace) {
    clearTimeout(pause);
    route.go({ view: place.view, wish: read() }, replace);
  }

  function focus() {
    filters.open = true;
    form.elements.text.focus();
    form.elements.text.select();
  }

  form.addEventListener("change", () => apply(false));
  form.addEventListener("submit", (event) => { event.preventDefault(); apply(false); });
  form.addEventListener("reset", () => {
    form.elements.area.value = ""; // no field that the reader sees, so no reset empties it
    setTimeout(() => apply(false));
  });
  form.addEventListener("input", (event) => {
    if (event.target.tagName !== "INPUT") return;
    clearTimeout(pause);
    pause = setTimeout(() => apply(true), 120); // a short rest, so that each letter typed is no step of its own
  });
  if (matchMedia("(max-width: 640px)").matches) filters.open = false;
  return { show, focus };
})();
