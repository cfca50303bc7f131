/** Newest traces first, without sorting those nobody asks for. */

import type { HotTraceRef } from "./hot-view.ts";

/** A place in the order of lists: start descending, then trace id descending. */
export interface TracePlace {
  readonly startTimeUnixNano: bigint;
  /** 32 lower-case hex digits. */
  readonly traceId: string;
}

/** Negative when `left` comes before `right`: start descending, then trace id descending. */
export function comparePlaces(left: TracePlace, right: TracePlace): number {
  if (left.startTimeUnixNano !== right.startTimeUnixNano) {
    return left.startTimeUnixNano > right.startTimeUnixNano ? -1 : 1;
  }
  const leftId = left.traceId;
  const rightId = right.traceId;
  if (leftId === rightId) return 0;
  return leftId > rightId ? -1 : 1;
}

/** A binary heap (Williams, 1964): made in linear time, one logarithmic step for each trace taken. */
export class TraceHeap {
  readonly #traces: HotTraceRef[];

  /** @param traces in any order; the heap takes the array over. */
  constructor(traces: HotTraceRef[]) {
    this.#traces = traces;
    for (let at = (traces.length >>> 1) - 1; at >= 0; at--) this.#sink(at);
  }

  /** Takes the next trace in the order of lists; undefined when none is left. */
  take(): HotTraceRef | undefined {
    const first = this.#traces[0];
    const last = this.#traces.pop();
    if (last !== undefined && this.#traces.length > 0) {
      this.#traces[0] = last;
      this.#sink(0);
    }
    return first;
  }

  #sink(from: number): void {
    const traces = this.#traces;
    const sinking = traces[from] as HotTraceRef;
    let at = from;
    for (let child = at * 2 + 1; child < traces.length; child = at * 2 + 1) {
      const right = traces[child + 1];
      if (right !== undefined && comparePlaces(right, traces[child] as HotTraceRef) < 0) child++;
      const upper = traces[child] as HotTraceRef;
      if (comparePlaces(sinking, upper) <= 0) break;
      traces[at] = upper;
      at = child;
    }
    traces[at] = sinking;
  }
}
