"use strict";
// All images that fit, as a grid of which only the rows on screen exist: 100,000 scroll like 100.
const grid = (() => {
  const LEAST = 104; // pixels of a thumbnail
  const GAP = 8;
  const CAPTION = 40; // two lines: what it is, and its labels
  const MARGIN = 3; // rows above and below the screen
  const box = document.getElementById("images");
  const frame = document.createElement("div");
  const pictures = document.createElement("div");
  const list = document.createElement("ul");
  const made = new Map(); // position -> list item
  const strips = new Map(); // position that a line begins with -> the canvas behind it
  let rows = new Int32Array(0);
  let wish = {};
  let columns = 1;
  let size = LEAST;
  let active = 0;
  frame.className = "grid";
  list.className = "tiles";
  frame.append(pictures, list);

  function show(newRows, newWish) {
    clear();
    [rows, wish, active] = [newRows, newWish, 0];
    box.replaceChildren(frame);
    list.setAttribute("aria-label", `${rows.length.toLocaleString("en")} images`);
    lay();
  }

  function lay() {
    const width = box.clientWidth;
    if (!width || !list.isConnected) return;
    clear();
    columns = Math.max(3, Math.floor((width + GAP) / (LEAST + GAP)));
    size = Math.floor((width + GAP) / columns) - GAP;
    frame.style.height = `${Math.ceil(rows.length / columns) * pitch()}px`;
    draw();
  }

  function clear() {
    for (const item of made.values()) item.remove();
    made.clear();
    for (const start of strips.keys()) erase(start);
  }

  const pitch = () => size + CAPTION + GAP;

  function draw() {
    if (!list.isConnected) return;
    const top = -list.getBoundingClientRect().top;
    const first = Math.max(0, Math.floor(top / pitch()) - MARGIN) * columns;
    const last = Math.min(rows.length, (Math.ceil((top + innerHeight) / pitch()) + MARGIN) * columns);
    for (const [at, item] of made) {
      if ((at < first || at >= last) && !item.contains(document.activeElement)) {
        item.remove();
        made.delete(at);
      }
    }
    for (const start of strips.keys()) if (start < first || start >= last) erase(start);
    for (let start = first; start < last; start += columns) if (!strips.has(start)) paint(start);
    sheets.work();
    let cursor = list.firstChild;
    for (let at = first; at < last; at++) {
      if (!made.has(at)) made.set(at, place(at));
      const item = made.get(at);
      if (item === cursor) cursor = cursor.nextSibling;
      else list.insertBefore(item, cursor);
    }
  }

  const shift = (at) => `translate(${(at % columns) * (size + GAP)}px, ${Math.floor(at / columns) * pitch()}px)`;

  // One canvas for a line's thumbnails, in their own pixels: a canvas each would take ten times as long.
  function paint(start) {
    const canvas = document.createElement("canvas");
    const scale = sheets.size / size;
    const width = columns * (size + GAP);
    Object.assign(canvas, { width: Math.ceil(width * scale), height: sheets.size });
    Object.assign(canvas.style, { width: `${width}px`, height: `${size}px`, transform: shift(start) });
    const pen = canvas.getContext("2d", { willReadFrequently: true }); // drawn here, not sent elsewhere with its whole sheet
    line(start).forEach((i, k) => sheets.ask(i, (picture, x, y) =>
      pen.drawImage(picture, x, y, sheets.size, sheets.size, k * (size + GAP) * scale, 0, sheets.size, sheets.size)));
    strips.set(start, canvas);
    pictures.append(canvas);
  }

  const line = (start) => rows.subarray(start, start + columns);

  function erase(start) {
    line(start).forEach(sheets.drop);
    strips.get(start).remove();
    strips.delete(start);
  }

  function place(at) {
    const item = tile.make(rows[at], size, wish, tile.frame(size));
    item.style.transform = shift(at);
    item.style.width = `${size}px`;
    item.setAttribute("aria-posinset", at + 1);
    item.setAttribute("aria-setsize", rows.length);
    item.firstChild.tabIndex = at === active ? 0 : -1;
    return item;
  }

  // Scroll to the image at a position and give it the focus.
  function focus(at) {
    const link = (position) => made.get(position)?.firstChild;
    if (link(active)) link(active).tabIndex = -1;
    active = Math.max(0, Math.min(rows.length - 1, at));
    const top = list.getBoundingClientRect().top + Math.floor(active / columns) * pitch();
    if (top < 80) scrollBy(0, top - 80);
    else if (top + pitch() > innerHeight) scrollBy(0, top + pitch() - innerHeight + GAP);
    draw();
    if (!link(active)) return;
    link(active).tabIndex = 0;
    link(active).focus({ preventScroll: true });
  }

  function reveal(row) {
    const at = rows.indexOf(row);
    if (at >= 0) focus(at);
  }

  // Where an arrow leads from the focused image; false if the key is not for the grid.
  function move(key) {
    const page = columns * Math.max(1, Math.floor(innerHeight / pitch()) - 1);
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, PageUp: -page, PageDown: page,
      Home: -rows.length, End: rows.length };
    if (!(key in steps) || !rows.length) return false;
    const inside = list.contains(document.activeElement);
    if (!inside && !["ArrowRight", "ArrowDown"].includes(key)) return false;
    focus(inside ? active + steps[key] : active);
    return true;
  }

  list.addEventListener("focusin", (event) => {
    const at = rows.indexOf(Number(event.target.dataset.row));
    if (at < 0 || at === active) return;
    const before = made.get(active)?.firstChild;
    if (before) before.tabIndex = -1;
    active = at;
    event.target.tabIndex = 0;
  });
  let due = 0;
  addEventListener("scroll", () => { due ||= requestAnimationFrame(() => { due = 0; draw(); }); }, { passive: true });
  addEventListener("resize", lay);
  return { show, reveal, move };
})();
