"use strict";
// Which view is shown, what the keys do, and what the list says when it is empty.
(() => {
  const at = (id) => document.getElementById(id);
  let place = null;
  let last = null; // the list that an image was opened from

  function show(next) {
    const before = place;
    place = next;
    const row = next.view === "image" ? table.rowOf(next.task) : undefined;
    const view = next.view === "image" && row === undefined ? "missing" : next.view;
    at("overview").hidden = view !== "overview";
    at("list").hidden = view !== "cell" && view !== "images" && view !== "missing";
    at("image").hidden = view !== "image";
    if (view === "image") image.show(row, filter.rows(next.wish), next.wish);
    else if (view !== "overview") showList(next, view);
    else document.dispatchEvent(new Event("overviewshow")); // whose faces are laid out at the first time
    document.title = `${heading().textContent} · Gallery · Balanced faces`;
    if (!before) return;
    if (view === before.view && view !== "image" && at("list").contains(document.activeElement)) return; // filtering
    if (view !== before.view) arrive(before);
  }

  function arrive(before) {
    if (before.view === "image" && place.view === last?.view) {
      (place.view === "cell" ? photos : grid).reveal(image.row());
      if (document.activeElement !== document.body) return;
    }
    scrollTo(0, 0);
    heading().focus({ preventScroll: true });
  }

  const heading = () => document.querySelector("#main > :not([hidden]) h1");

  function showList(next, view) {
    last = next;
    const inCell = view === "cell";
    const cell = Number(next.wish.cell);
    at("list-title").textContent = inCell ? table.cellName(cell) : view === "missing" ? "No such image" : next.wish.area ? "Photos of one area of the map" : "All images";
    at("cell-counts").textContent = inCell ? counts(cell) : "";
    at("filter").hidden = view === "missing";
    at("pager").hidden = true;
    bar.show(next);
    if (view === "missing") return missing(next.task);
    const rows = filter.rows(next.wish);
    if (!rows.length) return empty(next, inCell);
    if (inCell) photos.show(rows, next);
    else grid.show(rows, next.wish);
    at("found").textContent = `${amount(rows.length)} of ${amount(inCell ? filter.rows({ cell: next.wish.cell }).length : table.count)} images`;
    if (inCell && !rows.some((i) => table.column.copy[i])) {
      at("found").textContent += Object.keys(next.wish).length > 1 ? "; no copy fits the filter" : "; no copy was made in this cell";
    }
  }

  function counts(cell) {
    const data = document.querySelector(`.heat a[href="#/cell/${cell}"]`).dataset;
    return `${amount(data.available)} ${data.available === "1" ? "photo" : "photos"} available, ${amount(data.keep)} kept, ${amount(data.augment)} copies to make: ${amount(data.target)} images in all.`;
  }

  function empty(next, inCell) {
    const filtered = Object.keys(next.wish).length > (inCell ? 1 : 0);
    note(filtered ? "No image fits this filter." : inCell ? "No photo lies in this cell, so there is nothing to copy." : "The shards hold no image.",
      filtered ? "Clear a field, or all of them." : inCell ? "The plan page lists the photos that would help most." : "Run dvc repro.");
  }

  function missing(task) {
    note(`${task} is no image of this page.`, "It may have been rejected and replaced, the plan may have changed since the link was made, or the page holds a sample.");
  }

  function note(...lines) {
    const box = document.createElement("div");
    box.className = "empty";
    box.append(...lines.map((line) => Object.assign(document.createElement("p"), { textContent: line })));
    at("images").replaceChildren(box);
    at("found").textContent = "0 images";
  }

  const amount = (number) => Number(number).toLocaleString("en");

  function press(event) {
    const typing = event.target.closest("input, select, textarea, dialog");
    if (event.ctrlKey || event.metaKey || event.altKey || at("marks").open) return;
    if (typing) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (act(event.key)) event.preventDefault();
  }

  function act(key) {
    const inList = place.view === "cell" || place.view === "images";
    const focused = document.activeElement.dataset?.row;
    const row = focused !== undefined ? Number(focused) : place.view === "image" ? image.row() : -1;
    if (key === "/") {
      if (!inList) route.go({ view: "images", wish: {} });
      bar.focus();
    } else if (key === "x") {
      if (row >= 0) lists.mark(row);
      else lists.say("Move to an image first.");
    } else if (key === "u") lists.undo();
    else if (key === "Escape" && place.view === "image") route.go(last ?? { view: "images", wish: place.wish });
    else if (place.view === "image") return image.move(key);
    else return inList && (place.view === "cell" ? photos : grid).move(key);
    return true;
  }

  document.addEventListener("keydown", press);
  route.start(show);
})();
