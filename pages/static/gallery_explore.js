"use strict";
// Moving about the map: a point is chosen by pointer or arrows and shown beside it, a rectangle becomes a filter.
(() => {
  const box = document.getElementById("map");
  const marker = document.getElementById("map-marker");
  const brush = document.getElementById("map-brush");
  const tiles = document.getElementById("map-tiles");
  const list = document.getElementById("map-list");
  const SHOWN = 9; // photos beside the map, the chosen one first
  const REACH = 14; // pixels from which a point is meant
  const DRAG = 6; // pixels from which it is a rectangle
  const AROUND = 50; // of 999, to each side of the chosen point
  let chosen = -1;
  let start = null;

  const link = (i) => route.format({ view: "image", task: table.task(i), wish: { copy: "0" } });
  const area = (corners) => ({ area: corners.join(","), copy: "0" });

  function choose(i) {
    if (i === chosen || i < 0) return;
    chosen = i;
    const point = map.at(i);
    const { x, y } = table.spot(i);
    const near = map.nearest(point, SHOWN).map((each) => each.i).filter((each) => each !== i);
    const wish = area([x - AROUND, y - AROUND, x + AROUND, y + AROUND].map((end) => Math.max(0, Math.min(999, end))));
    marker.hidden = false;
    marker.style.translate = `${point.x}px ${point.y}px`;
    box.dataset.row = i;
    document.getElementById("map-said").textContent = table.describe(i);
    tiles.replaceChildren(tile.make(i, 112, { copy: "0" }), ...near.slice(0, SHOWN - 1).map((each) => tile.make(each, 56, { copy: "0" })));
    list.hidden = false;
    list.href = route.format({ view: "images", wish });
    list.textContent = `List the ${filter.rows(wish).length.toLocaleString("en")} photos around it`;
  }

  const inside = (event) => {
    const { left, top } = box.getBoundingClientRect();
    return { x: event.clientX - left - box.clientLeft, y: event.clientY - top - box.clientTop };
  };

  function meant(event) {
    const [found] = map.nearest(inside(event));
    return found && found.far <= REACH ? found.i : -1;
  }

  // The rectangle from where the button went down, if it is one by now.
  function dragged(event) {
    if (!start) return null;
    const end = inside(event);
    const [left, right] = [start.x, end.x].sort((a, b) => a - b);
    const [top, low] = [start.y, end.y].sort((a, b) => a - b);
    return Math.max(right - left, low - top) < DRAG ? null : { left, right, top, low };
  }

  function move(event) {
    const found = dragged(event);
    brush.hidden = !found;
    if (found) {
      brush.style.translate = `${found.left}px ${found.top}px`;
      brush.style.width = `${found.right - found.left}px`;
      brush.style.height = `${found.low - found.top}px`;
    } else choose(meant(event));
  }

  function lift(event) {
    const found = dragged(event);
    const began = start;
    [start, brush.hidden] = [null, true];
    if (found) {
      const corners = [{ x: found.left, y: found.top }, { x: found.right, y: found.low }].flatMap(map.back);
      route.go({ view: "images", wish: area(corners) });
    } else if (began && meant(event) >= 0) location.hash = link(meant(event));
  }

  // The next point that way: what lies aside costs more than what lies ahead, and behind there is none.
  function toward(right, down) {
    const cost = (x, y) => {
      const [ahead, aside] = [x * right + y * down, Math.abs(x * down) + Math.abs(y * right)];
      return ahead > 0.5 && aside <= ahead * 2 ? ahead + 2 * aside : Infinity;
    };
    return map.nearest(map.at(chosen), 1, cost)[0]?.i ?? chosen;
  }

  function press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (step) choose(toward(...step));
    else if (event.key === "Enter" && chosen >= 0) location.hash = link(chosen);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  // A reader who comes by keyboard begins in the middle.
  function arrive() {
    if (chosen < 0) choose(map.nearest({ x: map.size().width / 2, y: map.size().height / 2 })[0].i);
  }

  function resize() {
    if (chosen < 0) return;
    const point = map.at(chosen);
    marker.style.translate = `${point.x}px ${point.y}px`;
  }

  box.setAttribute("aria-label", `Map of ${map.rows.length.toLocaleString("en")} photos`);
  box.addEventListener("focus", arrive);
  box.addEventListener("keydown", press);
  box.addEventListener("pointermove", move);
  box.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    if (event.pointerType === "touch") return choose(meant(event)); // a finger scrolls; the photo beside the map opens
    start = inside(event);
    box.setPointerCapture(event.pointerId);
  });
  box.addEventListener("pointerup", lift);
  box.addEventListener("pointercancel", () => { [start, brush.hidden] = [null, true]; });
  new ResizeObserver(resize).observe(box);
  box.closest("section").hidden = map.rows.length < 4;
})();
