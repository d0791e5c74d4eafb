"use strict";
// The theme is the system's until the reader picks another; the choice is kept where the browser allows it.
const theme = (() => {
  const NAMES = ["system", "light", "dark"];
  let name = "system";
  try {
    name = localStorage.getItem("theme") || name;
  } catch {
    // A browser that keeps nothing for files: the choice lasts as long as the page.
  }

  function show() {
    if (!NAMES.includes(name)) name = "system";
    document.documentElement.dataset.theme = name;
    const label = document.getElementById("theme-name");
    if (label) label.textContent = name;
    document.dispatchEvent(new Event("themechange"));
  }

  function next() {
    name = NAMES[(NAMES.indexOf(name) + 1) % NAMES.length];
    try {
      localStorage.setItem("theme", name);
    } catch {
      // As above.
    }
    show();
  }

  // A colour of style.css, as the theme has it now; for drawings that take no CSS variable.
  function colour(token) {
    const probe = document.createElement("span");
    probe.style.color = `var(--${token})`;
    document.body.append(probe);
    const value = getComputedStyle(probe).color;
    probe.remove();
    return value;
  }

  show();
  document.addEventListener("DOMContentLoaded", () => {
    show();
    document.getElementById("theme").addEventListener("click", next);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
  });
  return { colour };
})();
