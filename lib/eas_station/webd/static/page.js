// Keeps the page up to date. Without this script the page is complete and reloads every 30 s.
"use strict";
(() => {
  const body = document.body;
  if (!("fresh" in body.dataset) || !window.EventSource || !window.DOMParser) return;
  const RECENT_MS = 60000, IDLE_MS = 15000, SILENT_MS = 35000, RETRY_MS = 15000, ANSWER_MS = 10000;
  const lost = document.getElementById("lost");
  const announce = document.getElementById("announce");
  let stream = null, heardAt = Date.now(), fetchedAt = Date.now(), pending = null, running = false;
  let again = false, silence = null;

  // The live parts of the new page replace ours; a part that has not changed stays as it is.
  function morph(ours, theirs) {
    if (ours.isEqualNode(theirs)) return;
    for (const open of ours.querySelectorAll("details[id]")) {
      const same = theirs.querySelector("#" + CSS.escape(open.id));
      if (same) same.open = open.open;
    }
    if (!("keyed" in ours.dataset)) return ours.replaceWith(keep(ours, theirs));
    const known = new Map([...ours.children].map((child) => [child.id, child]));
    const order = [...theirs.children].map((child) => {
      const old = known.get(child.id);
      if (old && old.isEqualNode(child)) return old;
      return old ? keep(old, child) : child;
    });
    ours.replaceChildren(...order);
  }

  // A recording that is playing goes on: its player moves into the new part.
  function keep(ours, theirs) {
    document.adoptNode(theirs);
    for (const kept of ours.querySelectorAll("[data-keep]")) {
      const same = theirs.querySelector("#" + CSS.escape(kept.id));
      if (same && same.matches("[data-keep]")) same.replaceWith(kept);
    }
    return theirs;
  }

  // The keyboard focus moves to the link or button that replaces the focused one.
  function holdingFocus(ours, replace) {
    const focused = ours.contains(document.activeElement) ? document.activeElement : null;
    replace();
    if (!focused || focused.isConnected) return;
    const now = document.getElementById(ours.id);
    const same = [...now.querySelectorAll(focused.tagName)].find((one) => one.isEqualNode(focused));
    if (same) same.focus({ preventScroll: true });
  }

  // Alerts by id. A list shows only its beginning: an alert new to it counts if it came recently.
  const alerts = (root) => new Map([...root.querySelectorAll("[data-announce]")].map((one) => [one.id, {
    text: one.dataset.announce, here: "here" in one.dataset, test: "test" in one.dataset,
    card: one.matches(".card"), came: one.dataset.came,
  }]));
  const asOf = (root) => root.querySelector("#asof time").dateTime;

  function update(text) {
    const next = new DOMParser().parseFromString(text, "text/html");
    if (next.body.dataset.page !== body.dataset.page) return;
    const before = alerts(document), since = Date.parse(asOf(document));
    const fresh = [...alerts(next)]
      .filter(([id, one]) => !before.has(id) && (one.card || Date.parse(one.came) > since - RECENT_MS)).map(([, one]) => one);
    for (const theirs of next.querySelectorAll("[data-live]")) {
      const ours = document.getElementById(theirs.id);
      if (ours) holdingFocus(ours, () => morph(ours, theirs));
    }
    document.title = next.title;
    body.dataset.change = next.body.dataset.change;
    if (fresh.length) {
      const texts = fresh.filter((one) => one.card).map((one) => one.text);
      if (texts.length) say("New: " + texts.join("; "));
      document.dispatchEvent(new CustomEvent("station:new", { detail: fresh }));
    }
    document.dispatchEvent(new CustomEvent("station:fresh"));
  }

  function say(sentence) {
    announce.textContent = sentence;
    clearTimeout(silence);
    silence = setTimeout(() => { announce.textContent = ""; }, 60000);
  }

  async function refresh() {
    if (running) { again = true; return; }
    running = true;
    const limit = new AbortController(); // a dead connection would hang for minutes
    const late = setTimeout(() => limit.abort(), ANSWER_MS);
    try {
      const answer = await fetch(location.href, { cache: "no-cache", signal: limit.signal });
      if (answer.ok) { update(await answer.text()); fetchedAt = heardAt = Date.now(); }
    } catch (error) { /* the banner shows it */ }
    clearTimeout(late);
    running = false;
    if (again) { again = false; refresh(); }
    checkAge();
  }

  function soon(wait) {
    clearTimeout(pending);
    pending = setTimeout(refresh, wait);
  }

  function checkAge() {
    // The stream alone does not prove the page fresh; a hidden page is not fetched.
    const silentMs = Date.now() - (document.hidden ? heardAt : Math.min(heardAt, fetchedAt));
    lost.hidden = silentMs < SILENT_MS;
    if (!lost.hidden) {
      const at = new Date(fetchedAt).toLocaleTimeString();
      lost.textContent = "▲ No contact with the station for " + Math.round(silentMs / 1000) +
        " s. This page is from " + at + " and may be out of date.";
      body.classList.remove("live");
    }
  }

  function levels(event) {
    for (const level of JSON.parse(event.data)) {
      const row = document.querySelector('[data-level="' + CSS.escape(level.key) + '"]');
      if (!row) continue;
      row.classList.remove("stale");
      row.querySelector("meter").value = level.rms_dbfs;
      row.querySelector(".rms").textContent = Math.round(level.rms_dbfs) + " dB";
      row.querySelector(".peak").textContent = Math.round(level.peak_dbfs) + " dB";
      row.querySelector(".verdict-word").textContent =
        level.carrier_present === false ? "no carrier" : level.silent ? "silence" : "audio";
    }
  }

  function connect() {
    const more = { listening: ",levels", radio: ",receivers" }[body.dataset.page] || "";
    const kinds = "alert,reception,record,status" + more;
    stream = new EventSource("/api/v1/events?kinds=" + kinds + "&after=" + body.dataset.change);
    const heard = () => { heardAt = Date.now(); body.classList.add("live"); checkAge(); };
    for (const kind of ["alert", "reception", "record", "reset"])
      stream.addEventListener(kind, () => { heard(); soon(20); });
    stream.addEventListener("hello", () => { heard(); soon(20); });
    stream.addEventListener("heartbeat", heard);
    stream.addEventListener("status", () => {
      heard();
      if (!document.hidden && Date.now() - fetchedAt > 4000) soon(0);
    });
    stream.addEventListener("levels", (event) => { heard(); levels(event); });
    stream.addEventListener("receivers", (event) => {
      heard();
      document.dispatchEvent(new CustomEvent("station:receivers", { detail: JSON.parse(event.data) }));
    });
    stream.onerror = () => {
      body.classList.remove("live");
      if (stream.readyState !== EventSource.CLOSED) return;
      soon(0); // the server has no place for another stream: fetch now, try again later
      setTimeout(connect, RETRY_MS);
    };
  }

  setInterval(() => { if (!document.hidden && Date.now() - fetchedAt > IDLE_MS) refresh(); checkAge(); }, 5000);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) soon(0); });
  addEventListener("pagehide", () => stream && stream.close());
  addEventListener("pageshow", (event) => { if (event.persisted) { connect(); soon(0); } });
  connect();
})();
