// Definitions in force: brands, rules and the rest.
import "./frame.js";
import { $, addressState, get, h, keepInAddress, may, named, plain, t, trouble } from "./core.js";

const KINDS = ["brand", "rule", "intent", "holiday", "silence", "feed", "subscriber"];
const defaults = { kind: "rule", q: "" };
const state = addressState(defaults);
const list = h("section", { class: "card" });
const search = h("input", { type: "search", placeholder: t("rules.find"), "aria-label": t("rules.find"), value: state.q, oninput: () => { state.q = search.value; keepInAddress(state, defaults, { replace: true }); draw(); } });
let items = [];
$("sub").textContent = t("rules.about");
$("page").append(list);

function tools() {
  $("tools").replaceChildren(search, h("div", { class: "choice", role: "group", "aria-label": t("kind") }, KINDS.map((kind) => h("button", { "aria-pressed": String(kind === state.kind), onclick: () => { state.kind = kind; keepInAddress(state, defaults); refresh(); } }, t(`definition.${kind}`)))),
    may("admin") ? h("a", { class: "button first", href: `/rules/${state.kind}/` }, t("rules.new")) : "");
}
async function refresh() {
  tools();
  try { items = (await get(`definitions/${state.kind}`)).items; } catch (error) { list.replaceChildren(trouble(error)); return; }
  draw();
}
function about(definition) {
  const value = definition.value;
  const parts = { brand: [value.name, ...(value.aliases || []).slice(0, 6)], rule: [named("kind", value.kind), (value.brands || value.trades || [t("brand.any")]).join(", "), (value.words || []).slice(0, 8).join(" ")],
    intent: [named("intent", value.objective), value.query], holiday: [value.first, value.last], silence: [value.until, value.reason, value.by], subscriber: [named("receiver", value.channel), (value.brands || [t("brand.any")]).join(", ")] }[state.kind] || [];
  return parts.filter(Boolean).join(" · ");
}
function draw() {
  const wanted = state.q.trim().toLowerCase();
  const shown = items.filter((one) => !wanted || JSON.stringify(one.value).toLowerCase().includes(wanted) || one.id.includes(wanted));
  const most = 300;
  list.replaceChildren(shown.length ? h("table", { class: "stacks" }, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, t("id")), h("th", { scope: "col" }, t("about")))), h("tbody", {}, shown.slice(0, most).map((one) => h("tr", { class: "goes" },
    h("td", { class: "nowrap" }, h("a", { class: "whole", href: `/rules/${state.kind}/${encodeURIComponent(one.id)}` }, plain(one.id, 60))), h("td", { class: "quiet" }, plain(about(one), 160)))))) : h("p", { class: "empty" }, t("nothing")),
  shown.length > most ? h("p", { class: "quiet small more" }, t("of", { shown: most, total: shown.length })) : "");
}
refresh();
addEventListener("popstate", () => { Object.assign(state, addressState(defaults)); refresh(); });
