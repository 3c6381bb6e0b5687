// Live spectrum and channel values, and the values of a chart under the pointer.
// Without this script both are shown as the server drew them.
"use strict";
(() => {
  const KEPT_MS = 60000;
  const answers = new Map(); // address of a history → when it was fetched, and the values
  let pointer = null; // the chart under the pointer, and where on it

  function drawSpectrum(svg, bins) {
    const { width, height, top, bottom } = svg.dataset;
    const stepX = width / bins.length, stepY = height / (top - bottom);
    const points = bins.map((value, place) => {
      const y = Math.max(0, Math.min(height, (top - value) * stepY));
      return ((place + 0.5) * stepX).toFixed(1) + "," + y.toFixed(1);
    });
    svg.querySelector(".line-1").setAttribute("d", "M" + points.join(" "));
  }

  function showChannel(channel) {
    const row = document.querySelector('[data-radio="' + CSS.escape(channel.key) + '"]');
    if (!row) return;
    const signed = (value) => (value < 0 ? "" : "+") + Math.round(value);
    row.classList.remove("stale");
    row.querySelector("meter").value = channel.snr_db;
    row.querySelector(".snr-db").textContent = Math.round(channel.snr_db) + " dB";
    row.querySelector(".signal").textContent = Math.round(channel.signal_dbfs) + " dBFS";
    row.querySelector(".noise").textContent = Math.round(channel.noise_dbfs) + " dBFS";
    row.querySelector(".deviation").textContent = (channel.deviation_hz / 1000).toFixed(1) + " kHz";
    row.querySelector(".offset").textContent = signed(channel.offset_hz) + " Hz";
    row.querySelector(".carrier").textContent = channel.carrier_present ? "carrier" : "no carrier";
  }

  document.addEventListener("station:receivers", ({ detail }) => {
    const svg = document.querySelector('[data-spectrum="' + CSS.escape(detail.receiver) + '"]');
    if (svg && detail.spectrum_dbfs.length > 1) drawSpectrum(svg, detail.spectrum_dbfs);
    detail.channels.forEach(showChannel);
  });

  function history(address) {
    const known = answers.get(address);
    if (known && Date.now() - known.at < KEPT_MS) return known.values;
    const values = fetch(address, { cache: "no-cache" })
      .then((answer) => answer.ok ? answer.json() : null).catch(() => null);
    answers.set(address, { at: Date.now(), values });
    return values;
  }

  function sentence(values, place, zone) {
    const at = new Date(Date.parse(values.began_at) + place * values.point_s * 1000);
    const means = values.channels.map(({ channel, mean }) =>
      channel + " " + (mean[place] === null ? "unknown" : Math.round(mean[place] * 10) / 10));
    return at.toLocaleString(undefined, { timeZone: zone, dateStyle: "medium", timeStyle: "short" }) + ": " + means.join(", ") + " (" + values.unit + ")";
  }

  async function showPointer() {
    const wanted = pointer, values = wanted && await history(wanted.address);
    if (wanted !== pointer) return; // it has moved on
    document.querySelectorAll(".chart .cursor").forEach((line) => line.remove());
    document.querySelectorAll(".readout").forEach((text) => { text.textContent = ""; });
    const box = values && document.querySelector('[data-chart="' + CSS.escape(wanted.address) + '"]');
    if (!box || !values.points) return;
    const svg = box.querySelector("svg"), { width, height } = svg.viewBox.baseVal;
    const left = Number(box.dataset.left), step = (box.dataset.right - left) / Math.max(1, values.points - 1);
    const place = Math.min(Math.max(Math.round((wanted.share * width - left) / step), 0), values.points - 1);
    const line = svg.appendChild(document.createElementNS(svg.namespaceURI, "path"));
    line.setAttribute("class", "cursor");
    line.setAttribute("d", "M" + (left + place * step).toFixed(1) + ",0V" + height);
    // The zone is the station's; without a name it is this browser's.
    box.parentElement.querySelector(".readout").textContent = sentence(values, place, box.dataset.zone || undefined);
  }

  function point(event) {
    const box = event.target.closest ? event.target.closest("[data-chart]") : null;
    if (!box && !pointer) return;
    const edge = box && box.getBoundingClientRect();
    pointer = box && { address: box.dataset.chart, share: (event.clientX - edge.left) / edge.width };
    showPointer();
  }

  for (const kind of ["pointermove", "pointerdown"]) document.addEventListener(kind, point);
  document.addEventListener("station:fresh", () => { if (pointer) showPointer(); });
})();
