/** New ids for traces and spans. */

import { sha256 } from "@noble/hashes/sha2.js";
import { hexFromBytes, isAllZero } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import { systemClock } from "../base/clock.ts";

const RANDOM_BYTES = 16;
const SPAN_ID_BYTES = 8;

/**
 * A new trace id: the first 32 hex digits of SHA-256 over the time and 16 random bytes. Never all zeros, and as random
 * in its low 56 bits as consistent sampling asks for.
 */
export function createTraceId(clock: Clock = systemClock): string {
  const time = new TextEncoder().encode(new Date(clock.nowMillis()).toISOString());
  for (;;) {
    const seed = new Uint8Array(time.length + RANDOM_BYTES);
    seed.set(time);
    crypto.getRandomValues(seed.subarray(time.length));
    const hash = sha256(seed);
    if (!isAllZero(hash, 0, 16)) return hexFromBytes(hash, 0, 16);
  }
}

/** A new span id: 16 random hex digits, never all zeros. */
export function createSpanId(): string {
  const bytes = new Uint8Array(SPAN_ID_BYTES);
  do crypto.getRandomValues(bytes);
  while (isAllZero(bytes));
  return hexFromBytes(bytes);
}
