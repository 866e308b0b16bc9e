// All posts of all brands that the viewer may see.
import "./frame.js";
import { $, addressState, edgeOf, fmt, get, h, keepInAddress, named, plain, rangeChoice, spanOf, t } from "./core.js";
import { brandNames } from "./names.js";
import { chipsOf, exportLinks, FILTERS, filtersOf, postList } from "./posts.js";

const defaults = { range: "24h", from: "", to: "", sort: "time", brand: "", ...Object.fromEntries(FILTERS.map((name) => [name, ""])) };
const state = addressState(defaults);
const names = new Map();
const totals = h("p", { class: "quiet small", role: "status" });
const list = postList({ names: (id) => plain(names.get(id) || id), onTotal: (found) => { totals.textContent = t("posts.total", { n: fmt.count(found.total) }) + (found.total_is_exact ? "" : "+"); } });
const box = h("input", { type: "search", name: "q", placeholder: t("search.words"), "aria-label": t("search.words"), value: state.q, autofocus: true });
const brands = h("select", { "aria-label": t("brand"), onchange: () => change({ brand: brands.value }) });
const options = { polarity: ["positive", "neutral", "negative"], channel: ["earned", "owned", "paid"], language: ["zh", "en", "ja", "ko"], source: ["weibo", "jetstream", "mastodon", "leimo"], spam: ["false", "true"] };
const selects = Object.entries(options).map(([name, values]) => h("select", { "aria-label": t(`filter.${name}`), "data-filter": name, onchange: (event) => change({ [name]: event.target.value }) }, h("option", { value: "" }, t(`filter.${name}.any`)), values.map((value) => h("option", { value }, named(name, value)))));
const sort = h("select", { "aria-label": t("sort"), onchange: () => change({ sort: sort.value }) }, ["time", "reach", "mood"].map((one) => h("option", { value: one }, t(`posts.sort.${one}`))));
const chips = h("div", {});
const exports = h("span", {});
let health = { data_age_s: 0 };

$("sub").textContent = t("search.about");
$("page").append(h("section", { class: "card" }, h("form", { class: "tools", onsubmit: (event) => { event.preventDefault(); change({ q: box.value.trim() }); } }, box, h("button", { class: "first" }, t("search.go")), brands, selects, sort), chips, h("header", {}, totals, exports), list.box));

function change(values) { Object.assign(state, values); keepInAddress(state, defaults); refresh(); }
function refresh() {
  const span = spanOf(state, edgeOf(health));
  $("tools").replaceChildren(rangeChoice(state, (range) => change({ range, from: "", to: "" })));
  chips.replaceChildren(...[chipsOf(state, change)].filter(Boolean));
  box.value = state.q;
  for (const select of selects) select.value = state[select.dataset.filter];
  sort.value = state.sort;
  brands.value = state.brand;
  const wanted = { brand: state.brand, ...span, ...filtersOf(state) };
  exports.replaceChildren(exportLinks("mentions", wanted));
  list.refresh({ ...wanted, sort: state.sort });
}
async function begin() {
  try {
    const [found, all] = await Promise.all([get("health"), brandNames()]);
    health = found;
    for (const brand of all.brands) names.set(brand.id, brand.name);
  } catch { /* the list says what is wrong */ }
  brands.replaceChildren(h("option", { value: "" }, t("brand.any")), ...[...names].map(([id, name]) => h("option", { value: id }, plain(name))));
  refresh();
}
begin();
addEventListener("popstate", () => { Object.assign(state, addressState(defaults)); refresh(); });
