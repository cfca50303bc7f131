/** How long an exporter waits before it tries again. */

const FIRST_DELAY_MILLIS = 1_000;
const GROWTH = 1.5;
const MAX_DELAY_MILLIS = 30_000;
/** A delay is as much shorter or longer at most, so that exporters cut off together do not come back together. */
const JITTER_RATIO = 0.5;
/** A destination that asks for more is asked again all the same: it may have said so by mistake. */
const MAX_ASKED_MILLIS = 10 * 60_000;

/** What the delay follows from. */
export interface RetryDelayOptions {
  /** Tries that failed one after the other, from 1. */
  readonly failures: number;
  /** What the destination asked for, in `Retry-After` or `RetryInfo`. */
  readonly askedMillis: number | undefined;
  /** From 0 to less than 1. */
  readonly random: number;
}

/**
 * Milliseconds until the next try: what the destination asked for, else from 1 s on half as long again each time up to
 * 30 s, by up to half shorter or longer.
 */
export function retryDelayMillis({ failures, askedMillis, random }: RetryDelayOptions): number {
  if (askedMillis !== undefined && askedMillis > 0) return Math.min(askedMillis, MAX_ASKED_MILLIS);
  const delay = Math.min(MAX_DELAY_MILLIS, FIRST_DELAY_MILLIS * GROWTH ** Math.min(failures - 1, 20));
  return delay * (1 + JITTER_RATIO * (2 * random - 1));
}
