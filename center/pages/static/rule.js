// One definition: a form that is checked as one types, tried on history, published, taken back.
import "./frame.js";
import { $, ask, calmly, card, field, fmt, get, h, may, named, plain, reasonOf, send, severity, start, t, toast, tried, trouble, when } from "./core.js";

import { brandNames } from "./names.js";

const { kind } = start;
let id = start.subject;
const RULES = ["spike", "drop", "sentiment", "crisis", "influencer", "silence", "share", "composite"];
const INTENTS = ["brand-building", "client-management", "marketing-optimization", "strategic-research", "accelerated-innovation", "social-sales", "talent-optimization"];
// Field -> how it is edited: text, list (one a line), number, choice, lines (long text).
const FIELDS = {
  brand: { name: "text", aliases: "list", ambiguous: "list", accounts: "list", campaigns: "list", trade: "text", competitors: "list", parent: "text", department: "text", min_confidence: "number" },
  rule: { kind: RULES, brands: "list", trades: "list", department: "text", false_alerts_per_month: "number", min_posts: "number", min_authors: "number", min_reach: "number", words: "list", objectives: "list", within_min: "number", active_hours: "text", pending_min: "number", cool_down_min: "number", resolve_after_min: "number" },
  intent: { objective: INTENTS, query: "lines" },
  holiday: { first: "text", last: "text" },
};
const fields = FIELDS[kind] || {};
const form = h("form", { class: "fields", onsubmit: (event) => event.preventDefault() });
const text = h("textarea", { class: "editor", spellcheck: "false", "aria-label": "JSON", rows: 16 });
const findings = h("div", { role: "status" });
const preview = h("div", {});
const past = h("div", {});
const idBox = h("input", { value: id, maxlength: 100, pattern: "[a-z0-9-]+", disabled: Boolean(id), "aria-label": t("id") });
let value = {};
let valid = false;

const publish = h("button", { class: "first", disabled: true, onclick: save }, t("rules.publish"));
$("title").textContent = id ? plain(id, 60) : t(`rules.new.${kind}`);
$("sub").replaceChildren(h("a", { href: `/rules?kind=${kind}` }, t(`definition.${kind}`)));
$("page").append(h("div", { class: "grid" }, card(t("rules.fields"), "w7", field(t("id"), idBox), form, h("details", {}, h("summary", {}, t("rules.as_text")), text)),
  h("div", { class: "w5" }, card(t("rules.check"), "", findings), kind === "rule" ? card(t("rules.preview"), "", previewForm(), preview) : "", card(t("rules.past"), "", past))));

function control(name, how) {
  const held = value[name];
  const changed = (next) => { if (next === undefined || next === "" || (Array.isArray(next) && !next.length)) delete value[name]; else value[name] = next; text.value = JSON.stringify(value, null, 2); if (name === "kind") controls(); check(); };
  if (Array.isArray(how)) return h("select", { name, onchange: (event) => changed(event.target.value) }, h("option", { value: "" }, "–"), how.map((one) => h("option", { value: one, selected: one === held }, named(kind === "intent" ? "intent" : "kind", one))));
  if (how === "number") return h("input", { name, type: "number", step: "any", value: held ?? "", oninput: (event) => changed(event.target.value === "" ? undefined : Number(event.target.value)) });
  if (how === "list") return h("textarea", { name, rows: Math.min(8, Math.max(2, (held || []).length)), oninput: (event) => changed(event.target.value.split("\n").map((line) => line.trim()).filter(Boolean)) }, (held || []).join("\n"));
  if (how === "lines") return h("textarea", { name, rows: 4, oninput: (event) => changed(event.target.value) }, held || "");
  return h("input", { name, value: held ?? "", oninput: (event) => changed(event.target.value) });
}
function controls() {
  // A rule shows what its kind uses, and what it has by mistake.
  const shown = Object.entries(fields).filter(([name]) => kind !== "rule" || name === "kind" || name in value || !value.kind || start.uses[value.kind]?.includes(name));
  form.replaceChildren(...shown.map(([name, how]) => field(named("field", name) + (how === "list" ? ` · ${t("rules.one_a_line")}` : ""), control(name, how))));
}
function draw() {
  controls();
  text.value = JSON.stringify(value, null, 2);
  if (!Object.keys(fields).length) text.closest("details").open = true;
  $("tools").replaceChildren(...(may("admin") ? [id ? h("button", { onclick: remove }, t("rules.remove")) : "", last?.before ? h("button", { onclick: undo }, t("rules.undo")) : "", publish].filter(Boolean) : [h("span", { class: "quiet" }, t("rules.read_only"))]));
}
text.addEventListener("input", () => {
  try { value = JSON.parse(text.value); } catch (error) { valid = false; publish.disabled = true; findings.replaceChildren(h("p", { class: "finding" }, h("b", {}, "JSON"), ` ${error.message}`)); return; }
  controls();
  check();
});
idBox.addEventListener("input", () => check());
let turn = 0;
const check = calmly(async () => {
  const mine = ++turn;
  if (!idBox.value.trim()) {
    findings.replaceChildren(h("p", { class: "quiet" }, t("rules.needs_id")));
    publish.disabled = true;
    return;
  }
  let found;
  try { found = await send("POST", "definitions/check", { kind, id: idBox.value.trim(), value: whole() }); } catch (error) { findings.replaceChildren(trouble(error)); publish.disabled = true; return; }
  if (mine !== turn) return;
  valid = found.is_valid;
  publish.disabled = !valid || !idBox.value.trim();
  for (const input of form.querySelectorAll("[name]")) input.closest(".field").classList.toggle("is-wrong", found.findings.some((one) => one.level === "error" && (one.key === input.name || one.key.endsWith(`.${input.name}`))));
  findings.replaceChildren(...(found.findings.length ? found.findings.map((one) => h("p", { class: "finding" }, h(one.level === "error" ? "b" : "span", {}, t(`level.${one.level}`), " ", plain(one.key, 60)), ` ${plain(one.message, 500)}`)) : [h("p", { class: "quiet" }, t("rules.valid"))]));
}, 350);

