// A chime and a notification for a new alert, as set in this browser or else on the station.
"use strict";
(() => {
  const box = document.getElementById("signals");
  if (!box) return;
  const chime = document.getElementById("chime"), notify = document.getElementById("notify");
  const why = document.getElementById("chime-why");
  const recall = (key) => { try { return localStorage.getItem(key) || ""; } catch { return ""; } };
  const remember = (key, value) => {
    try { if (value) localStorage.setItem(key, value); else localStorage.removeItem(key); } catch { /* this visit only */ }
  };
  const canNotify = "Notification" in window && window.isSecureContext;
  const NOTES_HZ = [880, 660, 880], NOTE_S = 0.28;
  let audio = null;

  const wanted = () => chime.value || document.getElementById("signals").dataset.chime || "off";

  function ring() {
    audio = audio || new AudioContext();
    if (audio.state === "suspended") audio.resume().then(explain, () => {});
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
    explain();
  }

  // Browsers let a page play sound only after a click or a tap on it.
  function explain() {
    const touched = navigator.userActivation ? navigator.userActivation.hasBeenActive : true;
    why.hidden = wanted() === "off" || touched;
  }

  const choices = [...chime.options].map((option) => option.value);
  chime.value = choices.includes(recall("chime")) ? recall("chime") : "";
  chime.addEventListener("change", () => {
    remember("chime", chime.value);
    if (wanted() !== "off") ring(); // a sample, and the browser then allows later chimes
    explain();
  });
  document.getElementById("ring").addEventListener("click", ring);
  for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, () => setTimeout(explain, 0));

  notify.disabled = !canNotify;
  notify.checked = canNotify && recall("notify") === "on" && Notification.permission === "granted";
  if (!canNotify) document.getElementById("notify-why").hidden = false;
  notify.addEventListener("change", async () => {
    if (notify.checked) notify.checked = await Notification.requestPermission() === "granted";
    remember("notify", notify.checked ? "on" : "off");
  });

  document.addEventListener("station:new", (event) => {
    const here = event.detail.filter((one) => one.here && !one.test);
    if (wanted() === "all" || (wanted() === "here" && here.length)) ring();
    if (notify.checked && here.length)
      new Notification("New alert", { body: here.map((one) => one.text).join("\n"), tag: "eas-station" });
  });
  box.hidden = false;
  explain();
})();
