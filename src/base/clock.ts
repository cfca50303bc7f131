/** Time comes in through this port, so that tests decide what time it is. */

/** Wall clock. */
export interface Clock {
  /** Milliseconds since the Unix epoch, as `Date.now()`. */
  nowMillis(): number;
}

/** The machine's own clock. */
export const systemClock: Clock = Object.freeze({ nowMillis: () => Date.now() });