function previewForm() {
  const brand = h("input", { name: "brand", placeholder: t("rules.preview.brand"), "aria-label": t("rules.preview.brand"), list: "brands" });
  const brands = h("datalist", { id: "brands" });
  brandNames("volume").then((all) => brands.append(...all.brands.map((one) => h("option", { value: one.id }, plain(one.name))))).catch(() => {});
  const days = h("select", { "aria-label": t("range") }, [1, 3, 7].map((n) => h("option", { value: n, selected: n === 3 }, t("unit.d", { n }))));
  const go = h("button", { onclick: async () => {
    go.disabled = true;
    preview.replaceChildren(h("p", { class: "quiet" }, t("rules.preview.runs")));
    try {
      const found = await send("POST", "definitions/preview", { rule: { ...value, id: idBox.value.trim() || "preview" }, brand: brand.value.trim(), days: Number(days.value) });
      preview.replaceChildren(h("p", { class: "reason" }, t("rules.preview.times", { times: found.times, posts: fmt.count(found.posts) })), ...found.fired.slice(0, 20).map((one) => h("p", { class: "finding" }, severity(one.severity), " ", when(one.started_at_ms), " ", plain(reasonOf(one), 240))));
    } catch (error) { preview.replaceChildren(trouble(error)); }
    go.disabled = false;
  } }, t("rules.preview.go"));
  return h("div", { class: "tools" }, brand, brands, days, go);
}
const whole = () => ({ ...value, id: idBox.value.trim() });
const key = () => `${kind}:${idBox.value.trim()}`;
const path = () => `definitions/${kind}/${encodeURIComponent(idBox.value.trim())}`;
// The newest change of this definition; what it was before stands with it, so whoever may can take it back, from anywhere.
let last = null;
async function save() {
  const done = await tried(() => send("PUT", path(), whole()).then(() => true));
  if (!done) return;
  toast(t("rules.published"));
  if (!id) { location.assign(`/rules/${kind}/${encodeURIComponent(idBox.value.trim())}`); return; }
  await history();
  draw();
}
async function undo() {
  const was = JSON.parse(last.before);
  const done = await tried(() => (was === null ? send("DELETE", path()) : send("PUT", path(), was)).then(() => true));
  if (!done) return;
  toast(t("rules.undone"));
  if (was === null) { location.assign(`/rules?kind=${kind}`); return; }
  value = was;
  await history();
  draw();
  check();
}
async function remove() {
  const sure = await ask(t("rules.remove"), [h("p", {}, t("rules.remove.sure", { id }))], t("rules.remove"));
  if (!sure) return;
  const done = await tried(() => send("DELETE", path()).then(() => true));
  if (done) location.assign(`/rules?kind=${kind}`);
}
async function history() {
  if (!id) { past.replaceChildren(h("p", { class: "empty" }, t("rules.past.none"))); return; }
  try {
    const found = await get("actions", { subject: key() });
    last = found.items.filter((action) => action.kind === "defined" || action.kind === "removed").at(-1) || null;
    past.replaceChildren(...(found.items.length ? found.items.map((action) => h("div", { class: "doing" }, when(action.at_ms), h("p", {}, h("b", {}, plain(action.who, 60)), ` ${t(`did.${action.kind}`)}`, action.note && h("div", { class: "quiet small" }, plain(action.note, 600))))) : [h("p", { class: "empty" }, t("rules.past.none"))]));
  } catch (error) { past.replaceChildren(trouble(error)); }
}
async function begin() {
  if (id) {
    await history();
    try { value = (await get(path())).value; } catch (error) { gone(error); return; }
  } else history();
  draw();
  findings.replaceChildren(h("p", { class: "quiet" }, t("rules.checking")));
  check();
}
/** A definition that was removed can be put back; of one that never was, there is nothing to show. */
function gone(error) {
  if (last?.kind !== "removed" || !last.before || !may("admin")) { $("page").replaceChildren(trouble(error)); return; }
  $("tools").replaceChildren(h("button", { class: "first", onclick: undo }, t("rules.undo")));
  value = JSON.parse(last.before);
  controls();
  findings.replaceChildren(trouble(error));
}
begin();
