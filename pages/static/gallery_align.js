"use strict";
// Lays a copy back on its photo: without that, the slider and the difference of a mirrored or turned copy say nothing.
// What the photo lost over its edges stays empty on the copy's side, and out of the difference.
const align = (() => {
  const views = document.getElementById("views");
  const choice = document.getElementById("align");
  const sizes = new ResizeObserver(() => draw());
  let map = null; // nine numbers, row by row: from the copy to the photo, both as squares of side 1

  // `back` is null for a photo, and for a copy of which nothing was moved.
  async function show(photo, back) {
    map = back ?? null;
    document.getElementById("align-choice").hidden = !map;
    draw();
    await shape(photo, views);
  }

  // Frames have the shape of their photo, so that shares of a frame are shares of the photo.
  async function shape(photo, box) {
    await photo.decode().catch(() => {}); // an image that does not decode keeps its square
    if (photo.naturalWidth) box.style.setProperty("--ratio", `${photo.naturalWidth} / ${photo.naturalHeight}`);
    draw();
  }

  function draw() {
    const on = map && choice.checked;
    for (const over of views.querySelectorAll(".over")) over.style.transform = on ? transform(over.offsetWidth, over.offsetHeight) : "";
    views.querySelector(".difference .both").style.clipPath = on ? outline() : "";
  }

  // CSS reckons in pixels of the element, and by columns.
  function transform(width, height) {
    const [a, b, c, d, e, f, g, h, i] = map;
    const [across, down] = [Math.max(1, width), Math.max(1, height)];
    return `matrix3d(${[a, (d * down) / across, 0, g / across, (b * across) / down, e, 0, h / down, 0, 0, 1, 0, c * across, f * down, 0, i].join(",")})`;
  }

  // Where the copy's four corners lie on the photo, a little inside, as its very edge is half transparent.
  function outline() {
    const [a, b, c, d, e, f, g, h, i] = map;
    const inside = 0.005;
    const corners = [[0, 0], [1, 0], [1, 1], [0, 1]].map(([right, low]) => {
      const [x, y] = [right ? 1 - inside : inside, low ? 1 - inside : inside];
      const depth = g * x + h * y + i;
      return `${(100 * (a * x + b * y + c)) / depth}% ${(100 * (d * x + e * y + f)) / depth}%`;
    });
    return `polygon(${corners.join(", ")})`;
  }

  choice.addEventListener("change", draw);
  for (const frame of views.querySelectorAll(".frame")) sizes.observe(frame);
  return { show, shape };
})();
