"use strict";
// The map as a scatter plot on a canvas: a point for each photo, coloured by an axis.
const map = (() => {
  const canvas = document.getElementById("map-points");
  const choice = document.getElementById("map-colour");
  const key = document.getElementById("map-key");
  const PLAIN = 6; // values that have a colour of their own; more, and ages, are shades from one colour to another
  const EDGE = 8; // pixels around the points
  const { column, axes, splits, spot } = table;
  const rows = Int32Array.from({ length: table.count }, (_, i) => i).filter((i) => !column.copy[i]);
  const kinds = [...axes, { name: "split", values: splits, column: column.split }];
  let size = { width: 0, height: 0 };

  function draw() {
    const { clientWidth: width, clientHeight: height } = canvas;
    if (!width) return;
    const scale = devicePixelRatio || 1;
    size = { width, height };
    Object.assign(canvas, { width: width * scale, height: height * scale });
    const pen = canvas.getContext("2d");
    pen.scale(scale, scale);
    const side = Math.max(2, Math.min(7, Math.round(240 / Math.sqrt(rows.length))));
    const values = kinds[Number(choice.value)].column;
    const colours = [...key.children].map((item) => getComputedStyle(item.firstChild).color);
    pen.globalAlpha = 0.75;
    for (const i of rows) {
      const { x, y } = at(i);
      pen.fillStyle = colours[values[i]] ?? "grey";
      pen.fillRect(x - side / 2, y - side / 2, side, side);
    }
  }

  // Where a row's point is, in pixels of the canvas.
  function at(i) {
    const { x, y } = spot(i);
    return { x: EDGE + (x / 999) * (size.width - 2 * EDGE), y: EDGE + (y / 999) * (size.height - 2 * EDGE) };
  }

  // The other way round, in the map's own measure.
  const back = ({ x, y }) => [[x, size.width], [y, size.height]].map(([p, length]) =>
    Math.max(0, Math.min(999, Math.round(((p - EDGE) / (length - 2 * EDGE)) * 999))));

  // The `most` rows that are nearest to a point, `cost` of the distance across and down; infinite: never.
  function nearest({ x, y }, most = 1, cost = Math.hypot) {
    const found = [];
    for (const i of rows) {
      const point = at(i);
      const far = cost(point.x - x, point.y - y);
      if (far === Infinity || (found.length === most && far >= found.at(-1).far)) continue;
      const place = found.findIndex((each) => far < each.far);
      found.splice(place < 0 ? found.length : place, 0, { i, far });
      if (found.length > most) found.pop();
    }
    return found;
  }

  // A swatch for each value: the points take its colour from CSS.
  function legend() {
    const { name, values } = kinds[Number(choice.value)];
    const shaded = name === "age" || values.length > PLAIN;
    key.replaceChildren(...values.map((value, k) => {
      const item = document.createElement("li");
      const swatch = document.createElement("span");
      swatch.className = shaded ? "swatch shade" : `swatch series-${k + 1}`;
      swatch.style.setProperty("--part", `${(100 * k) / Math.max(1, values.length - 1)}%`);
      item.append(swatch, value);
      return item;
    }));
    draw();
  }

  choice.append(...kinds.map(({ name }, k) => new Option(name, k)));
  choice.addEventListener("change", legend);
  document.addEventListener("themechange", draw);
  new ResizeObserver(draw).observe(canvas);
  legend();
  return { rows, at, back, nearest, size: () => size };
})();
