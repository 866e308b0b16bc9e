// All brands, the unusual first, with what goes on: the way from the wall to a brand.
import "./frame.js";
import { $, addressState, calmly, fmt, get, h, keepInAddress, mood, named, plain, severity, t, trouble } from "./core.js";
import { on } from "./live.js";
import { incidentRow } from "./incident_rows.js";

const defaults = { sort: "unusual", q: "" };
const state = addressState(defaults);
const list = h("div", { class: "scroll" });
const going = h("div", {});
const foot = h("div", { class: "more" });
let shown = 50;

$("sub").textContent = t("overview.sub");
const search = h("input", { type: "search", placeholder: t("overview.find"), "aria-label": t("overview.find"), value: state.q, oninput: calmly(() => change({ q: search.value }), 250) });
const sorts = h("div", { class: "choice", role: "group", "aria-label": t("sort") });
$("tools").append(search, sorts);
$("page").append(h("div", { class: "grid" },
  h("section", { class: "card w8" }, list, foot),
  h("section", { class: "card w4" }, h("header", {}, h("h2", {}, t("nav.incidents")), h("a", { class: "quiet small", href: "/incidents" }, t("all"))), going)));

function change(values) {
  Object.assign(state, values);
  keepInAddress(state, defaults, { replace: true });
  shown = 50;
  refresh();
}
function choices() {
  sorts.replaceChildren(...["unusual", "volume", "negative", "name"].map((sort) => h("button", { "aria-pressed": String(state.sort === sort), onclick: () => change({ sort }) }, t(`sort.${sort}`))));
}
async function refresh() {
  choices();
  try {
    const firing = get("incidents", { state: "firing", limit: 50 });
    firing.catch(() => {}); // looked at below
    draw(await get("brands", { sort: state.sort, q: state.q, limit: shown }));
    const incidents = await firing;
    going.replaceChildren(...(incidents.items.length ? worst(incidents.items).map(incidentRow) : [h("p", { class: "empty" }, t("wall.calm"))]));
  } catch (error) { list.replaceChildren(trouble(error)); }
}
/** As on the wall: the worst first, then the newest. */
const worst = (incidents) => incidents.sort((a, b) => b.severity - a.severity || b.started_at_ms - a.started_at_ms).slice(0, 12);
function draw(brands) {
  if (!brands.items.length) {
    list.replaceChildren(h("p", { class: "empty" }, state.q ? t("nothing") : t("overview.none")));
    foot.replaceChildren();
    return;
  }
  const routed = brands.items.some((brand) => brand.department);
  const head = [["severity_short", ""], ["brand", ""], ["wall.now", "number"], ["wall.usual", "number hide-small"], ["times", "number"], ["negative", "number hide-small"], ["net", "number"], ["trade", "hide-small"], ...(routed ? [["department", "hide-small"]] : [])];
  list.replaceChildren(h("table", {}, h("thead", {}, h("tr", {}, head.map(([key, kind]) => h("th", { class: kind, scope: "col" }, t(key))))),
    h("tbody", {}, brands.items.map((brand) => h("tr", { class: "goes" },
      h("td", {}, brand.severity ? severity(brand.severity) : ""),
      h("td", {}, h("a", { class: "whole", href: `/brands/${encodeURIComponent(brand.id)}` }, plain(brand.name)), brand.open_alerts > 1 && [" ", h("span", { class: "quiet small nowrap" }, t("alerts.n", { n: brand.open_alerts }))]),
      h("td", { class: "number" }, fmt.count(brand.posts_1h)), h("td", { class: "number quiet hide-small" }, fmt.amount(brand.expected_1h)),
      h("td", { class: "number" }, fmt.times(brand.posts_1h, brand.expected_1h)),
      h("td", { class: "number hide-small" }, fmt.count(brand.negative_1h)), h("td", { class: "number" }, mood(brand.net_sentiment_1h)),
      h("td", { class: "quiet hide-small" }, named("trade", brand.trade)), routed ? h("td", { class: "quiet hide-small" }, named("department", brand.department)) : "")))));
  foot.replaceChildren(h("span", { class: "quiet small" }, t("of", { shown: fmt.count(brands.items.length), total: fmt.count(brands.total) })));
  if (brands.next) foot.append(" ", h("button", { onclick: () => { shown = Math.min(shown + 50, 200); refresh(); } }, t("more")));
}
refresh();
on(["window", "alert", "action", "back"], calmly(refresh, 5000));
