/** `grpc-timeout`: how long a client waits for the end of its call. */

import { TracAggError } from "../base/errors.ts";

const MILLIS_OF_UNIT: Readonly<Record<string, number>> = Object.freeze({
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
});

const TIMEOUT = /^(\d{1,8})([HMSmun])$/;

/**
 * Milliseconds that a `grpc-timeout` header gives a call, undefined without one.
 *
 * @throws TracAggError `invalid_argument` when it is none
 */
export function timeoutMillisFrom(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  const [, amount, unit] = TIMEOUT.exec(header) ?? [];
  if (amount === undefined || unit === undefined) {
    throw new TracAggError(
      "invalid_argument",
      `grpc-timeout: expected up to eight digits and one of H, M, S, m, u, n, got ${JSON.stringify(header.slice(0, 100))}`,
    );
  }
  return Number(amount) * (MILLIS_OF_UNIT[unit] as number);
}
