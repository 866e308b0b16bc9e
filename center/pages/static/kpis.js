// How a figure and its change are written.
import { fmt, t } from "./core.js";

const TIMES_FROM_PERCENT = 1000;

export function kpiValue(kpi) {
  if (kpi.value === null) return "–";
  if (kpi.unit === "percent") return fmt.percent(kpi.value);
  if (kpi.unit === "minutes") return fmt.duration(kpi.value * 60000);
  return kpi.unit === "points" ? fmt.signed(kpi.value) : fmt.count(kpi.value);
}
export function changeOf(kpi) {
  const points = kpi.unit === "percent" || kpi.unit === "points";
  if (kpi.change === null) return t(kpi.before === 0 && !points ? "kpi.zero_before" : kpi.before === null || kpi.value === null ? "kpi.no_before" : "kpi.few_before");
  if (!points && kpi.change >= TIMES_FROM_PERCENT) return t("kpi.times", { times: fmt.amount(kpi.value / kpi.before) });
  return t(points ? "kpi.points" : "kpi.percent", { change: fmt.signed(kpi.change) });
}
