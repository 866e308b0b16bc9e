// One brand: every part follows one range, every figure leads to exactly its posts, the address holds all.
import "./frame.js";
import { $, addressState, aside, calmly, card, edgeOf, figure, fmt, get, h, keepInAddress, moodClass, named, plain, rangeChoice, ranked, severity, spanOf, start, stepOf, t, tried, trouble, upper, zone } from "./core.js";
import { brushes, chart, chinaMap, pngButton, rhythm, stacked, tree, volume } from "./charts.js";
import { changeOf, kpiValue } from "./kpis.js";
import { on } from "./live.js";
import { brandNames } from "./names.js";
import { chipsOf, exportLinks, FILTERS, filtersOf, postList } from "./posts.js";

const brand = start.subject;
const defaults = { range: "24h", from: "", to: "", sort: "time", ...Object.fromEntries(FILTERS.map((name) => [name, ""])) };
const state = addressState(defaults);
const filters = h("div", {});
const totals = h("p", { class: "quiet small" });
const list = postList({ onTotal: (found) => { totals.textContent = t("posts.total", { n: fmt.count(found.total) }) + (found.total_is_exact ? "" : "+"); } });
const charts = { volume: chart("tall", t("volume")), mood: chart("", t("sentiment")), channel: chart("", t("channels")), map: chart("", t("regions")), rhythm: chart("low", t("rhythm")), tree: chart("tall", t("cascade")) };
const boxes = Object.fromEntries(["figures", "terms", "rising", "authors", "regions", "share", "objectives", "alerts"].map((name) => [name, h("div", {})]));
boxes.alerts.className = "w12";
boxes.alerts.hidden = true;
const cascadeCard = card(t("cascade"), "w12", aside(h("span", { id: "cascade-of" })), charts.tree.box);
cascadeCard.hidden = true;
const sortChoice = h("select", { "aria-label": t("sort"), onchange: (event) => change({ sort: event.target.value }) }, ["time", "reach", "mood"].map((sort) => h("option", { value: sort, selected: sort === state.sort }, t(`posts.sort.${sort}`))));
const searchBox = h("input", { type: "search", placeholder: t("posts.find"), "aria-label": t("posts.find"), value: state.q, onchange: () => change({ q: searchBox.value.trim() }) });
const selects = ["polarity", "channel", "intent"].map((name) => h("select", { "aria-label": t(`filter.${name}`), "data-filter": name, onchange: (event) => change({ [name]: event.target.value }) }));
const postsCard = h("section", { class: "card w12", id: "posts" }, h("header", {}, h("h2", {}, t("posts")), totals), h("div", { class: "tools" }, searchBox, selects, sortChoice, h("span", { id: "exports" })), filters, list.box);
let health = { data_age_s: 0 };
let naming = null;

$("page").append(h("div", { class: "grid" },
  h("div", { class: "w12" }, boxes.figures), boxes.alerts,
  card(t("volume"), "w12", aside(h("span", {}, t("brush.hint")), " ", pngButton(charts.volume)), charts.volume.box),
  card(t("sentiment"), "w6", aside(pngButton(charts.mood)), charts.mood.box), card(t("channels"), "w6", aside(pngButton(charts.channel)), charts.channel.box),
  card(t("terms.top"), "w3 stretch", boxes.terms), card(t("terms.rising"), "w3 stretch", boxes.rising), card(t("authors"), "w3 stretch", aside(t("authors.about")), boxes.authors), card(t("share"), "w3 stretch", boxes.share),
  card(t("objectives"), "w4 stretch", boxes.objectives), card(t("regions"), "w5 stretch", charts.map.box), card(t("regions.ranked"), "w3 stretch", boxes.regions),
  card(t("rhythm"), "w12", aside(zone), charts.rhythm.box), cascadeCard, postsCard));

