/** The range and the step that a query for series asks for. */

import { TracAggError } from "../base/errors.ts";
import type { SeriesGrid } from "../filter/series/series-grid.ts";
import { instantGrid, rangeGrid } from "../filter/series/series-grid.ts";
import { durationNanos } from "../traceql/literal-text.ts";
import type { TextRange } from "./trace-filter.ts";
import { timeRangeFrom } from "./trace-filter.ts";

/** A range of time and how finely it is looked at, as people write it. */
export interface SeriesRange extends TextRange {
  /** How far back from the end the range starts, in place of `start`: `15m`, `1h30m`, `7d`. Default an hour. */
  readonly since?: string;
  /** Length of an interval: seconds (`15`, `0.5`) or a length of time (`15s`, `1m`); absent: some 240 intervals. */
  readonly step?: string;
  /** One value for the whole range. */
  readonly isInstant?: boolean;
}

const DEFAULT_RANGE_NANOS = 3_600_000_000_000n;
const NANOS_PER_MILLI = 1_000_000n;
const LENGTHS = "a length of time such as 15m, 1h30m or 7d";

/**
 * The intervals of a range; of one without ends those of the last hour.
 *
 * @throws TracAggError `invalid_argument` for times that cannot be read, an end before the start, and steps that are
 * none or too fine.
 */
export function seriesGridFrom(range: SeriesRange, nowUnixMillis: number): SeriesGrid {
  const { start, since, step, isInstant = false } = range;
  const texts = timeRangeFrom(range, nowUnixMillis);
  if (start !== undefined && since !== undefined) throw refused("since", "no since beside start", since);
  if (isInstant && step !== undefined) throw refused("step", "no step beside instant=true", step);
  const endUnixNano = texts.endTimeUnixNano ?? BigInt(Math.trunc(nowUnixMillis)) * NANOS_PER_MILLI;
  const startUnixNano = texts.startTimeUnixNano ?? endUnixNano - lengthOf(since);
  if (endUnixNano <= startUnixNano) throw refused("start", "a time before the end", start ?? "");
  const ends = { startUnixNano: startUnixNano < 0n ? 0n : startUnixNano, endUnixNano };
  if (isInstant) return instantGrid(ends);
  return rangeGrid(step === undefined ? ends : { ...ends, stepNanos: stepOf(step) });
}

function lengthOf(since: string | undefined): bigint {
  if (since === undefined) return DEFAULT_RANGE_NANOS;
  const nanos = durationNanos(since);
  if (nanos === undefined || nanos <= 0n) throw refused("since", LENGTHS, since);
  return nanos;
}

function stepOf(step: string): bigint {
  const nanos = /^\d{1,9}(?:\.\d{1,9})?$/.test(step)
    ? BigInt(Math.round(Number(step) * 1e9))
    : durationNanos(step);
  if (nanos === undefined || nanos <= 0n) throw refused("step", `a number of seconds, or ${LENGTHS}`, step);
  return nanos;
}

function refused(field: string, expected: string, got: string): TracAggError {
  return new TracAggError("invalid_argument", `${field}: expected ${expected}, got "${got}"`, { field });
}
