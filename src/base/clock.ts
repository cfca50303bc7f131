/** Time comes in through this port, so that tests decide what time it is. */

/** Wall clock. */
export interface Clock {
  /** Milliseconds since the Unix epoch, as `Date.now()`. */
  nowMillis(): number;
}

/**
 * True when a pause since a moment is over. A clock that stands before that moment has been set back since: how long the
 * pause has lasted is then unknown, and ending it beats waiting for as long as the clock was wrong.
 */
export function isPauseOver(clock: Clock, sinceUnixMillis: number, pauseMillis: number): boolean {
  const passedMillis = clock.nowMillis() - sinceUnixMillis;
  return passedMillis >= pauseMillis || passedMillis < 0;
}

/** The machine's own clock. */
export const systemClock: Clock = Object.freeze({ nowMillis: () => Date.now() });
