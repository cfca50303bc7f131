/** Which traces are to be looked at when: a queue in slots of time. */

/** Slots are this long: how late a trace may be looked at. */
const SLOT_MILLIS = 250;

/** Trace numbers by the time they are due. Each is handed out once, and may be put in again. */
export class DueTraces {
  readonly #slots: Map<number, number[]> = new Map();
  #cursor = Number.POSITIVE_INFINITY;
  #last = Number.NEGATIVE_INFINITY;

  /** Puts a trace in, due at a time. */
  add(trace: number, atMillis: number): void {
    const slot = Math.ceil(atMillis / SLOT_MILLIS);
    const traces = this.#slots.get(slot);
    if (traces === undefined) this.#slots.set(slot, [trace]);
    else traces.push(trace);
    this.#cursor = Math.min(this.#cursor, slot);
    this.#last = Math.max(this.#last, slot);
  }

  /** Takes out a trace that is due at a time, the earliest slot first; -1 when none is. */
  next(nowMillis: number): number {
    const end = Math.min(this.#last, Math.floor(nowMillis / SLOT_MILLIS));
    while (this.#cursor <= end) {
      const trace = this.#slots.get(this.#cursor)?.pop();
      if (trace !== undefined) return trace;
      this.#slots.delete(this.#cursor);
      this.#cursor = this.#slots.size === 0 ? Number.POSITIVE_INFINITY : this.#cursor + 1;
    }
    return -1;
  }
}
