/** Sorted streams of traces as one, each opened only when it may come next. */

import type { TracePlace } from "../../hot/trace-heap.ts";
import { comparePlaces } from "../../hot/trace-heap.ts";

/** A stream in list order: start descending, then trace id descending. */
export interface SortedSource<Trace> {
  /** No trace of the stream starts later; undefined when unknown. */
  readonly newestStart: bigint | undefined;
  open(): AsyncGenerator<Trace, void>;
}

interface OpenSource<Trace> {
  readonly stream: AsyncGenerator<Trace, void>;
  head: Trace;
}

/** All traces of the streams in list order. */
export async function* mergeNewestFirst<Trace>(
  sources: readonly SortedSource<Trace>[],
  placeOf: (trace: Trace) => TracePlace,
): AsyncGenerator<Trace, void> {
  const unopened = [...sources].sort((left, right) => compareNewest(left.newestStart, right.newestStart));
  const open: OpenSource<Trace>[] = [];
  const firstOf = (): OpenSource<Trace> | undefined => {
    let first = open[0];
    for (const source of open) {
      if (first !== undefined && comparePlaces(placeOf(source.head), placeOf(first.head)) < 0) first = source;
    }
    return first;
  };
  const mayComeBefore = (source: SortedSource<Trace>, first: OpenSource<Trace> | undefined): boolean => {
    if (first === undefined || source.newestStart === undefined) return true;
    return source.newestStart >= placeOf(first.head).startTimeUnixNano;
  };
  try {
    for (;;) {
      let first = firstOf();
      while (unopened.length > 0 && mayComeBefore(unopened[0]!, first)) {
        const stream = unopened.shift()!.open();
        const next = await stream.next();
        if (next.done !== true) open.push({ stream, head: next.value });
        first = firstOf();
      }
      if (first === undefined) return;
      yield first.head;
      const next = await first.stream.next();
      if (next.done === true) open.splice(open.indexOf(first), 1);
      else first.head = next.value;
    }
  } finally {
    for (const { stream } of open) await stream.return();
  }
}

/** Unknown first, then the latest. */
function compareNewest(left: bigint | undefined, right: bigint | undefined): number {
  if (left === undefined || right === undefined)
    return Number(left !== undefined) - Number(right !== undefined);
  if (left === right) return 0;
  return left > right ? -1 : 1;
}
