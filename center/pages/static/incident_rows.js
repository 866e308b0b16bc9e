// An incident or alert in a list, and what people do about it.
import { ask, field, fmt, h, may, named, plain, send, severity, t, toast, tried } from "./core.js";

export function kindOf(alert) { return named("kind", alert.kind); }
export function brandOf(alert) { return alert.brand === "*" ? t("everything") : plain(alert.brand_name || alert.brand); }
export const inUnit = (alert, value) => (alert.unit === "percent" ? fmt.percent(value) : fmt.amount(value));
export function told(alert) {
  return t("alert.seen", { seen: inUnit(alert, alert.seen), expected: inUnit(alert, alert.expected), unit: named("unit", alert.unit) });
}
export function stateOf(alert) {
  if (alert.state === "resolved") return h("span", { class: "state" }, t("state.resolved"));
  if (alert.is_false_alarm) return h("span", { class: "state" }, t("state.false_alarm"));
  if (alert.silenced_by) return h("span", { class: "state" }, t("state.silenced"));
  if (alert.assignee) return h("span", { class: "state" }, t("state.assigned", { who: plain(alert.assignee, 30) }));
  if (alert.acknowledged_by) return h("span", { class: "state" }, t("state.acknowledged", { who: plain(alert.acknowledged_by, 30) }));
  return h("span", { class: "state is-firing" }, t("state.firing"));
}
export function incidentRow(incident) {
  const head = incident.head;
  return h("article", { class: "post" },
    h("div", {}, h("div", {}, severity(incident.severity), " ", h("a", { class: "whole", href: `/alerts/${encodeURIComponent(head.id)}` }, h("b", {}, brandOf(head))), " ", kindOf(head)),
      h("p", { class: "small quiet" }, told(head), incident.alerts > 1 && ` · ${t("alerts.n", { n: incident.alerts })}`)),
    h("div", { class: "number small quiet" }, h("div", {}, stateOf({ ...head, acknowledged_by: incident.acknowledged_by, assignee: incident.assignee, state: incident.state })), fmt.ago(incident.started_at_ms)));
}

/** Buttons for an alert; `done` runs after each. Doings of an incident's head hold for the incident. */
export function doings(alert, done) {
  if (!may("operator")) return [];
  const act = async (kind, more = {}) => {
    const result = await tried(() => send("POST", "actions", { kind, on: "alert", subject: alert.id, brand: alert.brand === "*" ? "" : alert.brand, ...more }));
    if (result) { toast(t(`did.${kind}`)); done(); }
  };
  const button = (text, work, kind = "") => h("button", { class: kind, onclick: work }, text);
  const open = alert.state === "firing";
  return [
    open && !alert.acknowledged_by && button(t("do.acknowledge"), () => act("acknowledged"), "first"),
    open && alert.acknowledged_by && button(t("do.release"), () => act("released")),
    button(t("do.assign"), async () => {
      const given = await ask(t("do.assign"), [field(t("assignee"), h("input", { name: "assignee", required: true, maxlength: 100, autofocus: true })), field(t("note"), h("textarea", { name: "note", rows: 2, maxlength: 2000 }))], t("do.assign"));
      if (given) act("assigned", given);
    }),
    button(t("do.note"), async () => {
      const given = await ask(t("do.note"), [field(t("note"), h("textarea", { name: "note", rows: 4, required: true, maxlength: 2000, autofocus: true }))], t("do.note"));
      if (given) act("note", given);
    }),
    open && button(t("do.silence"), () => silence(alert, done)),
    !alert.is_false_alarm && button(t("do.false_alarm"), async () => {
      const given = await ask(t("do.false_alarm"), [h("p", { class: "quiet" }, t("false_alarm.about")), field(t("note"), h("textarea", { name: "note", rows: 2, maxlength: 2000, autofocus: true }))], t("do.false_alarm"));
      if (given) act("false_alarm", given);
    }),
  ].filter(Boolean);
}
async function silence(alert, done) {
  const hours = [["1", t("unit.h", { n: 1 })], ["4", t("unit.h", { n: 4 })], ["24", t("unit.d", { n: 1 })], ["168", t("unit.d", { n: 7 })]];
  const given = await ask(t("do.silence"), [
    h("p", { class: "quiet" }, t("silence.about", { brand: brandOf(alert), rule: alert.rule })),
    field(t("silence.for"), h("select", { name: "hours" }, hours.map(([value, text]) => h("option", { value }, text)))),
    field(t("silence.what"), h("select", { name: "what" }, h("option", { value: "rule" }, t("silence.this_rule")), h("option", { value: "brand" }, t("silence.all_rules")))),
    field(t("why"), h("input", { name: "reason", required: true, maxlength: 500 }))], t("do.silence"));
  if (!given) return;
  const until = Date.now() + Number(given.hours) * 3600e3;
  const wanted = { brands: alert.brand === "*" ? [] : [alert.brand], rules: given.what === "rule" || alert.brand === "*" ? [alert.rule] : [], until_ms: until, reason: given.reason };
  const made = await tried(() => send("POST", "silences", wanted));
  if (!made) return;
  await tried(() => send("POST", "actions", { kind: "silenced", on: "alert", subject: alert.id, brand: alert.brand === "*" ? "" : alert.brand, until_ms: until, note: given.reason }));
  toast(t("did.silenced"));
  done();
}
