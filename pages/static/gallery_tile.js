"use strict";
// One image as a small link, cut out of its sprite sheet.
const tile = (() => {
  const { across, images } = table.sheet;

  const sheet = (number) => `sheets/${String(number).padStart(5, "0")}.jpg`;

  function frame(size) {
    const box = document.createElement("span");
    box.className = "thumb";
    box.style.width = box.style.height = `${size}px`;
    return box;
  }

  function thumbnail(i, size) {
    const box = frame(size);
    const place = i % images;
    box.style.backgroundImage = `url("${sheet(Math.floor(i / images))}")`;
    box.style.backgroundSize = `${across * size}px`;
    box.style.backgroundPosition = `${-size * (place % across)}px ${-size * Math.floor(place / across)}px`;
    return box;
  }

  // A list item whose link opens the image among the rows of `wish`; `picture` may be an empty frame before a canvas.
  function make(i, size, wish, picture = thumbnail(i, size)) {
    const item = document.createElement("li");
    const link = document.createElement("a");
    const caption = document.createElement("span");
    const labels = document.createElement("span");
    link.href = route.format({ view: "image", task: table.task(i), wish });
    link.dataset.row = i;
    caption.className = "caption";
    caption.textContent = table.column.copy[i] ? `${table.column.copy[i]} · ${table.policy(i)}` : "photo";
    labels.className = "caption labels";
    labels.textContent = table.labels(i);
    link.title = `${table.path(i)}\n${table.describe(i)}`;
    link.append(picture, caption, labels);
    item.append(link);
    mark(link);
    return item;
  }

  function mark(link) {
    const i = Number(link.dataset.row);
    const word = marks.out(i) ? ", excluded" : marks.rejected(i) ? ", rejected" : "";
    link.classList.toggle("marked", word !== "");
    link.classList.toggle("original", table.column.copy[i] === 0);
    link.classList.toggle("left-out", !table.column.kept[i]);
    link.setAttribute("aria-label", table.describe(i) + word);
  }

  document.addEventListener("markschange", () => document.querySelectorAll("a[data-row]").forEach(mark));
  return { make, frame, sheet };
})();
