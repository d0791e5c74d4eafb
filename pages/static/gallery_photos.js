"use strict";
// One cell: each photo with its copies beside it, some photos a page.
const photos = (() => {
  const PAGE = 24; // photos
  const SIZE = 96; // pixels of a thumbnail
  const box = document.getElementById("images");
  const pager = document.getElementById("pager");

  function show(rows, place) {
    const groups = group(rows);
    const pages = Math.max(1, Math.ceil(groups.length / PAGE));
    const page = Math.min(place.page, pages);
    const list = document.createElement("ol");
    list.className = "photos";
    list.start = (page - 1) * PAGE + 1;
    list.append(...groups.slice((page - 1) * PAGE, page * PAGE).map((each) => photo(each, place.wish)));
    box.replaceChildren(list);
    turn(place, page, pages);
    return groups.length;
  }

  // Rows of one photo, that lie side by side; the original leads even where the filter leaves it out.
  function group(rows) {
    const groups = [];
    let last = -1;
    for (const i of rows) {
      if (table.column.photo[i] !== last) {
        last = table.column.photo[i];
        groups.push({ original: table.siblings(i)[0], copies: [] });
      }
      if (table.column.copy[i]) groups.at(-1).copies.push(i);
    }
    return groups;
  }

  function photo({ original, copies }, wish) {
    const item = document.createElement("li");
    const tiles = document.createElement("ul");
    const name = document.createElement("p");
    tiles.className = "tiles";
    tiles.append(...[original, ...copies].map((i) => tile.make(i, SIZE, wish)));
    name.className = "name code";
    name.textContent = table.path(original);
    item.append(name, tiles);
    if (!copies.length) {
      const none = document.createElement("p");
      none.className = "muted none";
      none.textContent = "No copies";
      tiles.after(none);
      item.classList.add("alone");
    }
    return item;
  }

  function turn(place, page, pages) {
    pager.hidden = pages < 2;
    document.getElementById("page-of").textContent = `${page} of ${pages}`;
    for (const [id, to] of [["earlier", page - 1], ["later", page + 1]]) {
      link(document.getElementById(id), to >= 1 && to <= pages ? route.format({ ...place, page: to }) : null);
    }
  }

  // An anchor that leads nowhere keeps its place and says that it is off.
  function link(anchor, hash) {
    if (hash) anchor.setAttribute("href", hash);
    else anchor.removeAttribute("href");
    anchor.setAttribute("aria-disabled", String(!hash));
  }

  // Arrows: along a photo's images, and to the photo above or below.
  function move(key) {
    const links = [...box.querySelectorAll("a[data-row]")];
    const at = links.indexOf(document.activeElement);
    if (!links.length || !["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"].includes(key)) return false;
    if (at < 0) {
      if (["ArrowLeft", "ArrowUp"].includes(key)) return false;
      links[0].focus();
      return true;
    }
    const step = { ArrowLeft: -1, ArrowRight: 1 }[key];
    const next = step ? links[at + step] : vertical(links, at, key === "ArrowDown");
    next?.focus();
    return true;
  }

  function vertical(links, at, down) {
    const here = links[at].getBoundingClientRect();
    const score = (box_) => Math.abs(box_.top - here.top) * 1000 + Math.abs(box_.left - here.left);
    const candidates = links.filter((each) => {
      const top = each.getBoundingClientRect().top;
      return down ? top > here.top + 4 : top < here.top - 4;
    });
    return candidates.sort((a, b) => score(a.getBoundingClientRect()) - score(b.getBoundingClientRect()))[0];
  }

  function reveal(row) {
    box.querySelector(`a[data-row="${row}"]`)?.focus();
  }

  return { show, move, reveal, link };
})();
