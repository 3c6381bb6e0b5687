// A click on a waveform plays from there. Without this script the player controls remain.
"use strict";
(() => {
  function line(svg, share) {
    const name = "http://www.w3.org/2000/svg";
    const [, , width, height] = svg.getAttribute("viewBox").split(" ").map(Number);
    const made = svg.querySelector(".played") || svg.appendChild(document.createElementNS(name, "rect"));
    made.setAttribute("class", "played");
    made.setAttribute("width", 2);
    made.setAttribute("height", height);
    made.setAttribute("x", share * width);
  }

  function equip(figure) {
    const svg = figure.querySelector("svg.wave"), audio = figure.querySelector("audio");
    if (!svg || !audio || figure.dataset.equipped) return;
    figure.dataset.equipped = "yes";
    const seconds = Number(figure.dataset.seconds);
    svg.classList.add("seekable");
    svg.addEventListener("click", (event) => {
      const box = svg.getBoundingClientRect();
      const share = Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
      const seek = () => { audio.currentTime = share * seconds; };
      if (audio.readyState >= 1) seek();
      else audio.addEventListener("loadedmetadata", seek, { once: true });
      line(svg, share);
      audio.play().catch(() => { /* the player shows why it cannot */ });
    });
    audio.addEventListener("timeupdate", () => line(svg, Math.min(audio.currentTime / seconds, 1)));
  }

  const all = () => document.querySelectorAll("[data-clip]").forEach(equip);
  document.addEventListener("station:fresh", all);
  all();
})();
