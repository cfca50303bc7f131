/** Patience after failures: each pause twice as long as the one before. */

import type { Clock } from "../../base/clock.ts";
import { isPauseOver } from "../../base/clock.ts";

/** The pauses, in milliseconds. */
export interface BackoffOptions {
  readonly clock: Clock;
  readonly firstMillis: number;
  readonly longestMillis: number;
}

/** Says when what failed may be tried again. */
export class Backoff {
  readonly #options: BackoffOptions;
  #failuresInARow = 0;
  #failedAtUnixMillis = 0;
  #pauseMillis = 0;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** True when there is no pause, or it is over. */
  get mayTry(): boolean {
    return isPauseOver(this.#options.clock, this.#failedAtUnixMillis, this.#pauseMillis);
  }

  /** Notes a failure; how long the pause is that begins with it, in milliseconds. */
  failed(): number {
    const { clock, firstMillis, longestMillis } = this.#options;
    this.#pauseMillis = Math.min(firstMillis * 2 ** this.#failuresInARow++, longestMillis);
    this.#failedAtUnixMillis = clock.nowMillis();
    return this.#pauseMillis;
  }

  /** The next failure is a first one again. */
  succeeded(): void {
    this.#failuresInARow = 0;
  }
}
