/** Telling how much memory work holds, so that all work together stays within a limit. */

/** The memory of one piece of work, a query say. */
export interface HeldBytes {
  /**
   * Says that so many bytes more are held, before or while they are taken; less, when negative.
   *
   * @throws TracAggError `too_large` or `overloaded` when that would be too much: the work has to end then.
   */
  add(bytes: number): void;
}

/** A part of what is held, given back as one. */
export class HeldPart implements HeldBytes {
  readonly #whole: HeldBytes | undefined;
  #bytes = 0;

  /** @param whole what the part counts to; undefined: nobody counts. */
  constructor(whole: HeldBytes | undefined) {
    this.#whole = whole;
  }

  add(bytes: number): void {
    this.#whole?.add(bytes);
    this.#bytes += bytes;
  }

  /** Gives back everything added so far. */
  release(): void {
    this.#whole?.add(-this.#bytes);
    this.#bytes = 0;
  }
}
