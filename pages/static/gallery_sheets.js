"use strict";
// Thumbnails for the grid, cut out of their sprite sheets: a sheet is decoded, cut and let go. As the background of an
// element every sheet that was on screen would stay decoded, seven megabytes each, for as long as there is memory.
const sheets = (() => {
  const { across, images, size } = table.sheet;
  const KEPT = 3; // decoded sheets: what is next to each other on screen is so on a sheet
  const ATONCE = 2; // sheets that are read at the same time
  const waiting = new Map(); // sheet -> what wants a part of it: row -> paint
  const reading = new Set();
  const decoded = new Map(); // sheet -> bitmap, the least recently used first

  const sheetOf = (i) => Math.floor(i / images);

  // Calls `paint(picture, x, y)` with the sheet and the thumbnail's corner on it, unless `drop(i)` comes first.
  function ask(i, paint) {
    if (!waiting.has(sheetOf(i))) waiting.set(sheetOf(i), new Map());
    waiting.get(sheetOf(i)).set(i, paint);
  }

  function drop(i) {
    const sheet = waiting.get(sheetOf(i));
    if (sheet?.delete(i) && !sheet.size) waiting.delete(sheetOf(i));
  }

  // What was asked for last comes first: the reader may have scrolled on.
  function work() {
    for (const sheet of [...waiting.keys()].reverse()) {
      if (decoded.has(sheet)) cut(sheet, decoded.get(sheet));
      else if (!reading.has(sheet) && reading.size < ATONCE) read(sheet);
    }
  }

  async function read(sheet) {
    reading.add(sheet);
    try {
      cut(sheet, await bitmap(sheet));
    } catch {
      waiting.delete(sheet); // a file that can't be read leaves its places empty
    }
    reading.delete(sheet);
    work();
  }

  function cut(sheet, picture) {
    for (const [i, paint] of waiting.get(sheet) ?? []) {
      const place = i % images;
      paint(picture, size * (place % across), size * Math.floor(place / across));
    }
    waiting.delete(sheet);
    decoded.delete(sheet);
    decoded.set(sheet, picture);
    for (const old of [...decoded.keys()].slice(0, -KEPT)) {
      decoded.get(old).close();
      decoded.delete(old);
    }
  }

  async function bitmap(sheet) {
    const picture = new Image();
    await new Promise((resolve, reject) => {
      Object.assign(picture, { onload: resolve, onerror: reject, src: tile.sheet(sheet) });
    });
    const made = await createImageBitmap(picture);
    picture.src = ""; // or the file's bytes stay until the browser tidies up
    return made;
  }

  return { ask, drop, work, size };
})();
