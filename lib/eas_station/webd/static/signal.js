// A chime and a notification for a new alert, for who wants them; this browser remembers.
"use strict";
(() => {
  const box = document.getElementById("signals");
  if (!box) return;
  const chime = document.getElementById("chime"), notify = document.getElementById("notify");
  const remembered = (key) => { try { return localStorage.getItem(key) === "on"; } catch { return false; } };
  const remember = (key, on) => { try { localStorage.setItem(key, on ? "on" : "off"); } catch { /* this visit only */ } };
  const canNotify = "Notification" in window && window.isSecureContext;
  const NOTES_HZ = [880, 660, 880], NOTE_S = 0.28;
  let audio = null;

  function ring() {
    audio = audio || new AudioContext();
    NOTES_HZ.forEach((pitch, index) => {
      const tone = audio.createOscillator(), gain = audio.createGain();
      const from = audio.currentTime + index * NOTE_S;
      tone.frequency.value = pitch;
      gain.gain.setValueAtTime(0, from);
      gain.gain.linearRampToValueAtTime(0.25, from + 0.02);
      gain.gain.linearRampToValueAtTime(0, from + NOTE_S);
      tone.connect(gain).connect(audio.destination);
      tone.start(from);
      tone.stop(from + NOTE_S);
    });
  }

  chime.checked = remembered("chime");
  chime.addEventListener("change", () => {
    remember("chime", chime.checked);
    if (chime.checked) ring(); // so that its sound is known, and the browser lets it ring later
  });

  notify.disabled = !canNotify;
  notify.checked = canNotify && remembered("notify") && Notification.permission === "granted";
  if (!canNotify) document.getElementById("notify-why").hidden = false;
  notify.addEventListener("change", async () => {
    if (notify.checked) notify.checked = await Notification.requestPermission() === "granted";
    remember("notify", notify.checked);
  });

  document.addEventListener("station:new", (event) => {
    if (chime.checked) ring();
    if (notify.checked) new Notification("New alert", { body: event.detail.join("\n"), tag: "eas-station" });
  });
  box.hidden = false;
})();
