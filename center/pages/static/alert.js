// One alert: what was seen against what was expected, why, its posts, who was told, what was done.
import "./frame.js";
import { $, calmly, card, figure, fmt, get, h, has, named, plain, query, ranked, reasonOf, severity, start, t, trouble, upper, when } from "./core.js";
import { chart, volume } from "./charts.js";
import { on } from "./live.js";
import { post, postList } from "./posts.js";
import { brandOf, doings, incidentRow, inUnit, kindOf, stateOf, told } from "./incident_rows.js";

const id = start.subject;
const body = $("page");
let volumeChart = null;
let list = null;

async function refresh() {
  let alert;
  try { alert = await get(`alerts/${encodeURIComponent(id)}`); } catch (error) { body.replaceChildren(trouble(error)); return; }
  $("title").replaceChildren(severity(alert.severity), " ", alert.brand === "*" ? t("everything") : h("a", { href: `/brands/${encodeURIComponent(alert.brand)}` }, brandOf(alert)), ` · ${kindOf(alert)}`);
  document.title = `${brandOf(alert)} · ${kindOf(alert)} · leimo`;
  $("sub").replaceChildren(stateOf(alert), " · ", when(alert.started_at_ms), " – ", alert.ended_at_ms ? when(alert.ended_at_ms) : t("until_now"), alert.department ? ` · ${named("department", alert.department)}` : "");
  $("tools").replaceChildren(...doings(alert, refresh));
  draw(alert);
  deliveries();
}
const told_to = h("div", {});
async function deliveries() {
  try {
    const explained = await get("deliveries/explain", { alert: id });
    told_to.replaceChildren(explained.items.length ? h("div", { class: "scroll" }, h("table", {}, h("thead", {}, h("tr", {}, ["subscriber", "channel", "what_became", "when"].map((key) => h("th", { scope: "col" }, t(key))))), h("tbody", {}, explained.items.map(({ subscriber, delivery, reason, in_words }) =>
      h("tr", {}, h("td", {}, plain(subscriber)), h("td", {}, delivery ? named("receiver", delivery.channel) : "–"), h("td", {}, named("reason", reason), h("div", { class: "quiet small only-english" }, plain(in_words))), h("td", { class: "nowrap small" }, delivery ? when(delivery.at_ms) : "–"))))))
      : h("p", { class: "empty" }, t("deliveries.none")));
  } catch (error) { told_to.replaceChildren(trouble(error)); }
}
function draw(alert) {
  const evidence = alert.evidence;
  const horizon = Math.max(evidence.horizon_min, 1) * 60000;
  const from = Math.min(alert.started_at_ms, alert.updated_at_ms) - horizon;
  const to = Math.max(alert.ended_at_ms || alert.updated_at_ms, alert.started_at_ms) + 60000;
  const posts = alert.brand === "*" ? null : `/brands/${encodeURIComponent(alert.brand)}?${query({ from, to })}#posts`;
  const shares = evidence.negative_now !== null && evidence.negative_before !== null ? t("alert.negative", { now: fmt.share(evidence.negative_now), before: fmt.share(evidence.negative_before) }) : "–";
  const figures = h("dl", { class: "figures" },
    figure(t("seen"), inUnit(alert, alert.seen), { note: unitOf(alert) }),
    figure(t("expected"), inUnit(alert, alert.expected), { note: alert.expected >= 1 ? fmt.times(alert.seen, alert.expected) : "" }),
    figure(t("alert.posts", { minutes: evidence.horizon_min }), fmt.count(evidence.posts), { href: posts, note: t("alert.authors", { n: fmt.count(evidence.authors) }) }),
    figure(t("reach"), fmt.count(evidence.reach), { note: t("alert.reposts", { n: fmt.count(evidence.reposts) }) }),
    figure(t("negative"), fmt.share(evidence.negative_now), { note: evidence.negative_before !== null ? t("alert.usually", { share: fmt.share(evidence.negative_before) }) : "" }),
    figure(t("alert.chance"), chance(evidence.probability), { note: t("alert.chance.about") }));
  const parts = [["copies", evidence.copies], ["newcomers", evidence.newcomers], ["spam", evidence.spam], ["bursts", evidence.bursts]].filter(([, value]) => value > 0);
  const kinds = [["earned", evidence.earned], ["owned", evidence.owned], ["paid", evidence.paid]];
  const why = card(t("why"), "w8 stretch", h("p", { class: "reason" }, plain(reasonOf(alert))), h("p", { class: "quiet" }, told(alert), shares !== "–" ? ` · ${shares}` : ""), h("div", { class: "chips apart" }, alert.terms.map((term) => h("a", { class: "chip", href: `/brands/${encodeURIComponent(alert.brand)}?${query({ from, to, term: term.term })}#posts` }, plain(term.term, 40), " ", h("b", {}, fmt.count(term.count))))));
  const made = card(t("alert.made_of"), "w4 stretch", ranked([...kinds, ...parts].filter(([, value]) => value > 0), { name: ([key]) => upper(t(has(`channel.${key}`) ? `channel.${key}` : `evidence.${key}`)), value: ([, value]) => value }), intents(evidence));
  volumeChart = alert.brand === "*" ? null : chart("", t("volume"));
  const done = card(t("doings"), "w6 stretch", alert.actions.length ? h("div", {}, alert.actions.map((action) => h("div", { class: "doing" }, when(action.at_ms), h("p", {}, h("b", {}, plain(action.who, 60)), ` ${t(`did.${action.kind}`)}`, action.assignee && ` → ${plain(action.assignee, 60)}`, action.until_ms && ` ${t("until", { time: fmt.time(action.until_ms) })}`, action.note && h("div", {}, plain(action.note)))))) : h("p", { class: "empty" }, t("doings.none")));
  const deliveryCard = card(t("deliveries"), "w6 stretch", told_to);
  list = alert.brand === "*" ? null : postList();
  const samples = alert.samples.map((sample) => post({ ...sample, at_ms: sample.event_time_ms, subject: `${sample.source}/${sample.post}`, url: null, region: "", is_repost: false, channel: "earned", intents: [], spam: [], is_edit: false, original_author: "" }));
  const others = alert.others.map((other) => incidentRow({ id: other.incident, head: other, alerts: 1, severity: other.severity, state: other.state, started_at_ms: other.started_at_ms, acknowledged_by: other.acknowledged_by, assignee: other.assignee }));
  body.replaceChildren(h("div", { class: "grid" }, h("div", { class: "w12" }, figures), why, made,
    volumeChart && card(t("volume"), others.length ? "w8 stretch" : "w12", volumeChart.box), others.length ? card(t("alert.same_incident"), "w4 stretch", others) : "",
    samples.length ? card(t("alert.samples"), "w12", samples) : "", deliveryCard, done, list && card(t("alert.its_posts"), "w12", list.box)));
  if (volumeChart) drawVolume(alert, volumeChart);
  list?.refresh({ brand: alert.brand, from, to });
}
/** What of all posts of the span was seen: rules leave some out. */
function unitOf(alert) {
  const fewer = alert.unit === "posts" && alert.evidence.posts - alert.seen >= 1;
  if (fewer && alert.kind === "crisis") return t("alert.of_crisis");
  return fewer && ["spike", "composite"].includes(alert.kind) ? t("alert.effective") : named("unit", alert.unit);
}
function intents(evidence) {
  const items = Object.entries(evidence.intents);
  return items.length ? h("div", { class: "apart" }, h("p", { class: "quiet small" }, t("objectives")), ranked(items, { name: ([key]) => named("intent", key), value: ([, value]) => value })) : "";
}
function chance(probability) {
  if (probability >= 1) return "–";
  if (probability < 1e-6) return "< 1 : 10⁶";
  return `1 : ${fmt.count(1 / probability)}`;
}
async function drawVolume(alert, one) {
  const span = { from: alert.started_at_ms - 6 * 3600e3, to: Math.min(Date.now(), (alert.ended_at_ms || alert.updated_at_ms) + 3600e3) };
  const step = span.to - span.from > 12 * 3600e3 ? "15m" : "5m";
  try {
    const windows = await get("windows", { brand: alert.brand, ...span, step });
    await one.show((c) => volume(c, { windows, alerts: [alert], span, bars: true }));
  } catch { /* the figures above stand alone */ }
}
refresh();
on(["alert", "action", "back"], (() => { const again = calmly(refresh, 1000); return (data) => { if (!data || data.id === id || data.subject === id || data.incident === id) again(); }; })());
