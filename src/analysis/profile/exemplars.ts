/** Traces that show what a call path's time looks like: the longest, one near the median, one near the 95th percentile. */

/** A trace and the time it spent. */
export interface Exemplar {
  readonly traceId: string;
  /** Critical-path time of the call path in this trace, in nanoseconds. */
  readonly nanos: number;
}

/** The traces to look at; undefined when none is known. */
export interface ProfileExemplars {
  readonly max: Exemplar | undefined;
  /** Within a factor of 1.5 or so of the median where such a trace is known. */
  readonly p50: Exemplar | undefined;
  readonly p95: Exemplar | undefined;
}

/** Slots an octave: traces in one are at most 1.42 times apart. */
const SLOTS_PER_OCTAVE = 2;

/**
 * One trace for each slot of durations: the longest of the slot, the smallest id of equally long ones. Which one stays
 * does not depend on the order they come in. A trace taken back leaves its slot empty, though others had been there:
 * exemplars are examples and no sums.
 */
export class ExemplarSlots {
  readonly #slots: Map<number, Exemplar> = new Map();

  /** Exemplars, shortest first. */
  all(): Exemplar[] {
    return [...this.#slots.values()].sort((left, right) => left.nanos - right.nanos);
  }

  /** @param nanos more than 0 */
  add(traceId: string, nanos: number): void {
    const slot = Math.floor(Math.log2(nanos) * SLOTS_PER_OCTAVE);
    const known = this.#slots.get(slot);
    if (known === undefined || isBetter(traceId, nanos, known)) this.#slots.set(slot, { traceId, nanos });
  }

  /** {@link add} of a trace whose id costs something: it is asked for when the trace may stay. */
  offer(trace: { readonly traceId: string }, nanos: number): void {
    const slot = Math.floor(Math.log2(nanos) * SLOTS_PER_OCTAVE);
    const known = this.#slots.get(slot);
    if (known !== undefined && known.nanos > nanos) return;
    this.add(trace.traceId, nanos);
  }

  /** Takes a trace back. */
  remove(traceId: string): void {
    for (const [slot, exemplar] of this.#slots) if (exemplar.traceId === traceId) this.#slots.delete(slot);
  }

  /** Adds those of others. */
  merge(others: Iterable<Exemplar>): void {
    for (const { traceId, nanos } of others) this.add(traceId, nanos);
  }

  /** The longest, and those nearest to two durations in nanoseconds. */
  pick(p50Nanos: number, p95Nanos: number): ProfileExemplars {
    const all = this.all();
    return { max: all.at(-1), p50: nearest(all, p50Nanos), p95: nearest(all, p95Nanos) };
  }
}

function isBetter(traceId: string, nanos: number, known: Exemplar): boolean {
  return nanos === known.nanos ? traceId < known.traceId : nanos > known.nanos;
}

/** By ratio: twice as long is as far off as half as long. */
function nearest(exemplars: readonly Exemplar[], nanos: number): Exemplar | undefined {
  let best: Exemplar | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const exemplar of exemplars) {
    const distance = Math.abs(Math.log2(exemplar.nanos / Math.max(nanos, 1)));
    if (distance >= bestDistance) continue;
    best = exemplar;
    bestDistance = distance;
  }
  return best;
}
