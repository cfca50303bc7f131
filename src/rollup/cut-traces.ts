/** Traces that were cut at the window's cap of spans. */

/** More than come while a complete trace is kept: 16,384 traces of 5,000 spans each. */
const MAX_IDS = 16_384;

/** Remembers the ids of the traces that were cut last. */
export class CutTraces {
  readonly #ids: Set<string> = new Set();
  /** Traces that were cut. */
  count = 0;

  /** True while none is remembered. */
  get isEmpty(): boolean {
    return this.#ids.size === 0;
  }

  /** Remembers a trace. */
  add(traceId: string): void {
    if (!this.#ids.delete(traceId)) this.count++;
    this.#ids.add(traceId);
    if (this.#ids.size > MAX_IDS) this.#ids.delete(this.#ids.values().next().value as string);
  }

  /** True for a trace that was cut. */
  has(traceId: string): boolean {
    return this.#ids.has(traceId);
  }
}
