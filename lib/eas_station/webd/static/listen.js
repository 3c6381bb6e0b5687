// Plays one channel live on the page Listening. Without this script the links open a page with a player.
"use strict";
(() => {
  const box = document.getElementById("player"), status = document.getElementById("player-status");
  const audio = document.getElementById("player-audio"), stop = document.getElementById("player-stop");
  if (!box) return;
  let title = "";

  // A paused stream would still take one of the few places for listeners.
  function release() {
    audio.removeAttribute("src");
    audio.load();
  }

  function end(sentence) {
    title = "";
    release();
    status.textContent = sentence;
    stop.textContent = "Close";
    audio.hidden = true;
  }

  function play(link) {
    title = link.dataset.title;
    status.textContent = "Listening to " + title + ". The audio is delayed by a few seconds.";
    stop.textContent = "Stop listening";
    box.hidden = audio.hidden = false;
    audio.src = link.dataset.listen;
    audio.play().catch(() => { /* "error" gives the reason, or the browser requires a click on the player */ });
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-listen]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    play(link);
  });
  audio.addEventListener("error", () => {
    if (title) end("No audio from " + title + " now, or eight others are already listening.");
  });
  audio.addEventListener("ended", () => { if (title) end("The audio of " + title + " has ended."); });
  audio.addEventListener("pause", () => { if (title && !audio.ended) end("Stopped."); });
  stop.addEventListener("click", () => { title = ""; release(); box.hidden = true; });
  addEventListener("pagehide", () => { title = ""; release(); });
})();
