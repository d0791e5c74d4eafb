"use strict";
// The map: a face for each place, which stands for the photos that look like it.
(() => {
  const { across, shown } = table.map;
  const box = document.getElementById("map");
  const counts = new Uint32Array(shown.length);

  function face(row, place) {
    const item = document.createElement("li");
    const link = document.createElement("a");
    const picture = document.createElement("span");
    const photos = `${counts[place].toLocaleString("en")} ${counts[place] === 1 ? "photo" : "photos"}`;
    link.href = route.format({ view: "images", wish: { place: String(place), copy: "0" } });
    link.title = `${photos} that look like ${table.path(row)}`;
    link.setAttribute("aria-label", `${photos} that look like this: ${table.describe(row)}`);
    picture.className = "thumb";
    // Shares of the sheet, as a place is as wide as the window lets it be.
    const step = 100 / (table.sheet.across - 1);
    picture.style.backgroundPosition = `${step * (place % table.sheet.across)}% ${step * Math.floor(place / table.sheet.across)}%`;
    link.append(picture);
    item.append(link);
    return item;
  }

  function draw() {
    for (let i = 0; i < table.count; i++) if (!table.column.copy[i]) counts[table.place(i)]++;
    box.style.setProperty("--across", across);
    box.append(...shown.map(face));
    box.parentElement.hidden = shown.length < 4;
  }

  document.addEventListener("overviewshow", draw, { once: true });
})();
