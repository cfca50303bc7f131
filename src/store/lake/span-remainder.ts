/** What a `Span` message says beyond the columns of a segment, and the way back. */

import type { ByteSink } from "./byte-sink.ts";

/** Field numbers of `opentelemetry.proto.trace.v1.Span` that have a column of their own. */
export const SpanField: {
  readonly TRACE_ID: 1;
  readonly SPAN_ID: 2;
  readonly PARENT_SPAN_ID: 4;
  readonly NAME: 5;
  readonly KIND: 6;
  readonly START_TIME: 7;
  readonly END_TIME: 8;
} = Object.freeze({
  TRACE_ID: 1,
  SPAN_ID: 2,
  PARENT_SPAN_ID: 4,
  NAME: 5,
  KIND: 6,
  START_TIME: 7,
  END_TIME: 8,
});

const LAST_COLUMN_FIELD = 8;
const COLUMN_TAG_LIMIT = (LAST_COLUMN_FIELD + 1) << 3;
const COLUMN_FIELDS: readonly boolean[] = Object.freeze(
  Array.from({ length: LAST_COLUMN_FIELD + 1 }, (_, field) => field > 0 && field !== 3),
);
/** Kinds above this do not fit the column of a batch, which then holds 0. */
const LARGEST_KIND = 0xff;

/**
 * Appends to `sink` every field of the `Span` body `payload[start, end)` that is not a column, byte for byte and in
 * order, unknown fields included. `keepName` keeps the name as well: its bytes are not valid UTF-8, so that the
 * column holds only a readable stand-in. A kind beyond the column's range is kept for the same reason; what is kept
 * follows the column's value when the span is written again, and of a repeated field the last one counts.
 *
 * The body has been decoded before, so it is well formed.
 */
export function appendRemainder(
  payload: Uint8Array,
  start: number,
  end: number,
  keepName: boolean,
  sink: ByteSink,
): void {
  const keepKind = hasLargeKind(payload, start, end);
  let runStart = start;
  let offset = start;
  while (offset < end) {
    const fieldStart = offset;
    const tag = payload[offset]!;
    offset = fieldEnd(payload, offset);
    const field = tag >>> 3;
    if (!isColumnTag(tag)) continue;
    if (keepName && field === SpanField.NAME) continue;
    if (keepKind && field === SpanField.KIND) continue;
    if (fieldStart > runStart) sink.append(payload, runStart, fieldStart);
    runStart = offset;
  }
  if (end > runStart) sink.append(payload, runStart, end);
}

function hasLargeKind(payload: Uint8Array, start: number, end: number): boolean {
  let offset = start;
  while (offset < end) {
    const isKind = payload[offset] === ((SpanField.KIND << 3) | 0);
    const valueStart = offset + 1;
    offset = fieldEnd(payload, offset);
    if (!isKind) continue;
    if (varintAt(payload, valueStart) > LARGEST_KIND) return true;
  }
  return false;
}

/** True for the one-byte tag of a field that has a column. */
export function isColumnTag(tag: number): boolean {
  // A tag of one byte below 0x80 names fields 1 to 15; columns are among them.
  return tag < COLUMN_TAG_LIMIT && COLUMN_FIELDS[tag >>> 3]!;
}

/** The end of the field that starts at `offset`, in a well-formed message. */
export function fieldEnd(payload: Uint8Array, offset: number): number {
  const wireType = payload[offset]! & 7;
  const valueStart = varintEnd(payload, offset);
  switch (wireType) {
    case 0:
      return varintEnd(payload, valueStart);
    case 1:
      return valueStart + 8;
    case 5:
      return valueStart + 4;
    case 3:
      return groupEnd(payload, valueStart);
    default:
      return varintEnd(payload, valueStart) + varintAt(payload, valueStart);
  }
}

function groupEnd(payload: Uint8Array, start: number): number {
  let offset = start;
  while ((payload[offset]! & 7) !== 4) offset = fieldEnd(payload, offset);
  return varintEnd(payload, offset);
}

function varintEnd(payload: Uint8Array, start: number): number {
  let offset = start;
  while (payload[offset]! >= 0x80) offset++;
  return offset + 1;
}

/** The varint at `start`; above 2^53 only its size class is right, which is all that is asked of it. */
function varintAt(payload: Uint8Array, start: number): number {
  let value = 0;
  let scale = 1;
  let offset = start;
  for (;;) {
    const byte = payload[offset++]!;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value;
    scale *= 128;
  }
}
