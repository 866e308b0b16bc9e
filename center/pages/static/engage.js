// Posts that ask for an answer: take one, answer it where it stands, say so. Two people cannot take one.
import "./frame.js";
import { $, addressState, calmly, card, fmt, get, h, keepInAddress, may, named, outside, plain, Refused, send, t, toast, trouble, who } from "./core.js";
import { on } from "./live.js";
import { brandNames } from "./names.js";
import { post } from "./posts.js";

const defaults = { state: "open", department: "", brand: "", intent: "" };
const state = addressState(defaults);
const list = h("section", { class: "card w8" });
const side = h("div", { class: "w4" });
const names = new Map();
let found = { items: [], departments: [], next: null };
$("sub").textContent = t("engage.about");
$("page").append(h("div", { class: "grid" }, list, side));

function change(values) { Object.assign(state, values); keepInAddress(state, defaults); tools(); refresh(); }
function tools() {
  const states = h("div", { class: "choice", role: "group", "aria-label": t("state") }, ["open", "taken", "answered", "none"].map((one) => h("button", { "aria-pressed": String(state.state === one), onclick: () => change({ state: one }) }, t(`engage.${one}`))));
  const brands = h("select", { "aria-label": t("brand"), onchange: (event) => change({ brand: event.target.value }) }, h("option", { value: "" }, t("brand.any")), [...names].map(([id, name]) => h("option", { value: id, selected: id === state.brand }, plain(name))));
  const intents = h("select", { "aria-label": t("filter.intent"), onchange: (event) => change({ intent: event.target.value }) }, h("option", { value: "" }, t("filter.intent.any")), ["client-management", "social-sales", "accelerated-innovation", "talent-optimization"].map((one) => h("option", { value: one, selected: one === state.intent }, named("intent", one))));
  $("tools").replaceChildren(states, brands, intents);
}
async function refresh() {
  try { found = await get("engage", { ...state, limit: 40 }); } catch (error) { list.replaceChildren(trouble(error)); return; }
  draw();
}
function draw() {
  const rows = found.items.map(row);
  list.replaceChildren(...(rows.length ? rows : [h("p", { class: "empty" }, t(`engage.empty.${state.state}`))]));
  if (found.next) list.append(h("div", { class: "more" }, h("button", { onclick: more }, t("more"))));
  side.replaceChildren(card(t("engage.departments"), "", found.departments.length ? h("div", { class: "scroll" }, h("table", {}, h("thead", {}, h("tr", {}, ["department", "engage.open", "engage.answered", "engage.median"].map((key, index) => h("th", { class: index ? "number" : "", scope: "col" }, t(key))))),
    h("tbody", {}, found.departments.map((part) => h("tr", {}, h("td", {}, h("button", { class: "chip", onclick: () => change({ department: state.department === part.department ? "" : part.department }) }, part.department ? named("department", part.department) : t("department.none"))), h("td", { class: "number" }, fmt.count(part.open)), h("td", { class: "number" }, fmt.count(part.answered)), h("td", { class: "number" }, part.median_s === null ? "–" : fmt.duration(part.median_s * 1000))))))) : h("p", { class: "empty" }, t("nothing"))));
}
async function more() {
  const next = await get("engage", { ...state, limit: 40, cursor: found.next });
  found = { ...next, items: [...found.items, ...next.items] };
  draw();
}
function row(item) {
  const mention = item.mention;
  const act = async (kind, note = "") => {
    try {
      await send("POST", "actions", { kind, on: "post", subject: mention.subject, brand: mention.brand, department: item.department, note });
      toast(t(`did.${kind}`));
    } catch (error) {
      toast(error instanceof Refused && error.status === 409 ? t("engage.too_late", { detail: error.message }) : error instanceof Refused ? error.message : t("offline"), true);
    }
    refresh();
  };
  const mine = item.who === who;
  const buttons = !may("operator") ? [] : item.state === "open" ? [h("button", { class: "first", onclick: () => act("taken") }, t("do.take")), h("button", { onclick: () => act("no_answer_needed") }, t("do.none"))]
    : item.state === "taken" ? [h("button", { class: "first", disabled: !mine, onclick: () => act("answered") }, t("do.answered")), h("button", { disabled: !mine && !may("admin"), onclick: () => act("released") }, t("do.release"))]
      : [h("button", { onclick: () => act("released") }, t("do.reopen"))];
  const status = item.state === "open" ? t("engage.waits", { time: fmt.duration(Date.now() - mention.at_ms) }) : t(`engage.by.${item.state}`, { who: plain(item.who, 40), time: item.at_ms ? fmt.ago(item.at_ms) : "" });
  const took = item.answered_after_s !== null ? ` · ${t("engage.after", { time: fmt.duration(item.answered_after_s * 1000) })}` : "";
  return post(mention, { brandName: plain(names.get(mention.brand) || mention.brand), kind: item.state === "taken" && !mine ? "is-taken" : "", doings: h("div", { class: "doings" }, buttons, mention.url && outside(mention.url, t("engage.open_post")), h("span", { class: "quiet small" }, status, took, item.department && ` · ${named("department", item.department)}`)) });
}
async function begin() {
  try { for (const brand of (await brandNames()).brands) names.set(brand.id, brand.name); } catch { /* said below */ }
  tools();
  refresh();
}
begin();
addEventListener("popstate", () => { Object.assign(state, addressState(defaults)); tools(); refresh(); });
on(["action", "back"], calmly(refresh, 500));
on(["window"], calmly(refresh, 15000));
