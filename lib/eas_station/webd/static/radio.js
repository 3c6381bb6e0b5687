// The spectrum, live, and charts to point at. Without it both are there as the server drew them.
"use strict";
(() => {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const DASHES = [[], [9, 4], [2, 3], [9, 3, 2, 3], [14, 4], [4, 4], [14, 3, 2, 3, 2, 3]];
  const AGAIN_MS = 600000, HEIGHT = 240;

  function draw(svg, bins) {
    const { width, height, top, bottom } = svg.dataset;
    const stepX = width / bins.length, stepY = height / (top - bottom);
    const points = bins.map((value, place) => {
      const y = Math.max(0, Math.min(height, (top - value) * stepY));
      return ((place + 0.5) * stepX).toFixed(1) + "," + y.toFixed(1);
    });
    svg.querySelector(".line-1").setAttribute("d", "M" + points.join(" "));
  }

  function tell(channel) {
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
    if (svg && detail.spectrum_dbfs.length > 1) draw(svg, detail.spectrum_dbfs);
    detail.channels.forEach(tell);
  });

  function options(said, box) {
    const ink = colour("--soft"), grid = { stroke: colour("--line"), width: 1 };
    const axis = { stroke: ink, grid, ticks: grid, font: "12px system-ui, sans-serif" };
    const cursor = box.parentElement.querySelector(".cursor");
    const looks = new Map(box.dataset.looks.split(" ").map((one) => one.split(":")));
    const zone = box.dataset.zone || undefined; // the station's; without a name this browser's
    const series = said.channels.map((one) => {
      const look = Number(looks.get(one.channel) || 1);
      return { label: one.channel, stroke: colour("--line-" + look), width: 2, dash: DASHES[look - 1], spanGaps: false };
    });
    function point(plot) {
      const place = plot.cursor.idx;
      if (place == null) { cursor.textContent = ""; return; }
      const at = new Date(plot.data[0][place] * 1000);
      const values = said.channels.map((one) => one.channel + " " +
        (one.mean[place] == null ? "not known" : Math.round(one.mean[place] * 10) / 10));
      cursor.textContent = at.toLocaleString(undefined, { timeZone: zone }) + ": " + values.join(", ") + " (" + said.unit + ")";
    }
    return {
      tzDate: (seconds) => zone ? uPlot.tzDate(new Date(seconds * 1000), zone) : new Date(seconds * 1000),
      width: box.clientWidth, height: HEIGHT, legend: { show: false },
      series: [{}, ...series], axes: [axis, { ...axis, size: 52 }],
      scales: { y: { range: (plot, low, high) => uPlot.rangeNum(low, Math.max(high, low + 1), 0.1, true) } },
      hooks: { setCursor: [point] },
    };
  }

  function values(said) {
    const first = Date.parse(said.began_at) / 1000;
    const times = Array.from({ length: said.points }, (_, place) => first + place * said.point_s);
    return [times, ...said.channels.map((one) => one.mean)];
  }

  async function fill(box) {
    try {
      const answer = await fetch(box.dataset.chart, { cache: "no-cache" });
      if (!answer.ok) return; // what the server drew stays
      const said = await answer.json();
      if (!said.channels.length) return;
      const plot = new uPlot(options(said, box), values(said), (_, init) => { box.replaceChildren(_.root); init(); });
      if (box.plot) box.plot.destroy();
      box.plot = plot;
    } catch (error) { /* the same */ }
  }

  const boxes = [...document.querySelectorAll("[data-chart]")];
  if (!window.uPlot) return;
  boxes.forEach(fill);
  setInterval(() => { if (!document.hidden) boxes.forEach(fill); }, AGAIN_MS);
  addEventListener("resize", () => boxes.forEach((box) => {
    if (box.plot) box.plot.setSize({ width: box.clientWidth, height: HEIGHT });
  }));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => boxes.forEach(fill));
})();
