/** Which completed traces are worth keeping. */

import { TracAggError } from "../base/errors.ts";
import type { Trace } from "../model/trace.ts";

/** Decides at completion whether a trace is kept. */
export interface TraceSampler {
  /** What it does, with its parameters. */
  readonly description: string;
  /** True when the trace is to be kept; the same for the same id and error count. */
  shouldKeep(trace: Pick<Trace, "traceId" | "errorCount">): boolean;
}

/** How many bits of a trace id are random by W3C Trace Context Level 2: the last 56. */
const RANDOM_BITS = 56;

/**
 * Keeps a share of traces, decided by the trace id alone, so every process that samples with the same ratio keeps the
 * same traces, and what a ratio keeps every larger ratio keeps too (OpenTelemetry consistent probability sampling).
 *
 * @param ratio 0 keeps none, 1 keeps all.
 * @throws TracAggError `invalid_argument` when the ratio is not between 0 and 1.
 */
export function probabilitySampler(ratio: number): TraceSampler {
  if (!(ratio >= 0 && ratio <= 1)) {
    throw new TracAggError("invalid_argument", `ratio: expected a number from 0 to 1, got ${ratio}`, {
      field: "ratio",
    });
  }
  const threshold = BigInt(Math.round((1 - ratio) * 2 ** RANDOM_BITS));
  return {
    description: `probability(${ratio})`,
    shouldKeep: (trace) => BigInt(`0x${trace.traceId.slice(-RANDOM_BITS / 4)}`) >= threshold,
  };
}

/**
 * Keeps every trace with a span in error, and of the others those that `otherwise` keeps (none by default).
 *
 * @example
 * new TraceAggregator({ sampler: alwaysKeepErrors(probabilitySampler(0.1)) });
 */
export function alwaysKeepErrors(otherwise?: TraceSampler): TraceSampler {
  return {
    description: `errors or ${otherwise?.description ?? "none"}`,
    shouldKeep: (trace) => trace.errorCount > 0 || (otherwise?.shouldKeep(trace) ?? false),
  };
}
