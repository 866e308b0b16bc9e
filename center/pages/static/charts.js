// ECharts, drawn on canvas with rich-text tooltips: neither needs styles or markup in the page.
import { fmt, h, reasonOf, start, t } from "./core.js";

let library = null;
function load() {
  library ??= new Promise((resolve, reject) => {
    const script = h("script", { src: `${start.static}vendor/echarts.min.js` });
    script.onload = () => resolve(globalThis.echarts);
    script.onerror = () => reject(new Error("echarts"));
    document.head.append(script);
  });
  return library;
}
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
export function colours() {
  return Object.fromEntries(["ink", "ink-2", "ink-3", "line", "line-2", "accent", "accent-weak", "positive", "negative", "neutral", "band", "card", "stale"].map((name) => [name, css(name)]));
}
const charts = new Set();

/** A chart in a box of its own; `show(option)` draws, `chart` is there after the first drawing. */
export function chart(kind = "", label = "") {
  load().catch(() => {}); // while its figures are asked for; `show` tells what is wrong
  const box = h("div", { class: `chart ${kind}`, role: "img", "aria-label": label });
  const self = { box, chart: null, option: null, handlers: [] };
  self.show = async (make) => {
    const echarts = await load();
    if (!box.isConnected) return;
    if (!self.chart) {
      self.chart = echarts.init(box, null, { renderer: "canvas", useDirtyRect: false });
      for (const [event, handler] of self.handlers) self.chart.on(event, handler);
      new ResizeObserver(() => self.chart.resize()).observe(box);
      charts.add(self);
    }
    self.make = make;
    self.chart.setOption({ ...base(), ...make(colours(), echarts) }, { notMerge: true });
  };
  self.on = (event, handler) => { self.handlers.push([event, handler]); return self; };
  self.png = () => {
    if (!self.chart) return;
    const link = h("a", { href: self.chart.getDataURL({ type: "png", pixelRatio: 2, backgroundColor: css("card") }), download: `${label || "chart"}.png` });
    link.click();
  };
  return self;
}
new MutationObserver(() => { for (const one of charts) if (one.box.isConnected) one.show(one.make); else { one.chart.dispose(); charts.delete(one); } })
  .observe(document.documentElement, { attributeFilter: ["data-theme"] });
// Paper is white: charts are drawn in ink while it prints.
let screenTheme = null;
addEventListener("beforeprint", () => { screenTheme = document.documentElement.dataset.theme; document.documentElement.dataset.theme = "light"; });
addEventListener("afterprint", () => { if (screenTheme) document.documentElement.dataset.theme = screenTheme; });

/** A size of text, as large beside the page's own on a large screen as on a small one. */
const points = (size) => Math.round((size * parseFloat(getComputedStyle(document.documentElement).fontSize)) / 16);
function base() {
  const c = colours();
  const font = getComputedStyle(document.body).fontFamily;
  return {
    animation: false, textStyle: { fontFamily: font, color: c["ink-2"], fontSize: points(12) }, color: [c.accent, c.positive, c.negative, c.neutral, c["ink-3"]],
    grid: { left: 8, right: points(22), top: points(28), bottom: 6, containLabel: true },
    tooltip: tooltip(c),
    aria: { enabled: false },
  };
}
export function tooltip(c) {
  return { trigger: "axis", renderMode: "richText", confine: true, backgroundColor: c.card, borderColor: c["line-2"], borderWidth: 1, padding: 10, textStyle: { color: c.ink, fontSize: points(12) }, axisPointer: { type: "line", lineStyle: { color: c["line-2"] } } };
}
export function timeAxis(c, span) {
  return { type: "time", min: span.from, max: span.to, axisLine: { lineStyle: { color: c["line-2"] } }, axisTick: { show: false }, splitLine: { show: false },
    axisLabel: { color: c["ink-3"], fontSize: points(12), hideOverlap: true, formatter: (ms) => (span.to - span.from > 3 * 86400e3 ? `${fmt.date(ms)}\n${fmt.weekday(ms)}` : fmt.clock(ms)) }, axisPointer: { label: { show: false } } };
}
export function countAxis(c, extra = {}) {
  return { type: "value", minInterval: 1, axisLabel: { color: c["ink-3"], fontSize: points(12), formatter: (value) => fmt.count(value) }, splitLine: { lineStyle: { color: c.line } }, ...extra };
}
export function legend(c, names = undefined) {
  return { top: 0, right: 0, data: names, icon: "roundRect", itemWidth: 10, itemHeight: 4, textStyle: { color: c["ink-2"], fontSize: points(12) } };
}
export function pngButton(one) {
  return h("button", { class: "chip", onclick: () => one.png() }, t("png"));
}

