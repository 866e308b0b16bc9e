// Feeds and health: is what the screens show complete, and how old is it?
import "./frame.js";
import { $, calmly, card, figure, fmt, get, h, named, plain, t, trouble, when } from "./core.js";
import { dataAgeS, on } from "./live.js";
import { brandNames } from "./names.js";

const boxes = { figures: h("div", { class: "w12" }), feeds: h("div", {}), gaps: h("div", {}), deliveries: h("div", {}), silences: h("div", {}) };
$("sub").textContent = t("feeds.about");
$("page").append(h("div", { class: "grid" }, boxes.figures, card(t("feeds.list"), "w12", boxes.feeds), card(t("feeds.gaps"), "w6 stretch", boxes.gaps), card(t("silences"), "w6 stretch", boxes.silences), card(t("feeds.deliveries"), "w12", boxes.deliveries)));

function rows(box, heads, items, cells, none) {
  box.replaceChildren(items.length ? h("div", { class: "scroll" }, h("table", {}, h("thead", {}, h("tr", {}, heads.map(([key, kind = ""]) => h("th", { class: kind, scope: "col" }, t(key))))), h("tbody", {}, items.map((item) => h("tr", {}, cells(item).map((cell, index) => h("td", { class: heads[index][1] || "" }, cell))))))) : h("p", { class: "empty" }, t(none)));
}
async function part(box, work) { try { await work(); } catch (error) { box.replaceChildren(trouble(error)); } }
let names = null;
function outcome({ outcome: what, reason }) {
  const [said, why] = [named("outcome", what), named("reason", reason)];
  return h("span", {}, said, why !== said && h("span", { class: "quiet small" }, ` · ${why}`));
}
async function refresh() {
  const day = Date.now() - 86400e3;
  await Promise.all([
    part(boxes.figures, async () => {
      const [health, feeds] = await Promise.all([get("health"), get("feeds")]);
      const age = dataAgeS() ?? health.data_age_s;
      boxes.figures.replaceChildren(h("dl", { class: "figures" }, figure(t("status"), named("status", health.status), { kind: ["ok", "filling"].includes(health.status) ? "" : "stale" }), figure(t("feeds.age"), age === null ? "–" : fmt.duration(age * 1000), health.held_by_partition === null ? {} : { note: t("feeds.held", { partition: health.held_by_partition }) }),
        figure(t("feeds.rate"), !feeds.items.length ? "–" : t("wall.rate", { rate: fmt.amount(feeds.items.reduce((sum, feed) => sum + feed.posts_per_s, 0)) })), figure(t("version"), health.version)));
      rows(boxes.feeds, [["feed"], ["state"], ["feeds.rate", "number"], ["posts", "number"], ["feeds.newest"], ["feeds.heard"], ["feeds.endpoint", "hide-small"]], feeds.items,
        (feed) => [h("b", {}, plain(feed.feed, 60)), h("span", { class: feed.state === "live" && feed.age_s < 120 ? "state is-firing" : "state stale" }, named("feed", feed.state)), fmt.amount(feed.posts_per_s), fmt.count(feed.posts), feed.event_time_ms ? when(feed.event_time_ms) : "–", fmt.ago(feed.at_ms), h("span", { class: "quiet small" }, plain(feed.endpoint, 80))], "feeds.none");
    }),
    part(boxes.gaps, async () => rows(boxes.gaps, [["feed"], ["began"], ["lasted"], ["why"]], (await get("gaps", { from: Date.now() - 30 * 86400e3, to: Date.now() })).items,
      (gap) => [plain(gap.feed, 40), when(gap.from_ms), fmt.duration(gap.to_ms - gap.from_ms), h("span", { title: plain(gap.detail, 300) }, named("gap", gap.reason))], "feeds.no_gaps")),
    part(boxes.silences, async () => rows(boxes.silences, [["brand"], ["rule"], ["until_head"], ["why"], ["silence.by"]], (await get("silences")).items,
      (silence) => [silence.brands.join(", ") || t("brand.any"), silence.rules.join(", ") || t("rule.any"), when(silence.until_ms), plain(silence.reason, 80), plain(silence.by, 40)], "silences.none")),
    part(boxes.deliveries, async () => { names ??= await brandNames(); rows(boxes.deliveries, [["when", "nowrap"], ["subscriber"], ["channel", "hide-small"], ["alert"], ["what_became"]], (await get("deliveries", { limit: 30 })).items.filter((one) => one.at_ms >= day),
      (one) => [when(one.at_ms), plain(one.subscriber), named("receiver", one.channel), h("a", { href: `/alerts/${encodeURIComponent(one.alert)}` }, names.nameOf(one.brand)), outcome(one)], "deliveries.none"); }),
  ]);
}
refresh();
on(["health"], calmly(refresh, 8000));
on(["gap", "back"], calmly(refresh, 1000));
