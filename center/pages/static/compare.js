// Several brands beside each other: volume over time, share of voice, mood.
import "./frame.js";
import { $, addressState, aside, card, edgeOf, fmt, get, h, keepInAddress, mood, plain, rangeChoice, spanOf, stepOf, t, trouble } from "./core.js";
import { brandNames } from "./names.js";
import { chart, countAxis, legend, pngButton, timeAxis, tooltip } from "./charts.js";

const defaults = { range: "7d", from: "", to: "", brands: "" };
const state = addressState(defaults);
const MOST = 8;
const lines = chart("tall", t("volume"));
const shares = chart("tall", t("share"));
const table = h("div", { class: "scroll" });
const picker = h("div", { class: "chips" });
let brands = [];
let health = { data_age_s: 0 };
$("page").append(h("div", { class: "grid" }, h("section", { class: "card w12" }, picker), card(t("volume"), "w12", aside(pngButton(lines)), lines.box), card(t("share"), "w7", aside(pngButton(shares)), shares.box), card(t("compare.table"), "w5 stretch", table)));

const chosen = () => (state.brands ? state.brands.split(",") : brands.slice(0, 5).map((brand) => brand.id));
const nameOf = (id) => plain(brands.find((brand) => brand.id === id)?.name || id);
function change(values) { Object.assign(state, values); keepInAddress(state, defaults); refresh(); }
function pick() {
  const ids = chosen();
  const add = h("select", { "aria-label": t("compare.add"), disabled: ids.length >= MOST, onchange: () => { if (add.value) change({ brands: [...ids, add.value].join(",") }); } }, h("option", { value: "" }, t("compare.add")), brands.filter((brand) => !ids.includes(brand.id)).map((brand) => h("option", { value: brand.id }, plain(brand.name))));
  picker.replaceChildren(...ids.map((id) => h("button", { class: "chip is-on", title: t("filter.remove"), onclick: () => change({ brands: ids.filter((one) => one !== id).join(",") }) }, `${nameOf(id)} ×`)), add);
}
async function refresh() {
  const span = spanOf(state, edgeOf(health));
  $("tools").replaceChildren(rangeChoice(state, (range) => change({ range, from: "", to: "" })));
  pick();
  const ids = chosen();
  if (!ids.length) { table.replaceChildren(h("p", { class: "empty" }, t("overview.none"))); return; }
  try {
    const step = span.to - span.from > 2 * 86400e3 ? "1h" : stepOf(span);
    const share = await get("share", { brands: ids.join(","), ...span, step });
    const parts = [...share.parts].sort((a, b) => b.posts - a.posts);
    const series = (c, more) => parts.map((part, index) => ({ name: nameOf(part.brand), type: "line", showSymbol: false, data: part.points, itemStyle: { color: shade(c, index) }, lineStyle: { width: 1.75, color: shade(c, index), type: index % 2 ? [6, 3] : "solid" }, ...more(index, c) }));
    const axes = (c) => ({ legend: { ...legend(c), left: 0 }, xAxis: timeAxis(c, span), tooltip: { ...tooltip(c), formatter: (items) => [fmt.full(items[0].axisValue), ...items.map((item) => `${item.seriesName}  ${fmt.amount(item.value[1])}`)].join("\n") } });
    await lines.show((c) => ({ ...axes(c), yAxis: countAxis(c), series: series(c, () => ({})) }));
    const totals = new Map();
    for (const part of parts) for (const [at, posts] of part.points) totals.set(at, (totals.get(at) || 0) + posts);
    await shares.show((c) => ({ ...axes(c), yAxis: { ...countAxis(c), max: 100, axisLabel: { color: c["ink-3"], formatter: "{value} %" } }, series: series(c, (index) => ({ stack: "all", lineStyle: { width: 0 }, areaStyle: { color: shade(c, index), opacity: 0.85 }, data: parts[index].points.map(([at, posts]) => [at, totals.get(at) ? (100 * posts) / totals.get(at) : 0]) })) }));
    table.replaceChildren(h("table", {}, h("thead", {}, h("tr", {}, ["brand", "posts", "share", "net"].map((key, index) => h("th", { class: index ? "number" : "", scope: "col" }, t(key))))),
      h("tbody", {}, parts.map((part) => h("tr", {}, h("td", {}, h("a", { class: "whole", href: `/brands/${encodeURIComponent(part.brand)}` }, nameOf(part.brand))), h("td", { class: "number" }, fmt.count(part.posts)), h("td", { class: "number" }, fmt.share(part.share)), h("td", { class: "number" }, mood(part.net_sentiment)))))));
  } catch (error) { table.replaceChildren(trouble(error)); }
}
/** Told apart by shade and by dash, on grey paper too. */
function shade(c, index) { return [c.accent, c.ink, c["ink-3"], c.positive, c.negative, c.neutral, c["line-2"], c["ink-2"]][index % MOST]; }
async function begin() {
  try {
    const [found, all] = await Promise.all([get("health"), brandNames("volume")]);
    health = found;
    brands = all.brands;
  } catch (error) { table.replaceChildren(trouble(error)); return; }
  refresh();
}
begin();
addEventListener("popstate", () => { Object.assign(state, addressState(defaults)); refresh(); });
