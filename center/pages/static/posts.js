// Posts: one list for all pages, with filters as chips and pages by cursor.
import { apiUrl, fmt, get, h, mood, named, outside, plain, start, t, trouble, when } from "./core.js";

/** Filters that a list of posts may have, in the order of their chips. */
export const FILTERS = ["q", "polarity", "channel", "intent", "language", "source", "region", "author", "original", "term", "spam"];
export const filtersOf = (state) => Object.fromEntries(FILTERS.filter((name) => state[name]).map((name) => [name, state[name]]));

export function chipsOf(state, changed) {
  const chips = FILTERS.filter((name) => state[name]).map((name) => h("button", { class: "chip is-on", title: t("filter.remove"), onclick: () => changed({ [name]: "" }) },
    `${t(`filter.${name}`)}: ${named(name, plain(state[name], 40))} ×`));
  return chips.length ? h("div", { class: "chips" }, chips) : null;
}

export function post(mention, { doings = null, brandName = "", kind = "" } = {}) {
  const text = mention.is_deleted ? h("span", { class: "quiet" }, t("post.deleted")) : plain(mention.text) || t("post.empty");
  const facts = [
    mention.source && named("source", mention.source), mention.region, mention.reach > 0 && t("post.reach", { n: fmt.count(mention.reach) }),
    mention.is_repost && t("post.repost", { who: plain(mention.original_author || "?", 30) }), mention.channel !== "earned" && named("channel", mention.channel),
    ...mention.intents.map((intent) => named("intent", intent)), ...mention.spam.map((sign) => named("spam", sign)), mention.is_edit && t("post.edit"),
  ].filter(Boolean);
  return h("article", { class: `post ${kind}`, "data-subject": mention.subject },
    h("div", { class: "who" }, h("b", {}, plain(mention.author || t("post.nobody"), 60)), outside(mention.url, when(mention.at_ms)), brandName && h("span", {}, brandName), facts.map((fact) => h("span", {}, fact))),
    h("p", { class: "text", dir: "auto" }, text), doings, mood(mention.sentiment_milli / 10, "mood"));
}

/** A list over `GET /api/mentions`; `refresh(params)` shows the first page of new filters. */
export function postList({ names = () => "", onTotal = () => {} } = {}) {
  const items = h("div", {});
  const foot = h("div", { class: "more" });
  const note = h("p", { class: "quiet small" });
  const box = h("div", { class: "posts" }, note, items, foot);
  let current = {};
  let turn = 0;
  const page = async (cursor) => {
    const mine = ++turn;
    let found;
    try { found = await get("mentions", { limit: 30, ...current, cursor }); } catch (error) {
      if (mine === turn) { items.replaceChildren(trouble(error)); foot.replaceChildren(); }
      return;
    }
    if (mine !== turn) return;
    const posts = found.items.map((mention) => post(mention, { brandName: names(mention.brand) }));
    if (cursor) items.append(...posts); else items.replaceChildren(...(posts.length ? posts : [h("p", { class: "empty" }, t("posts.none"))]));
    note.textContent = found.difference && found.counted !== null && found.counted !== found.total ? t("posts.differ", { total: fmt.count(found.total), counted: fmt.count(found.counted), why: t(`difference.${found.difference}`) }) : "";
    onTotal(found);
    foot.replaceChildren(...(found.next ? [h("button", { onclick: () => page(found.next) }, t("more"))] : []));
  };
  return { box, refresh: (params) => { current = params; return page(undefined); } };
}

export function exportLinks(kind, params) {
  return h("span", { class: "chips" }, start.formats.map((format) => h("a", { class: "chip", href: apiUrl(`export/${kind}.${format}`, params), download: true }, format.toUpperCase())));
}
