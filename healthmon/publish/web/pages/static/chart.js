// Draws round trips so that they can be read off; the page itself has them as a picture, for those without scripts.
"use strict";
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const colour = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const height = 180;

  function options(figure, labels) {
    const axis = {stroke: colour("--soft"), grid: {stroke: colour("--line"), width: 1}, ticks: {show: false}};
    const line = (label, name, width) => ({
      label, width, stroke: colour(name), points: {show: true, size: 5, fill: colour(name)},
      value: (_, number) => number === null ? "–" : `${number} ${labels.unit}`,
    });
    return {
      width: figure.clientWidth, height,
      tzDate: seconds => uPlot.tzDate(new Date(seconds * 1000), labels.zone),
      axes: [{...axis, values: labels.hours}, {...axis, size: 60, values: (_, numbers) => numbers.map(n => `${n} ${labels.unit}`)}],
      scales: {y: {range: (_, __, most) => [0, most * 1.1 || 1]}},
      series: [{label: labels.time, value: labels.moment}, line(labels.least, "--soft", 1), line(labels.half, "--accent", 2), line(labels.most, "--degraded", 1)],
    };
  }

  const two = number => String(number).padStart(2, "0");

  function draw(figure) {
    const labels = JSON.parse(figure.dataset.labels);
    const zoned = seconds => uPlot.tzDate(new Date(seconds * 1000), labels.zone);
    const moment = seconds => `${two(zoned(seconds).getHours())}:${two(zoned(seconds).getMinutes())}`;
    labels.hours = (_, times) => times.map(moment);
    labels.moment = (_, seconds) => seconds === null ? "–" : moment(seconds);
    figure.querySelector(".plot")?.remove();
    const place = document.createElement("div");
    place.className = "plot";
    place.dataset.mine = "";
    place.setAttribute("role", "group");
    place.setAttribute("aria-label", figure.querySelector("svg").getAttribute("aria-label"));
    figure.append(place);
    figure.dataset.drawn = figure.dataset.plot;
    figure.plot = new uPlot(options(figure, labels), JSON.parse(figure.dataset.plot), place);
  }

  function look(isOther) {
    for (const figure of document.querySelectorAll("figure[data-plot]"))
      if (isOther || figure.dataset.drawn !== figure.dataset.plot) draw(figure);
  }

  look(true);
  dark.addEventListener("change", () => look(true));
  addEventListener("resize", () => {
    for (const figure of document.querySelectorAll("figure[data-plot]"))
      figure.plot?.setSize({width: figure.clientWidth, height});
  });
  // The page puts new values into the place of the old ones.
  new MutationObserver(() => look(false)).observe(document.getElementById("main"), {
    subtree: true, childList: true, attributes: true, attributeFilter: ["data-plot"],
  });
})();
