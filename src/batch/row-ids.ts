/** Ids of a row as the hex text people know. */

import { hexFromBytes, isAllZero } from "../base/bytes.ts";
import type { SpanRow } from "./span-batch.ts";

/** 32 lower-case hex digits. */
export function traceIdOf({ batch, row }: SpanRow): string {
  return hexFromBytes(batch.traceIds, row * 16, row * 16 + 16);
}

/** 16 lower-case hex digits. */
export function spanIdOf({ batch, row }: SpanRow): string {
  return hexFromBytes(batch.spanIds, row * 8, row * 8 + 8);
}

/** 16 lower-case hex digits; undefined for a root. */
export function parentSpanIdOf({ batch, row }: SpanRow): string | undefined {
  const start = row * 8;
  if (isAllZero(batch.parentSpanIds, start, start + 8)) return undefined;
  return hexFromBytes(batch.parentSpanIds, start, start + 8);
}
