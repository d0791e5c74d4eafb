"use strict";
// The photos of one run and one group, as tiles that lead to the gallery.
(() => {
  const known = charts.get("photos");

  function chosen(name) {
    return document.querySelector(`[data-pick="${name}"]`)?.value;
  }

  function shot(place) {
    const box = document.createElement("span");
    const { across, images, size } = known.sheet;
    box.className = place < 0 ? "none" : "shot";
    if (place < 0) return box;
    const inside = place % images;
    box.style.backgroundImage = `url("sheets/${String(Math.floor(place / images)).padStart(5, "0")}.jpg")`;
    box.style.backgroundPosition = `${-size * (inside % across)}px ${-size * Math.floor(inside / across)}px`;
    return box;
  }

  function line(text, className = "") {
    return Object.assign(document.createElement("span"), { textContent: text, className });
  }

  function tile([number, said, labels]) {
    const item = document.createElement("li");
    const link = document.createElement("a");
    const photo = known.photos[number];
    link.href = photo.link;
    link.setAttribute("aria-label", `${photo.path}: ${said}, ${labels}`);
    link.title = photo.path;
    link.append(shot(photo.place), line(said), line(labels, "muted"));
    item.append(link);
    return item;
  }

  function draw() {
    const lists = document.querySelectorAll("[data-photos]");
    if (!known || !lists.length) return;
    const groups = known.shown[chosen("run")] ?? {};
    for (const list of lists) {
      const photos = groups[chosen("group")]?.[list.dataset.photos] ?? [];
      list.replaceChildren(...photos.map(tile));
      list.nextElementSibling.hidden = photos.length > 0;
    }
  }

  document.addEventListener("DOMContentLoaded", draw);
  document.addEventListener("pickchange", draw);
})();
