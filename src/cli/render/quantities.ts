/** Durations and counts as people read them. */

/** Three significant digits with the unit that fits: `340µs`, `1.25ms`, `2.1s`, `1m 5s`. */
export function durationText(millis: number): string {
  if (millis < 0.001) return `${Math.round(millis * 1e6)}ns`;
  if (millis < 1) return `${significant(millis * 1e3)}µs`;
  if (millis < 999.5) return `${significant(millis)}ms`;
  if (millis < 59_950) return `${significant(millis / 1e3)}s`;
  const seconds = Math.round(millis / 1e3);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m ${seconds % 60}s`;
  return `${Math.floor(seconds / 3_600)}h ${Math.floor((seconds % 3_600) / 60)}m`;
}

function significant(amount: number): string {
  return String(Number(amount.toPrecision(3)));
}

/** `1 span`, `1,204 spans`. */
export function countText(count: number, word: string): string {
  return `${count.toLocaleString("en-US")} ${word}${count === 1 ? "" : "s"}`;
}

/** `12.5%` of a share from 0 to 100. */
export function percentText(percentage: number): string {
  return `${percentage.toFixed(1)}%`;
}

/** `2026-01-31 12:00:00.123` of an ISO time. */
export function timeText(iso: string): string {
  return iso.slice(0, 23).replace("T", " ");
}
