/** Turns of the event loop, handed to long work one at a time, when whoever else wants the loop has had it. */

/** A turn that took less had nothing else to do. */
const QUIET_TURN_MILLIS = 1;
/** Beside a loop that is never quiet, long work goes on once in so long: four of its slices. */
const PATIENCE_MILLIS = 32;

/**
 * A queue of work that has paused itself.
 *
 * Awaiting an immediate alone lets every paused query go on in the same turn, so that a request with ten steps on the
 * loop waits ten times for all of them. Here one goes on in a turn, and while requests keep the loop busy it waits for
 * a quiet turn, up to a bound.
 */
export class LoopTurns {
  readonly #waiting: (() => void)[] = [];
  #isScheduled = false;
  #turnAtMillis = 0;
  /** Since when the first in line could have had its turn. */
  #firstSinceMillis = 0;

  /** Resolves when it is the caller's turn; those who asked first go first. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (this.#isScheduled) return;
      this.#firstSinceMillis = performance.now();
      this.#schedule(this.#firstSinceMillis);
    });
  }

  #schedule(nowMillis: number): void {
    this.#isScheduled = true;
    this.#turnAtMillis = nowMillis;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#isScheduled = false;
    const nowMillis = performance.now();
    const isQuiet = nowMillis - this.#turnAtMillis < QUIET_TURN_MILLIS;
    if (isQuiet || nowMillis - this.#firstSinceMillis >= PATIENCE_MILLIS) {
      this.#firstSinceMillis = nowMillis;
      this.#waiting.shift()?.();
    }
    if (this.#waiting.length > 0) this.#schedule(nowMillis);
  }
}
