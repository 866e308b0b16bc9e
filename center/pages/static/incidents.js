// Incidents: what goes on and what was, folded; with doings.
import "./frame.js";
import { $, addressState, calmly, fmt, get, h, keepInAddress, plain, rangeChoice, severity, spanOf, t, trouble, when } from "./core.js";
import { on } from "./live.js";
import { brandOf, kindOf, stateOf, told } from "./incident_rows.js";

const defaults = { state: "firing", range: "7d", severity: "1", kind: "" };
const state = addressState(defaults);
const list = h("section", { class: "card" });
const more = h("div", { class: "more" });
let rows = [];
$("page").append(list);

function change(values) { Object.assign(state, values); keepInAddress(state, defaults); tools(); refresh(); }
function tools() {
  const states = h("div", { class: "choice", role: "group", "aria-label": t("state") }, ["firing", "resolved", "all"].map((one) => h("button", { "aria-pressed": String(state.state === one), onclick: () => change({ state: one }) }, t(`state.${one}`))));
  const kinds = h("select", { "aria-label": t("kind"), onchange: (event) => change({ kind: event.target.value }) }, h("option", { value: "" }, t("kind.any")),
    ["spike", "drop", "sentiment", "crisis", "influencer", "silence", "share", "composite"].map((kind) => h("option", { value: kind, selected: state.kind === kind }, t(`kind.${kind}`))));
  const worst = h("select", { "aria-label": t("severity_short"), onchange: (event) => change({ severity: event.target.value }) }, [1, 3, 5, 8].map((least) => h("option", { value: least, selected: String(least) === state.severity }, t("severity.least", { n: least }))));
  $("tools").replaceChildren(states, kinds, worst, state.state === "firing" ? "" : rangeChoice(state, (range) => change({ range, from: "", to: "" })));
}
const asked = () => {
  const span = spanOf(state, Date.now());
  return { state: state.state === "all" ? "" : state.state, kind: state.kind, severity: state.severity, ...(state.state === "firing" ? {} : span), limit: 50 };
};
async function refresh() {
  try {
    const found = await get("incidents", asked());
    rows = found.items;
    draw(found.next);
  } catch (error) { list.replaceChildren(trouble(error)); }
}
async function next(cursor) {
  const found = await get("incidents", { ...asked(), cursor });
  rows = [...rows, ...found.items];
  draw(found.next);
}
function draw(cursor) {
  if (!rows.length) { list.replaceChildren(h("p", { class: "empty" }, state.state === "firing" ? t("wall.calm") : t("nothing"))); return; }
  const head = [["severity_short"], ["brand"], ["kind", "hide-small"], ["what"], ["began", "hide-small"], ["lasted", "hide-small"], ["state"]];
  list.replaceChildren(h("div", { class: "scroll" }, h("table", {}, h("thead", {}, h("tr", {}, head.map(([key, kind = ""]) => h("th", { class: kind, scope: "col" }, t(key))))),
    h("tbody", {}, rows.map((incident) => h("tr", { class: "goes" }, h("td", {}, severity(incident.severity)),
      h("td", {}, h("a", { class: "whole", href: `/alerts/${encodeURIComponent(incident.head.id)}` }, brandOf(incident.head)), incident.alerts > 1 && h("div", { class: "quiet small nowrap" }, t("alerts.n", { n: incident.alerts }))),
      h("td", { class: "nowrap hide-small" }, kindOf(incident.head)), h("td", {}, h("b", { class: "show-small" }, kindOf(incident.head)), told(incident.head), incident.head.terms.length ? h("div", { class: "quiet small" }, incident.head.terms.slice(0, 5).map((term) => plain(term.term, 30)).join(" · ")) : ""),
      h("td", { class: "nowrap small hide-small" }, when(incident.started_at_ms)), h("td", { class: "nowrap small quiet hide-small" }, fmt.duration((incident.ended_at_ms || Date.now()) - incident.started_at_ms)),
      h("td", {}, stateOf({ ...incident.head, acknowledged_by: incident.acknowledged_by, assignee: incident.assignee, state: incident.state }))))))), more);
  more.replaceChildren(...(cursor ? [h("button", { onclick: () => next(cursor) }, t("more"))] : []));
}
tools();
refresh();
addEventListener("popstate", () => { Object.assign(state, addressState(defaults)); tools(); refresh(); });
on(["alert", "action", "back"], calmly(refresh, 2000));
