/** Draws the engine panel's line chart: uPlot, in the page's own colours. Imported when the panel opens. */
import uPlot from "../../vendor/uplot/uplot.mjs";

const link = document.createElement("link");
link.rel = "stylesheet";
link.href = new URL("../../vendor/uplot/uplot.css", import.meta.url).href;
document.head.append(link);

const HEIGHT = 130;
/** @typedef {{chart: uPlot, watch: ResizeObserver}} Drawn */
/** @type {WeakMap<Element, Drawn>} */
const drawn = new WeakMap();
/** @type {Map<HTMLElement, string>} what each is to show, until it is drawn */
const wanted = new Map();

/** A token's colour now, so that a change of theme reaches the next drawing. @param {string} name */
const color = (name) => () => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/**
 * Draws `json` ({x, y, label}, x whole numbers) into `element`, or new values into what is there, in a task of its own:
 * the caller's frame has its own work.
 * @param {HTMLElement} element
 * @param {string} json
 */
export function drawChart(element, json) {
  if (!wanted.has(element)) setTimeout(draw, 0, element);
  wanted.set(element, json);
}

/** @param {HTMLElement} element */
function draw(element) {
  const json = wanted.get(element);
  wanted.delete(element);
  if (json === undefined) return; // it was ended meanwhile
  const { x, y, label } = JSON.parse(json);
  const there = drawn.get(element);
  if (there) {
    there.chart.setData([x, y]);
    return;
  }
  const axis = { stroke: color("--faint"), grid: { stroke: color("--line"), width: 1 }, ticks: { show: false }, font: "11px system-ui" };
  const chart = new uPlot({
    width: element.clientWidth || 300,
    height: HEIGHT,
    title: label,
    legend: { show: false },
    cursor: { show: false },
    padding: [8, 8, 0, 0],
    scales: { x: { time: false, range: (_, min, max) => [min - 0.3, max + 0.3] }, y: { range: (_, __, max) => [0, Math.max(1, max * 1.15)] } },
    axes: [{ ...axis, incrs: [1, 2, 5, 10], grid: { show: false }, size: 26 }, { ...axis, size: 38 }],
    series: [{}, { stroke: color("--amber-star"), width: 2, points: { show: true, size: 6, fill: color("--raised") } }],
  }, [x, y], element);
  const watch = new ResizeObserver(() => {
    if (element.clientWidth) chart.setSize({ width: element.clientWidth, height: HEIGHT });
  });
  watch.observe(element);
  drawn.set(element, { chart, watch });
}

/** @param {HTMLElement} element */
export function endChart(element) {
  wanted.delete(element);
  const there = drawn.get(element);
  if (!there) return;
  there.watch.disconnect();
  there.chart.destroy();
  drawn.delete(element);
}