/** The volume of a brand: posts, what was expected, gaps of the feeds, alerts; a brush takes a range. */
export function volume(c, { windows, alerts, span, bars }) {
  const column = (series, name) => series.columns.indexOf(name);
  const series = windows.series[0];
  const start = 0;
  // Minutes that are not closed yet are no minutes without posts.
  const closed = series ? series.points.filter((row) => row[start] < windows.provisional_from_ms) : [];
  const posts = closed.map((row) => [row[start], row[column(series, "posts")]]);
  const band = windows.expected[0]?.points || [];
  const hour = 3600e3;
  // Where nothing was expected, because nothing is known, no line leads across.
  const level = band.flatMap((point, index) => [[point.start_ms, point.level], [point.start_ms + hour - 1, point.level], ...(band[index + 1]?.start_ms > point.start_ms + hour ? [[point.start_ms + hour, null]] : [])]);
  const limit = band.filter((point) => point.limit !== null).flatMap((point) => [[point.start_ms, point.level], [point.start_ms + hour - 1, point.level]]);
  const above = band.filter((point) => point.limit !== null).flatMap((point) => [[point.start_ms, point.limit - point.level], [point.start_ms + hour - 1, point.limit - point.level]]);
  const line = { type: "line", showSymbol: false, symbol: "none", silent: true };
  return {
    legend: legend(c, [t("posts"), t("expected")]), toolbox: { show: false }, xAxis: timeAxis(c, span), yAxis: countAxis(c),
    brush: { xAxisIndex: 0, brushMode: "single", transformable: false, throttleType: "debounce", throttleDelay: 200, brushStyle: { color: c.band, borderColor: c.accent, borderWidth: 1 }, outOfBrush: { colorAlpha: 1 } },
    tooltip: { ...tooltip(c), formatter: (items) => [fmt.full(items[0].axisValue), ...items.filter((item) => item.seriesName && !item.seriesName.startsWith("_")).map((item) => `${item.seriesName}  ${fmt.amount(item.value[1])}`)].join("\n") },
    series: [
      { ...line, name: "_from", data: limit, stack: "band", lineStyle: { opacity: 0 }, tooltip: { show: false } },
      { ...line, name: "_band", data: above, stack: "band", lineStyle: { opacity: 0 }, areaStyle: { color: c.band }, tooltip: { show: false } },
      { ...line, name: t("expected"), data: level, step: false, lineStyle: { color: c["ink-3"], type: [4, 4], width: 1.25 }, itemStyle: { color: c["ink-3"] } },
      { name: t("posts"), data: posts, ...(bars ? { type: "bar", barCategoryGap: "20%" } : { type: "line", showSymbol: false, areaStyle: { color: c.band } }), itemStyle: { color: c.accent }, lineStyle: { color: c.accent, width: 1.5 },
        markArea: { silent: true, itemStyle: { color: hatch(c), borderWidth: 0 }, data: [
          ...windows.gaps.map((gap) => [{ xAxis: Math.max(gap.from_ms, span.from), name: t("gap"), label: { color: c["ink-2"], position: "insideTop", fontSize: points(11) } }, { xAxis: Math.min(gap.to_ms, span.to) }]) ] },
        markPoint: { symbol: "pin", symbolSize: 30, label: { fontSize: points(11), fontWeight: 600, color: c.card, formatter: (item) => item.data.severity }, itemStyle: { color: c.ink }, data: markers(alerts, posts, span) } },
    ],
  };
}
// Of alerts whose pins would cover each other the worst is shown.
function apart(alerts, span) {
  const shown = [];
  for (const alert of [...alerts].sort((a, b) => b.severity - a.severity || b.started_at_ms - a.started_at_ms)) {
    if (shown.every((one) => Math.abs(one.started_at_ms - alert.started_at_ms) > (span.to - span.from) / 50)) shown.push(alert);
  }
  return shown;
}
function markers(alerts, posts, span) {
  return apart(alerts.filter((alert) => alert.started_at_ms >= span.from && alert.started_at_ms < span.to), span).map((alert) => {
    const near = posts.reduce((best, point) => (Math.abs(point[0] - alert.started_at_ms) < Math.abs(best[0] - alert.started_at_ms) ? point : best), posts[0] || [alert.started_at_ms, 0]);
    return { coord: [alert.started_at_ms, near[1]], severity: alert.severity, alert: alert.id, name: reasonOf(alert) };
  });
}
function hatch(c) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 8;
  const pen = tile.getContext("2d");
  pen.strokeStyle = c["line-2"];
  pen.lineWidth = 1.5;
  for (const shift of [-8, 0, 8]) { pen.beginPath(); pen.moveTo(shift, 8); pen.lineTo(shift + 8, 0); pen.stroke(); }
  return { image: tile, repeat: "repeat" };
}
/** Lets the mouse draw a range right away, without a toolbox. */
export function brushes(one, taken) {
  one.on("brushEnd", (event) => {
    const range = event.areas[0]?.coordRange;
    if (!range) return;
    one.chart.dispatchAction({ type: "brush", areas: [] });
    const [from, to] = range.map((ms) => Math.round(ms / 60000) * 60000);
    if (to - from >= 60000) taken(from, to);
  });
  const show = one.show;
  one.show = async (make) => {
    await show(make);
    one.chart?.dispatchAction({ type: "takeGlobalCursor", key: "brush", brushOption: { brushType: "lineX", brushMode: "single" } });
  };
}
/** Series of windows divided by something, as stacked bars. */
export function stacked(c, windows, span, parts) {
  return {
    legend: legend(c), xAxis: timeAxis(c, span), yAxis: countAxis(c, { axisLabel: { color: c["ink-3"], fontSize: points(12), formatter: (value) => fmt.count(Math.abs(value)) } }),
    tooltip: { ...tooltip(c), formatter: (items) => [fmt.full(items[0].axisValue), ...items.map((item) => `${item.seriesName}  ${fmt.count(Math.abs(item.value[1]))}`)].join("\n") },
    series: parts.map(({ name, colour, values }) => ({ name, type: "bar", stack: "all", barCategoryGap: "15%", itemStyle: { color: colour }, data: values })),
  };
}
/** What a shade stands for: its ends are named, so that it says as much in grey. */
function scale(c, most, place) {
  return { type: "continuous", min: 0, max: most, calculable: false, inRange: { color: [c["accent-weak"], c.accent] }, text: [fmt.amount(most), "0"], itemWidth: points(10), itemHeight: points(64), textStyle: { color: c["ink-3"], fontSize: points(11) }, ...place };
}
let mapIsKnown = null;
/** Provinces by posts. */
export async function chinaMap(one, regions) {
  mapIsKnown ??= Promise.all([load(), fetch(`${start.static}vendor/china.json`).then((answer) => answer.json())]).then(([echarts, shapes]) => echarts.registerMap("china", shapes));
  await mapIsKnown;
  await one.show((c) => ({
    tooltip: { ...tooltip(c), trigger: "item", formatter: (item) => (Number.isFinite(item.value) ? `${item.name}  ${fmt.count(item.value)}` : item.name) },
    visualMap: scale(c, Math.max(1, ...regions.map((region) => region.posts)), { left: 0, bottom: 0 }),
    series: [{ type: "map", map: "china", roam: false, selectedMode: false, top: 4, bottom: 4, itemStyle: { areaColor: c.line, borderColor: c.card, borderWidth: 0.75 }, label: { show: false },
      emphasis: { label: { show: false }, itemStyle: { areaColor: c.ink } }, data: regions.map((region) => ({ name: region.region, value: region.posts })) }],
  }));
}
export function rhythm(c, hours) {
  const days = [0, 1, 2, 3, 4, 5, 6].map((day) => t(`weekday.${day}`));
  const values = hours.posts.flatMap((row, day) => row.map((posts, hour) => [hour, day, hours.hours[day][hour] ? posts / hours.hours[day][hour] : null]));
  return {
    grid: { left: 4, right: 4, top: points(26), bottom: 4, containLabel: true },
    tooltip: { ...tooltip(c), trigger: "item", formatter: (item) => `${days[item.value[1]]} ${String(item.value[0]).padStart(2, "0")}:00  ${fmt.amount(item.value[2])}` },
    xAxis: { type: "category", data: [...Array(24).keys()], axisTick: { show: false }, axisLine: { show: false }, axisLabel: { color: c["ink-3"], fontSize: points(12), interval: 2 } },
    yAxis: { type: "category", data: days, inverse: true, axisTick: { show: false }, axisLine: { show: false }, axisLabel: { color: c["ink-3"], fontSize: points(12) } },
    visualMap: scale(c, Math.max(1, ...values.map((value) => value[2] || 0)), { orient: "horizontal", right: 0, top: 0 }),
    series: [{ type: "heatmap", data: values.filter((value) => value[2] !== null), itemStyle: { borderColor: c.card, borderWidth: 2, borderRadius: 3 } }],
  };
}
export function tree(c, cascade) {
  // Texts show how many passed it on before, not who: those of one level stand together.
  const most = 40;
  const leaf = (repost) => ({ name: repost.author || "?", value: repost.reach, symbolSize: 6 + Math.min(18, Math.log10(repost.reach + 1) * 3),
    itemStyle: { color: repost.polarity === "negative" ? c.negative : repost.polarity === "positive" ? c.positive : c.neutral }, repost });
  const levels = new Map();
  for (const repost of cascade.reposts.slice(0, most)) levels.set(repost.depth, [...(levels.get(repost.depth) || []), repost]);
  const deeper = [...levels.keys()].filter((depth) => depth > 0).sort((a, b) => b - a);
  const chain = deeper.reduce((rest, depth) => [{ name: t("cascade.step", { step: depth + 1, n: fmt.count(levels.get(depth).length) }), symbol: "rect", symbolSize: 8, itemStyle: { color: c["ink-3"] }, label: { position: "top", width: 120 }, children: [...levels.get(depth).map(leaf), ...rest] }], []);
  const children = [...(levels.get(0) || []).map(leaf), ...chain];
  return {
    tooltip: { ...tooltip(c), trigger: "item", formatter: (item) => (item.data.children && item.data.symbol ? item.name : `${item.name}  ${t("post.reach", { n: fmt.count(item.value || 0) })}`) },
    series: [{ type: "tree", layout: "orthogonal", orient: "LR", roam: false, left: 110, right: 130, top: 8, bottom: 8, symbol: "circle", symbolSize: 18, edgeShape: "curve", lineStyle: { color: c["line-2"], width: 1 },
      itemStyle: { color: c.accent, borderWidth: 0 }, label: { position: "left", color: c.ink, fontSize: points(11), width: 100, overflow: "truncate" }, leaves: { label: { position: "right", color: c["ink-2"], width: 110, overflow: "truncate" } }, expandAndCollapse: false,
      data: [{ name: cascade.original, value: cascade.reach, children }] }],
  };
}
