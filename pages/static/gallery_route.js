"use strict";
// Where the reader is, in the address after `#`, so that every cell, filter and image can be linked to:
// #/  #/images?policy=2  #/cell/17?copy=copies&page=2  #/image/0123456789abcdef_0003?cell=17
const route = (() => {
  let shown = null;
  let show = () => {};

  function parse(hash) {
    const [path, query = ""] = hash.replace(/^#/, "").split("?");
    const wish = Object.fromEntries([...new URLSearchParams(query)].filter(([, value]) => value !== ""));
    const page = Math.max(1, Number.parseInt(wish.page, 10) || 1);
    delete wish.page;
    const [, view = "", name = ""] = path.split("/");
    if (view === "image") return { view, task: name, wish };
    if (view === "cell" && /^\d+$/.test(name) && Number(name) < table.cells) {
      return { view, wish: { ...wish, cell: name }, page };
    }
    return view === "images" ? { view, wish, page } : { view: "overview", wish: {} };
  }

  function format({ view, task = "", wish = {}, page = 1 }) {
    const words = { ...wish };
    if (view === "cell") delete words.cell;
    if (page > 1) words.page = page;
    const query = new URLSearchParams(words).toString();
    const name = { image: `image/${task}`, cell: `cell/${wish.cell}`, images: "images", overview: "" }[view];
    return `#/${name}${query ? `?${query}` : ""}`;
  }

  // Show another place; `replace` leaves no step behind in the browser's history.
  function go(place, replace = false) {
    const hash = format(place);
    if (replace) location.replace(hash);
    else location.hash = hash;
    follow();
  }

  function follow() {
    if (location.hash === "#main") return; // the link that skips to the content
    const hash = location.hash || "#/";
    if (hash === shown) return;
    shown = hash;
    show(parse(hash));
  }

  function start(whenShown) {
    show = whenShown;
    addEventListener("hashchange", follow);
    follow();
  }

  return { format, go, start };
})();
