/** The rows of a long trace in slices that are written one after the other. */

import type { SpanRow } from "../batch/span-batch.ts";

/** Spans written at once: about 10 ms of work and a few hundred kilobytes. */
const SPANS_PER_CHUNK = 250;
/** Bytes of spans written at once, unless a single span has more: long spans must not add up in memory. */
const SPAN_BYTES_PER_CHUNK = 256 * 1024;

/** Slices of bounded size, in order; a span longer than that is one by itself. */
export function* rowSlices(rows: readonly SpanRow[]): Iterable<readonly SpanRow[]> {
  let start = 0;
  let bytes = 0;
  for (const [at, { batch, row }] of rows.entries()) {
    const spanBytes = (batch.spanEnds[row] as number) - (batch.spanStarts[row] as number);
    if (at - start === SPANS_PER_CHUNK || (at > start && bytes + spanBytes > SPAN_BYTES_PER_CHUNK)) {
      yield rows.slice(start, at);
      start = at;
      bytes = 0;
    }
    bytes += spanBytes;
  }
  if (start < rows.length) yield rows.slice(start);
}
