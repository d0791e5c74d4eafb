"use strict";
// The same mix of two photos at other amounts of the donor: a slider over images that the stage has rendered.
const mixes = (() => {
  const slider = document.getElementById("amount");
  const picture = document.getElementById("mixed");
  let rendered = []; // [amount, image]

  function show(found) {
    rendered = found;
    document.getElementById("mixes").hidden = !rendered.length;
    slider.max = Math.max(0, rendered.length - 1);
    slider.value = 0;
    if (rendered.length) draw();
  }

  function draw() {
    const [amount, image] = rendered[Number(slider.value)];
    const said = `${Math.round(100 * amount)}%`;
    picture.src = image;
    picture.alt = `The copy with ${said} of the donor`;
    document.getElementById("amount-is").value = said;
    slider.setAttribute("aria-valuetext", said);
  }

  slider.addEventListener("input", draw);
  return { show };
})();
