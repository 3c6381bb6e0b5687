// Plays one channel live on the page Listening. Without it the links lead to a page with a player.
"use strict";
(() => {
  const box = document.getElementById("player"), says = document.getElementById("player-says");
  const audio = document.getElementById("player-audio"), stop = document.getElementById("player-stop");
  if (!box) return;
  let title = "";

  // A stream that is only paused would keep one of the station's few places.
  function release() {
    audio.removeAttribute("src");
    audio.load();
  }

  function end(sentence) {
    title = "";
    release();
    says.textContent = sentence;
    stop.textContent = "Close";
    audio.hidden = true;
  }

  function play(link) {
    title = link.dataset.title;
    says.textContent = "Listening to " + title + ", a few seconds late. It takes a moment to begin.";
    stop.textContent = "Stop listening";
    box.hidden = audio.hidden = false;
    audio.src = link.dataset.listen;
    audio.play().catch(() => { /* "error" tells why; or the browser wants a click on the player */ });
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-listen]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    play(link);
  });
  audio.addEventListener("error", () => {
    if (title) end("Nothing is to be heard from " + title + " now, or eight others listen already.");
  });
  audio.addEventListener("ended", () => { if (title) end("The sound of " + title + " has ended."); });
  audio.addEventListener("pause", () => { if (title && !audio.ended) end("Stopped."); });
  stop.addEventListener("click", () => { title = ""; release(); box.hidden = true; });
  addEventListener("pagehide", () => { title = ""; release(); });
})();
