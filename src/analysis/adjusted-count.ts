/** How many spans a sampled one stands for. */

/** Largest count that is believed: a head sampler that keeps one of a billion. */
const MAX_COUNT = 2 ** 30;
const THRESHOLD_DIGITS = 14;

/**
 * The adjusted count of a span from its W3C trace state: 2^56 / (2^56 - T) with the rejection threshold T of `ot=th:`
 * (OpenTelemetry's probability sampling: hex, trailing zeros left out). 1 without a threshold, or with one that cannot
 * be read: a sampler that says nothing kept everything.
 *
 * @example
 * adjustedCount("ot=th:8"); // 2: every second one was kept
 */
export function adjustedCount(traceState: string): number {
  const threshold = /(?:^|[,\s])ot=(?:[^,]*;)?th:([0-9a-f]{1,14})(?=[;,\s]|$)/.exec(traceState)?.[1];
  if (threshold === undefined) return 1;
  // 56 bits do not fit a number exactly; what is lost is below one in 2^52.
  const rejected = Number.parseInt(threshold.padEnd(THRESHOLD_DIGITS, "0"), 16) / 2 ** 56;
  return rejected >= 1 ? MAX_COUNT : Math.min(MAX_COUNT, 1 / (1 - rejected));
}
