// Zooms and moves the map. Without this script the whole map is shown.
"use strict";
(() => {
  const STEP = 1.6, MOST = 12;
  let zoom = 1, middle = null; // kept when the map is replaced

  function show(figure) {
    const svg = figure.querySelector("svg");
    if (!svg.dataset.whole) svg.dataset.whole = svg.getAttribute("viewBox");
    const [, , width, height] = svg.dataset.whole.split(" ").map(Number);
    const wide = width / zoom, tall = height / zoom;
    const [x, y] = middle || start(svg, width, height);
    const left = Math.min(Math.max(x - wide / 2, 0), width - wide);
    const top = Math.min(Math.max(y - tall / 2, 0), height - tall);
    middle = zoom === 1 ? null : [left + wide / 2, top + tall / 2];
    svg.setAttribute("viewBox", [left, top, wide, tall].map((n) => Math.round(n)).join(" "));
    svg.style.setProperty("--zoom", zoom);
  }

  function start(svg, width, height) {
    const own = svg.querySelector(".own.warning, .own.watch, .own");
    if (!own) return [width / 2, height / 2];
    const box = own.getBBox();
    return [box.x + box.width / 2, box.y + box.height / 2];
  }

  function change(figure, factor) {
    zoom = Math.min(Math.max(zoom * factor, 1), MOST);
    show(figure);
  }

  function move(figure, right, down) {
    if (!middle) return;
    const [, , width, height] = figure.querySelector("svg").dataset.whole.split(" ").map(Number);
    middle = [middle[0] + right * width / zoom / 4, middle[1] + down * height / zoom / 4];
    show(figure);
  }

  function button(figure, sign, name, act) {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = sign;
    made.setAttribute("aria-label", name);
    made.title = name;
    made.addEventListener("click", () => act(figure));
    return made;
  }

  function equip(figure) {
    if (figure.querySelector(".zoom")) return;
    const bar = document.createElement("div");
    bar.className = "zoom";
    bar.append(
      button(figure, "+", "Zoom in", (f) => change(f, STEP)),
      button(figure, "−", "Zoom out", (f) => change(f, 1 / STEP)),
      button(figure, "←", "Move west", (f) => move(f, -1, 0)),
      button(figure, "→", "Move east", (f) => move(f, 1, 0)),
      button(figure, "↑", "Move north", (f) => move(f, 0, -1)),
      button(figure, "↓", "Move south", (f) => move(f, 0, 1)),
      button(figure, "Reset", "Reset: show the whole map", (f) => { zoom = 1; middle = null; show(f); }),
    );
    figure.querySelector("svg").after(bar);
    if (zoom !== 1) show(figure);
  }

  const all = () => document.querySelectorAll("[data-map]").forEach(equip);
  document.addEventListener("station:fresh", all);
  all();
})();
