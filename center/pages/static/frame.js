// Preferences, logout, counts in the navigation, keys: what every framed page has.
import { $, get, calmly, csrf, fmt, h, t, toast } from "./core.js";
import { on } from "./live.js";

for (const select of document.querySelectorAll("[data-preference]")) {
  select.addEventListener("change", () => {
    document.cookie = `${select.dataset.preference}=${select.value}; path=/; max-age=31536000; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
    location.reload();
  });
}
const zones = $("zones");
if (zones) {
  const chosen = zones.value;
  zones.addEventListener("focus", () => {
    if (zones.options.length > 1) return;
    const all = ["", "UTC", ...Intl.supportedValuesOf("timeZone")];
    zones.replaceChildren(...all.map((zone) => h("option", { value: zone, selected: zone === chosen }, zone || t("zone.auto"))));
  }, { once: true });
}
$("logout")?.addEventListener("click", async (event) => {
  event.preventDefault();
  await fetch("/logout", { method: "POST", headers: { "x-csrf-token": csrf } });
  location.assign("/login");
});

async function counts() {
  try {
    const [incidents, engage] = await Promise.all([get("incidents", { state: "firing" }), get("engage", { state: "open", limit: 1 })]);
    put("incidents", incidents.items.length);
    put("engage", engage.departments.reduce((sum, part) => sum + part.open, 0));
  } catch { /* the page itself says what is wrong */ }
}
function put(key, value) {
  const box = document.querySelector(`[data-count="${key}"]`);
  if (box) box.textContent = value ? fmt.count(value) : "";
}
counts();
on(["alert", "action", "back"], calmly(counts, 3000));
on(["version"], () => location.reload());

// Keys: g and a letter goes to a page, / to the search.
const GOES = { o: "/", i: "/incidents", e: "/engage", s: "/search", m: "/measure", c: "/compare", w: "/wall", f: "/feeds", r: "/rules" };
let going = false;
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) return;
  if (event.key === "/") {
    event.preventDefault();
    const box = document.querySelector("input[type=search]");
    if (box) box.focus(); else location.assign("/search");
  } else if (going && GOES[event.key]) location.assign(GOES[event.key]);
  going = event.key === "g";
  if (event.key === "?") toast(t("keys"));
});
