"use strict";
// One image: beside its photo, under a slider, as an amplified difference, and all that is known of it.
const image = (() => {
  const at = (id) => document.getElementById(id);
  const views = at("views");
  let row = -1;
  let neighbours = [null, null];

  // `rows` are those among which the reader moves; the image may be outside of them.
  function show(newRow, rows, wish) {
    row = newRow;
    const copy = table.column.copy[row] > 0;
    const siblings = table.siblings(row);
    at("image-title").textContent = table.title(row);
    views.classList.toggle("alone", !copy);
    crumbs(wish);
    step(rows, wish);
    at("siblings").replaceChildren(...siblings.map((i) => tile.make(i, 96, wish)));
    for (const link of at("siblings").querySelectorAll("a")) {
      if (Number(link.dataset.row) === row) link.setAttribute("aria-current", "true");
    }
    list("labels", labels());
    list("made", [["", "Reading…"]]);
    list("place", []);
    similar([]);
    mark();
    fill(row, siblings[0]);
  }

  function crumbs(wish) {
    const link = document.createElement("a");
    const cell = table.column.cell[row];
    const inCell = wish.cell !== undefined || (cell >= 0 && table.column.split[row] === 0 && !Object.keys(wish).length);
    link.href = inCell ? route.format({ view: "cell", wish: { cell: String(cell), ...wish } }) : route.format({ view: "images", wish });
    link.textContent = inCell ? table.cellName(cell) : "All images";
    at("image-crumbs").replaceChildren("› ", link);
  }

  function step(rows, wish) {
    const here = rows.indexOf(row);
    const hash = (i) => (i === undefined ? null : route.format({ view: "image", task: table.task(i), wish }));
    neighbours = here < 0 ? [null, null] : [hash(rows[here - 1]), hash(rows[here + 1])];
    photos.link(at("before"), neighbours[0]);
    photos.link(at("after"), neighbours[1]);
    at("image-of").textContent = here < 0 ? "" : `${(here + 1).toLocaleString("en")} of ${rows.length.toLocaleString("en")}`;
  }

  function labels() {
    const age = table.column.age[row];
    const named = table.axes.map((axis) => [axis.name, axis.column[row] < 0 ? "unknown" : axis.values[axis.column[row]]]);
    const kind = table.column.copy[row] ? "a judge's drift from the photo" : "a judge's error";
    const judged = table.judged(row) === null ? [] : [[kind, table.judgedSaid(row)]];
    return [["split", table.splits[table.column.split[row]]], ...(age < 0 ? [] : [["age in years", age.toFixed(1)]]), ...named, ...judged];
  }

  async function fill(wanted, original) {
    views.setAttribute("aria-busy", "true");
    let facts;
    try {
      facts = await Promise.all([wanted, original].map(fact));
    } catch (error) {
      if (row === wanted) list("made", [["", error.message]]);
      return;
    }
    if (row !== wanted) return; // the reader has moved on
    const [own, parent] = facts;
    const copy = table.column.copy[wanted] > 0;
    const pictures = [["parent", parent], ["copy", own]];
    for (const [id, each] of pictures) at(id).src = each.image;
    at("parent").alt = `The photo ${table.path(wanted)}`;
    at("copy").alt = `Its copy ${table.column.copy[wanted]}, made by ${table.policy(wanted)}`;
    for (const under of views.querySelectorAll(".under")) under.src = parent.image;
    for (const over of views.querySelectorAll(".over")) over.src = own.image;
    await align.show(at("parent"), copy ? own.back : null);
    if (row !== wanted) return;
    mixes.show(own.mixes ?? []);
    list("made", copy ? made(wanted, own) : [["", "A photo as it came, byte for byte."]]);
    list("place", own.place);
    similar(own.alike ?? []);
    at("lender").hidden = true;
    if (own.donor) await donor(own.donor, wanted);
    if (row !== wanted) return;
    overlay([["parent", parent.mesh], ["donor", at("donor").mesh]]);
    views.setAttribute("aria-busy", "false");
  }

  async function fact(i) {
    const part = table.part(i);
    return (await store.load(part.name))[part.at];
  }

  function made(i, own) {
    return [["policy", table.policy(i)], ["severity", table.column.severity[i].toFixed(2)], ...own.drawn];
  }

  // The photos that look most like this one: [row, likeness in thousandths].
  function similar(found) {
    at("similar").replaceChildren(...found.map(([i, likeness]) => {
      const item = tile.make(i, 96, {});
      item.querySelector(".caption").textContent = `${table.alike(likeness)} · ${table.splits[table.column.split[i]]}`;
      return item;
    }));
    at("similar").parentElement.hidden = !found.length;
  }

  // The other photo, and its place beside the copy.
  async function donor(task, wanted) {
    const known = table.rowOf(task);
    const value = document.createElement(known === undefined ? "span" : "a");
    value.textContent = task.slice(0, -5);
    if (known !== undefined) value.href = route.format({ view: "image", task });
    at("made").append(...pair("donor", value));
    at("donor").mesh = null;
    if (known === undefined) return;
    const lent = await fact(known).catch(() => null);
    if (!lent || row !== wanted) return;
    at("donor").src = lent.image;
    at("donor").alt = `The donor ${table.path(known)}`;
    at("donor").mesh = lent.mesh;
    await align.shape(at("donor"), at("donor").parentElement);
    at("lender").hidden = false;
  }

  // Points over the photos in which a face was found.
  function overlay(pictures) {
    for (const old of views.querySelectorAll("svg")) old.remove();
    at("mesh-choice").hidden = !pictures.some(([, mesh]) => mesh);
    for (const [id, mesh] of pictures) {
      if (!mesh) continue;
      const svg = at("points").content.firstElementChild.cloneNode(true);
      svg.firstElementChild.setAttribute("d", mesh.map(([x, y]) => `M${x} ${y}h0`).join(""));
      at(id).after(svg);
    }
  }

  function list(id, pairs) {
    at(id).replaceChildren(...pairs.flatMap(([name, value]) => pair(name, document.createTextNode(value))));
    at(id).parentElement.hidden = pairs.length === 0;
  }

  function pair(name, value) {
    const [term, detail] = [document.createElement("dt"), document.createElement("dd")];
    term.textContent = name || "note";
    term.classList.toggle("hidden", !name);
    detail.append(value);
    return [term, detail];
  }

  function mark() {
    if (row < 0) return;
    const copy = table.column.copy[row] > 0;
    const marked = copy ? marks.rejected(row) : marks.out(row);
    at("mark").textContent = marked ? "Take it back" : copy ? "Reject" : "Exclude";
    at("mark").classList.toggle("danger", !marked);
    at("image").classList.toggle("marked", marked || marks.out(row));
    at("image-note").textContent = [table.path(row), ...(table.column.kept[row] ? [] : ["left out of the balanced set"]),
      ...(copy && marks.out(row) ? ["its photo is excluded"] : [])].join(" · ");
  }

  function move(key) {
    const to = { ArrowLeft: neighbours[0], ArrowRight: neighbours[1] }[key];
    if (to) location.hash = to;
    return Boolean(to);
  }

  at("cut").addEventListener("input", () => views.style.setProperty("--cut", `${at("cut").value}%`));
  at("gain").addEventListener("input", () => {
    views.style.setProperty("--gain", at("gain").value);
    at("gain-is").value = at("gain").value;
  });
  at("mesh").addEventListener("change", () => views.classList.toggle("meshed", at("mesh").checked));
  at("mark").addEventListener("click", () => lists.toggle(row));
  document.addEventListener("markschange", mark);
  return { show, move, row: () => row };
})();
