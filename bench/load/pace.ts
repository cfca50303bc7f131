/** When a request may go out: at once, or at a fixed rate whatever the server does. */

/** Time as the load generator sees it. */
export interface PaceClock {
  nowMillis(): number;
  sleep(millis: number): Promise<unknown>;
}

/** Gives requests their turn. */
export interface Pace {
  /**
   * Waits until the next `spans` spans are due.
   *
   * @returns the time in milliseconds from which the request's latency counts. When all senders were busy past the
   * time it was due, that time: the wait is the server's doing, and leaving it out would hide every stall.
   */
  turn(spans: number): Promise<number>;
}

/**
 * @param spansPerSecond the rate; 0 is as fast as the server answers
 * @param clock the first turn starts it
 */
export function createPace(spansPerSecond: number, clock: PaceClock): Pace {
  if (spansPerSecond === 0) return { turn: async () => clock.nowMillis() };
  let startMillis: number | undefined;
  let spansBefore = 0;
  return {
    turn: async (spans) => {
      startMillis ??= clock.nowMillis();
      const dueMillis = startMillis + (spansBefore * 1_000) / spansPerSecond;
      spansBefore += spans;
      const earlyMillis = dueMillis - clock.nowMillis();
      if (earlyMillis <= 0) return dueMillis;
      await clock.sleep(earlyMillis);
      // A timer that fires late is the generator's doing.
      return clock.nowMillis();
    },
  };
}
