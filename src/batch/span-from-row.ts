/** Spans as plain objects, from the rows they are kept in. */

import { makeSpan } from "../model/make-span.ts";
import type { Span } from "../model/span.ts";
import { lazySpan } from "./lazy-span.ts";
import type { SpanRow } from "./span-batch.ts";

export { lazySpan };

/** The span of a row as a plain object, everything decoded. */
export function spanFromRow(row: SpanRow): Span {
  return makeSpan(lazySpan(row));
}