function change(values, { scroll = false } = {}) {
  Object.assign(state, values);
  keepInAddress(state, defaults);
  const ranged = ["range", "from", "to"].some((name) => name in values);
  refresh(ranged);
  if (scroll) postsCard.scrollIntoView({ behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth", block: "start" });
}
const toPosts = (values) => change({ ...Object.fromEntries(FILTERS.map((name) => [name, ""])), ...values }, { scroll: true });

let turns = 0;
async function refresh(everything = true) {
  const span = spanOf(state, edgeOf(health));
  tools(span);
  const turn = ++turns;
  // What people came for is there first: the others' questions would stand in its way.
  if (everything) await volumeChart(span).catch((error) => { boxes.figures.replaceChildren(trouble(error)); });
  if (turn !== turns) return;
  list.refresh({ brand, ...span, ...filtersOf(state), sort: state.sort });
  if (state.original) cascade(span); else cascadeCard.hidden = true;
  if (!everything) return;
  await Promise.all([head(span), dividedCharts(span), talk(span), places(span), shares(span), hours()]).catch((error) => { boxes.figures.replaceChildren(trouble(error)); });
}
function tools(span) {
  $("tools").replaceChildren(rangeChoice(state, (range) => change({ range, from: "", to: "" })), h("a", { class: "button", href: `/measure?brand=${encodeURIComponent(brand)}` }, t("nav.measure")), exportLinks("windows", { brand, ...span, step: stepOf(span), tz: zone }));
  filters.replaceChildren(...[chipsOf(state, change)].filter(Boolean));
  searchBox.value = state.q;
  const options = { polarity: ["positive", "neutral", "negative"], channel: ["earned", "owned", "paid"], intent: INTENTS };
  for (const select of selects) {
    const name = select.dataset.filter;
    select.replaceChildren(h("option", { value: "" }, t(`filter.${name}.any`)), ...options[name].map((value) => h("option", { value, selected: value === state[name] }, named(name, value))));
  }
  document.getElementById("exports").replaceChildren(exportLinks("mentions", { brand, ...span, ...filtersOf(state) }));
}
const INTENTS = ["brand-building", "client-management", "marketing-optimization", "strategic-research", "accelerated-innovation", "social-sales", "talent-optimization"];

async function head(span) {
  const [page, kpis] = await Promise.all([get(`brands/${encodeURIComponent(brand)}`), get("kpis", { brand, ...span })]);
  document.title = `${plain(page.name)} · leimo`;
  $("title").textContent = plain(page.name);
  $("sub").replaceChildren(...[page.trade && named("trade", page.trade), page.department && named("department", page.department), page.parent && h("a", { href: `/brands/${encodeURIComponent(page.parent)}` }, t("parent", { name: page.parent }))].filter(Boolean).flatMap((part, index) => (index ? [" · ", part] : [part])));
  const going = page.alerts.map((alert) => h("span", { class: "going" }, severity(alert.severity), h("a", { href: `/alerts/${encodeURIComponent(alert.id)}` }, named("kind", alert.kind)), h("span", { class: "quiet small" }, fmt.ago(alert.started_at_ms))));
  boxes.alerts.replaceChildren(...(going.length ? [h("div", { class: "notice" }, going)] : []));
  boxes.alerts.hidden = !going.length;
  const leads = { posts: {}, negative_share: { polarity: "negative" }, negative: { polarity: "negative" }, earned_share: { channel: "earned" }, net_sentiment: {} };
  boxes.figures.replaceChildren(h("dl", { class: "figures of-eight" }, kpis.items.slice(0, 8).map((kpi) => figure(named("kpi", kpi.name), kpiValue(kpi), {
    note: changeOf(kpi), kind: kpi.name === "net_sentiment" ? moodClass(kpi.value) : "", ...(leads[kpi.name] ? { href: "#posts", act: () => toPosts(leads[kpi.name]) } : {}) }))));
  boxes.objectives.replaceChildren(ranked(Object.entries(kpis.objectives).sort((a, b) => b[1] - a[1]), { name: ([key]) => named("intent", key), value: ([, value]) => value, act: ([key]) => toPosts({ intent: key }) }));
}
async function volumeChart(span) {
  const [windows, alerts] = await Promise.all([get("windows", { brand, ...span, step: stepOf(span), tz: zone }), get("alerts", { brand, ...span, limit: 50 })]);
  await charts.volume.show((c) => volume(c, { windows, alerts: alerts.items, span, bars: false }));
}
async function dividedCharts(span) {
  const asked = { brand, ...span, tz: zone };
  const coarse = span.to - span.from <= 6 * 3600e3 ? "15m" : span.to - span.from <= 3 * 86400e3 ? "1h" : "1d";
  const [moods, channels] = await Promise.all([get("windows", { ...asked, step: coarse, by: "polarity" }), get("windows", { ...asked, step: coarse, by: "channel" })]);
  await charts.mood.show((c) => stacked(c, moods, span, ["positive", "negative"].map((key) => ({ name: upper(named("polarity", key)), colour: c[key], values: valuesOf(moods, key, key === "negative" ? -1 : 1) }))));
  await charts.channel.show((c) => stacked(c, channels, span, [["earned", c["ink-3"]], ["owned", c.accent], ["paid", c["line-2"]]].map(([key, colour]) => ({ name: upper(named("channel", key)), colour, values: valuesOf(channels, key) }))));
}
function valuesOf(windows, key, sign = 1) {
  const series = windows.series.find((one) => one.key === key);
  if (!series) return [];
  // A division's series has one column, called as its key.
  return series.points.map((row) => [row[0], sign * row[1]]);
}
async function talk(span) {
  const [terms, authors] = await Promise.all([get("terms", { brand, ...span }), get("authors", { brand, ...span })]);
  boxes.terms.replaceChildren(ranked(terms.top.slice(0, 12), { name: (term) => plain(term.term, 40), value: (term) => term.posts, act: (term) => toPosts({ term: term.term }) }));
  boxes.rising.replaceChildren(ranked(terms.rising.slice(0, 12), { none: "terms.rising.none", name: (term) => plain(term.term, 40), value: (term) => Math.max(term.score ?? term.posts, 0), shown: (term) => fmt.count(term.posts), act: (term) => toPosts({ term: term.term }) }));
  const caused = authors.items.some((author) => author.reposts_caused > 0);
  boxes.authors.replaceChildren(ranked(authors.items.slice(0, 12), { name: (author) => plain(author.author, 40), value: (author) => (caused ? author.reposts_caused : author.reach), act: (author) => toPosts(author.reposts_caused > 0 ? { original: author.author, source: author.source } : { author: author.author, source: author.source }) }));
}
async function places(span) {
  const regions = (await get("regions", { brand, ...span })).items;
  const known = regions.filter((region) => region.region);
  boxes.regions.replaceChildren(ranked(known.slice(0, 10), { name: (region) => region.region, value: (region) => region.posts, act: (region) => toPosts({ region: region.region }) }));
  await chinaMap(charts.map, known);
}
charts.map.on("click", (event) => toPosts({ region: event.name }));
async function shares(span) {
  const page = await get(`brands/${encodeURIComponent(brand)}`);
  const rivals = [brand, ...page.competitors].slice(0, 10);
  const share = await get("share", { brands: rivals.join(","), ...span });
  naming ??= brandNames();
  const { nameOf } = await naming;
  boxes.share.replaceChildren(ranked([...share.parts].sort((a, b) => b.posts - a.posts), { name: (part) => nameOf(part.brand), value: (part) => part.posts, shown: (part) => fmt.share(part.share), act: (part) => (part.brand === brand ? toPosts({}) : location.assign(`/brands/${encodeURIComponent(part.brand)}`)) }));
}
async function hours() {
  const to = edgeOf(health);
  const found = await get("rhythm", { brand, from: Math.round(to - 28 * 86400e3), to: Math.round(to), tz: zone });
  await charts.rhythm.show((c) => rhythm(c, found));
}
async function cascade(span) {
  const found = await tried(() => get("cascade", { brand, source: state.source, original: state.original, ...span }));
  if (!found) return;
  cascadeCard.hidden = found.reposts.length === 0;
  document.getElementById("cascade-of").textContent = t("cascade.of", { who: plain(found.original, 40), n: fmt.count(found.total) });
  if (found.reposts.length) await charts.tree.show((c) => tree(c, found));
}
brushes(charts.volume, (from, to) => change({ from: String(from), to: String(to), range: "" }));
charts.volume.on("click", (event) => {
  if (event.data?.alert) location.assign(`/alerts/${encodeURIComponent(event.data.alert)}`);
});
charts.mood.on("click", (event) => stepPosts(event, { polarity: event.seriesIndex === 0 ? "positive" : "negative" }));
charts.channel.on("click", (event) => stepPosts(event, { channel: ["earned", "owned", "paid"][event.seriesIndex] }));
function stepPosts(event, values) {
  const span = spanOf(state, edgeOf(health));
  const step = span.to - span.from <= 6 * 3600e3 ? 900e3 : span.to - span.from <= 3 * 86400e3 ? 3600e3 : 86400e3;
  const from = event.value[0];
  toPosts({ ...values, from: String(from), to: String(from + step), range: "" });
}
addEventListener("popstate", () => { Object.assign(state, addressState(defaults)); refresh(); });
async function begin() {
  const known = get(`brands/${encodeURIComponent(brand)}`);
  known.catch(() => {}); // looked at below
  try { health = await get("health"); } catch { /* said by the parts below */ }
  try { await known; } catch (error) { $("page").replaceChildren(trouble(error)); return; }
  await refresh();
  if (location.hash === "#posts") postsCard.scrollIntoView();
}
begin();
const live = calmly(() => { if (!(state.from && state.to)) refresh(); }, 10000);
on(["window"], (data) => { if (data?.windows?.some((window) => window.brand === brand)) live(); });
on(["alert", "back"], (data) => { if (!data || data.brand === brand) live(); });
