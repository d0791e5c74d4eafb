"use strict";
// Which rows fit a wish. One pass over typed arrays answers for 100,000 rows within a few milliseconds.
const filter = (() => {
  const { column, axes, count } = table;
  const every = Int32Array.from({ length: count }, (_, i) => i);

  // A wish is a map from a field of the filter bar to its text; `cell` is the joint cell's number.
  function rows(wish) {
    const tests = [...fieldTests(wish), ...axisTests(wish)];
    const all = order(wish.sort);
    return tests.length ? all.filter((i) => tests.every((fits) => fits(i))) : all;
  }

  // What rows can be sorted by, the largest first; equal ones stay in the order of the page.
  const SORTS = {
    copies: (i) => table.copies(i),
    severity: (i) => (column.copy[i] ? column.severity[i] : -1),
    near: (i) => (column.copy[i] ? -1 : table.near(i)),
    attempts: (i) => column.attempt[i],
    residual: (i) => (column.copy[i] || table.judged(i) === null ? -1 : Math.abs(table.judged(i))),
    drift: (i) => (!column.copy[i] || table.judged(i) === null ? -1 : Math.abs(table.judged(i))),
  };

  const orders = new Map(); // of all rows, each made at its first use

  // Key and row in one number: numbers sort ten times faster without a function that compares two.
  function order(sort) {
    const of = SORTS[sort];
    if (!of) return every;
    if (!orders.has(sort)) {
      const both = Float64Array.from(every, (i) => Math.round(of(i) * 1000) * count + (count - 1 - i)).sort().reverse();
      orders.set(sort, Int32Array.from(both, (each) => count - 1 - (each - Math.floor(each / count) * count)));
    }
    return orders.get(sort);
  }

  function fieldTests(wish) {
    const tests = [];
    const is = (values, wanted) => tests.push((i) => values[i] === wanted);
    if (wish.cell !== undefined) {
      is(column.cell, Number(wish.cell));
      is(column.split, 0);
    }
    if (wish.split) is(column.split, Number(wish.split));
    if (wish.policy) is(column.policy, Number(wish.policy));
    if (wish.area) tests.push(areaTest(wish.area.split(",").map(Number)));
    if (wish.copy === "copies") tests.push((i) => column.copy[i] > 0);
    else if (wish.copy) is(column.copy, Number(wish.copy));
    if (wish.set === "kept") is(column.kept, 1);
    if (wish.set === "left") is(column.kept, 0);
    if (wish.set === "redrawn") tests.push((i) => column.attempt[i] > 0);
    if (wish.set === "rejected") tests.push(marks.rejected);
    if (wish.set === "excluded") tests.push((i) => column.copy[i] === 0 && marks.out(i));
    // Half a thousandth of room: the severities are rounded to three digits.
    if (wish.low) tests.push((i) => column.copy[i] > 0 && column.severity[i] >= Number(wish.low) - 5e-4);
    if (wish.high) tests.push((i) => column.copy[i] > 0 && column.severity[i] <= Number(wish.high) + 5e-4);
    if (wish.text) tests.push(photoTest(wish.text.toLowerCase()));
    return tests;
  }

  // Photos within a rectangle of the map.
  function areaTest([left, top, right, low]) {
    return (i) => {
      const { x, y } = table.spot(i);
      return column.copy[i] === 0 && x >= left && x <= right && y >= top && y <= low;
    };
  }

  function photoTest(text) {
    const fits = Uint8Array.from(table.found(), (words) => (words.includes(text) ? 1 : 0));
    return (i) => fits[column.photo[i]] === 1;
  }

  function axisTests(wish) {
    return axes
      .map((axis, a) => ({ values: axis.column, wanted: wish[`axis-${a}`] }))
      .filter(({ wanted }) => wanted)
      .map(({ values, wanted }) => (i) => values[i] === Number(wanted));
  }

  return { rows };
})();
