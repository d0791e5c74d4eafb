"use strict";
// Draws each chart with Plotly in the colours of the theme, and again when the theme changes. A chart names a
// colour of style.css as "--name".
const charts = (() => {
  const specs = new Map();

  function coloured(value) {
    if (typeof value === "string" && value.startsWith("--")) return theme.colour(value.slice(2));
    if (Array.isArray(value)) return value.map(coloured);
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, coloured(inner)]));
    }
    return value;
  }

  const AXIS = { gridcolor: "--line", zerolinecolor: "--line", linecolor: "--strong-line", automargin: true,
    title: { standoff: 12, font: { color: "--muted", size: 13 } }, tickfont: { color: "--muted" }, fixedrange: true };
  const LAYOUT = {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", margin: { t: 8, r: 12, b: 40, l: 40 },
    font: { family: "system-ui, sans-serif", size: 13, color: "--ink" }, colorway: [1, 2, 3, 4, 5, 6].map((i) => `--series-${i}`),
    legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", font: { color: "--ink" } },
    hoverlabel: { bgcolor: "--surface", bordercolor: "--strong-line", font: { color: "--ink" } },
    hovermode: "closest", dragmode: false,
  };

  function merged(base, own) {
    const result = { ...base };
    for (const [key, value] of Object.entries(own ?? {})) {
      const both = value && typeof value === "object" && !Array.isArray(value) && typeof result[key] === "object";
      result[key] = both ? merged(result[key], value) : value;
    }
    return result;
  }

  function draw(box) {
    const spec = specs.get(box.dataset.chart);
    if (!spec || box.offsetParent === null) return; // a hidden box has no width; it is drawn when it is shown
    const layout = merged(LAYOUT, spec.layout);
    const axes = Object.keys(layout).filter((key) => /^[xy]axis\d*$/.test(key));
    for (const axis of axes) layout[axis] = merged(AXIS, layout[axis]);
    box.style.height = `${layout.height ?? 320}px`;
    Plotly.react(box, coloured(spec.data), coloured(layout), { displayModeBar: false, responsive: true });
  }

  function drawAll() {
    for (const box of document.querySelectorAll("[data-chart]")) draw(box);
  }

  document.addEventListener("DOMContentLoaded", () => {
    drawAll();
    document.addEventListener("themechange", drawAll);
    document.addEventListener("pickchange", drawAll);
  });
  return { put: (name, spec) => specs.set(name, spec), get: (name) => specs.get(name) };
})();
const put = charts.put;
