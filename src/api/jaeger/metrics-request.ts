/** What `/api/metrics/*` asks for. */

import type { SpanKind } from "../../model/span-kind.ts";
import { badRequest, integerParameter, truthParameter, unreadable } from "./go-values.ts";

const DEFAULT_LOOKBACK_MILLIS = 3_600_000n;
const DEFAULT_STEP_MILLIS = 5_000n;
const DEFAULT_RATE_MILLIS = 600_000n;
/** Statistics reach back thirty days. */
const MAX_LOOKBACK_MILLIS = 30n * 86_400_000n;
const MAX_SERVICES = 100;

const KIND_BY_WORD: ReadonlyMap<string, SpanKind> = new Map<string, SpanKind>([
  ["unspecified", "UNSPECIFIED"],
  ["internal", "INTERNAL"],
  ["server", "SERVER"],
  ["client", "CLIENT"],
  ["producer", "PRODUCER"],
  ["consumer", "CONSUMER"],
]);

/** Which spans are summed, and at which moments. */
export interface MetricsRequest {
  readonly services: readonly string[];
  readonly kinds: readonly SpanKind[];
  readonly byOperation: boolean;
  readonly startSeconds: number;
  readonly endSeconds: number;
  /** From one moment to the next. */
  readonly stepSeconds: number;
  /** At each moment spans are summed over so long. */
  readonly windowSeconds: number;
}

/**
 * Reads the parameters, in the order in which Jaeger refuses them.
 *
 * @throws TracAggError `invalid_argument`.
 */
export function metricsRequestFrom(search: URLSearchParams, nowMillis: number): MetricsRequest {
  const services = [...new Set(search.getAll("service"))];
  if (services.length === 0) throw unreadable("service", "please provide at least one service name");
  if (services.length > MAX_SERVICES) {
    throw badRequest(`expected at most ${MAX_SERVICES} of 'service', received ${services.length}`, "service");
  }
  const byOperation = truthParameter(search, "groupByOperation");
  const kinds = kindsFrom(search);
  const endTs = integerParameter(search, "endTs") ?? BigInt(Math.trunc(nowMillis));
  const lookback = integerParameter(search, "lookback") ?? DEFAULT_LOOKBACK_MILLIS;
  const step = integerParameter(search, "step") ?? DEFAULT_STEP_MILLIS;
  const ratePer = integerParameter(search, "ratePer") ?? DEFAULT_RATE_MILLIS;
  for (const [name, value] of [
    ["lookback", lookback],
    ["step", step],
    ["ratePer", ratePer],
  ] as const) {
    if (value < 1n || value > MAX_LOOKBACK_MILLIS) {
      throw unreadable(name, `expected 1 to ${MAX_LOOKBACK_MILLIS} milliseconds, got ${value}`);
    }
  }
  const endSeconds = Number(endTs) / 1_000;
  return {
    services,
    kinds,
    byOperation,
    startSeconds: endSeconds - Number(lookback) / 1_000,
    endSeconds,
    stepSeconds: Math.max(1, Math.round(Number(step) / 1_000)),
    windowSeconds: Math.max(1, Math.round(Number(ratePer) / 1_000)),
  };
}

function kindsFrom(search: URLSearchParams): readonly SpanKind[] {
  const words = search.getAll("spanKind");
  if (words.length === 0) return ["SERVER"];
  const kinds = words.map((word) => {
    const kind = KIND_BY_WORD.get(word);
    if (kind === undefined) throw unreadable("spanKind", `unsupported span kind: '${word}'`);
    return kind;
  });
  return [...new Set(kinds)];
}

/** The share of spans that a latency is at least that of. @throws TracAggError `invalid_argument`. */
export function checkQuantile(quantile: number): number {
  if (quantile > 0 && quantile <= 1) return quantile;
  throw unreadable("quantile", `expected a number above 0 and up to 1, got ${quantile}`);
}
