// The figures of a span against the span before, for a report: prints on paper, charts go out as PNG.
import "./frame.js";
import { $, addressState, aside, card, edgeOf, figure, fmt, get, h, keepInAddress, moodClass, named, plain, rangeChoice, ranked, spanOf, t, trouble, zone } from "./core.js";
import { chart, countAxis, legend, pngButton, timeAxis, tooltip } from "./charts.js";
import { brandNames } from "./names.js";
import { changeOf, kpiValue } from "./kpis.js";

const defaults = { range: "7d", from: "", to: "", brand: "" };
const state = addressState(defaults);
const body = h("div", {});
let brands = [];
let health = { data_age_s: 0 };
$("page").append(body);

function change(values) { Object.assign(state, values); keepInAddress(state, defaults); refresh(); }
async function refresh() {
  const span = spanOf(state, edgeOf(health));
  const brand = state.brand || brands[0]?.id;
  if (!brand) { body.replaceChildren(h("p", { class: "empty" }, t("overview.none"))); return; }
  const choice = h("select", { "aria-label": t("brand"), onchange: () => change({ brand: choice.value }) }, brands.map((one) => h("option", { value: one.id, selected: one.id === brand }, plain(one.name))));
  $("tools").replaceChildren(choice, rangeChoice(state, (range) => change({ range, from: "", to: "" })), h("button", { onclick: () => print() }, t("print")));
  // On paper nothing else says whose figures these are.
  $("title").textContent = `${t("nav.measure")} · ${plain(brands.find((one) => one.id === brand)?.name || brand)}`;
  $("sub").textContent = t("measure.span", { from: fmt.time(span.from), to: fmt.time(span.to), zone });
  try {
    const before = { from: 2 * span.from - span.to, to: span.from };
    const step = span.to - span.from > 3 * 86400e3 ? "1d" : "1h";
    const [kpis, now, then] = await Promise.all([get("kpis", { brand, ...span }), get("windows", { brand, ...span, step, tz: zone }), get("windows", { brand, ...before, step, tz: zone })]);
    const one = chart("tall", t("volume"));
    const net = chart("", t("net"));
    const objectives = Object.entries(kpis.objectives).sort((a, b) => b[1] - a[1]);
    body.replaceChildren(h("div", { class: "grid" }, h("dl", { class: "figures of-eight w12" }, kpis.items.slice(0, 8).map((kpi) => figure(named("kpi", kpi.name), kpiValue(kpi), { note: changeOf(kpi), kind: kpi.name === "net_sentiment" ? moodClass(kpi.value) : "" }))),
      h("div", { class: "w8 column" }, card(t("measure.volume"), "", aside(pngButton(one)), one.box), card(t("measure.net"), "", aside(pngButton(net)), net.box)),
      h("div", { class: "w4 column" }, card(t("measure.table"), "", table(kpis)), card(t("objectives"), "", ranked(objectives, { name: ([key]) => named("intent", key), value: ([, value]) => value })))));
    const at = (series, name) => series.columns.indexOf(name);
    // A day in which the span begins belongs to both: it is no day of the time before.
    const whole = (windows) => ({ series: windows.series.map((one) => ({ ...one, points: one.points.filter((row) => row[0] + windows.step_ms <= span.from) })) });
    const values = (windows, shift) => (windows.series[0]?.points || []).map((row) => [row[0] + shift, row[at(windows.series[0], "posts")]]);
    await one.show((c) => ({ legend: legend(c), xAxis: timeAxis(c, span), yAxis: countAxis(c), tooltip: { ...tooltip(c), formatter: (items) => [fmt.full(items[0].axisValue), ...items.map((item) => `${item.seriesName}  ${fmt.count(item.value[1])}`)].join("\n") }, series: [
      { name: t("measure.before"), type: "line", showSymbol: false, data: values(whole(then), span.to - span.from), lineStyle: { color: c["ink-3"], type: [4, 4], width: 1.25 }, itemStyle: { color: c["ink-3"] } },
      { name: t("measure.now"), type: "bar", data: values(now, 0), itemStyle: { color: c.accent }, barCategoryGap: "25%" }] }));
    const nets = (now.series[0]?.points || []).map((row) => { const [p, n] = [row[at(now.series[0], "positive")], row[at(now.series[0], "negative")]]; return [row[0], p + n ? Math.round((100 * (p - n)) / (p + n)) : null]; });
    await net.show((c) => ({ xAxis: timeAxis(c, span), yAxis: { ...countAxis(c), min: -100, max: 100, axisLabel: { color: c["ink-3"], formatter: (value) => fmt.signed(value) } }, tooltip: { ...tooltip(c), formatter: (items) => `${fmt.full(items[0].axisValue)}\n${fmt.signed(items[0].value[1])}` },
      visualMap: { show: false, dimension: 1, pieces: [{ lt: 0, color: c.negative }, { gte: 0, color: c.positive }] }, series: [{ type: "bar", data: nets, barCategoryGap: "25%" }] }));
  } catch (error) { body.replaceChildren(trouble(error)); }
}
function table(kpis) {
  return h("table", {}, h("thead", {}, h("tr", {}, ["kpi", "measure.now", "measure.before"].map((key, index) => h("th", { class: index ? "number" : "", scope: "col" }, t(key))))),
    h("tbody", {}, kpis.items.map((kpi) => h("tr", {}, h("td", {}, named("kpi", kpi.name)), h("td", { class: "number" }, kpiValue(kpi)), h("td", { class: "number quiet" }, kpiValue({ ...kpi, value: kpi.before }))))));
}
async function begin() {
  try {
    const [found, all] = await Promise.all([get("health"), brandNames("volume")]);
    health = found;
    brands = all.brands;
  } catch (error) { body.replaceChildren(trouble(error)); return; }
  refresh();
}
begin();
addEventListener("popstate", () => { Object.assign(state, addressState(defaults)); refresh(); });
