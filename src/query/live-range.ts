/** Ranges of time over live statistics. */

import { TracAggError } from "../base/errors.ts";
import type { LiveStatistics } from "../rollup/live-statistics.ts";
import { MAX_AHEAD_SECONDS } from "../rollup/live-statistics.ts";
import type { SecondsRange } from "../rollup/rollup-level.ts";
import { RESOLUTIONS } from "../rollup/rollups.ts";
import type { QueryContext } from "./query-context.ts";
import type { CoveredRange, TextRange } from "./trace-filter.ts";
import { timeRangeFrom } from "./trace-filter.ts";

/** The longest that statistics are held. */
const HELD_SECONDS = Math.max(...RESOLUTIONS.map(({ keepSeconds }) => keepSeconds));

/** @throws TracAggError `unimplemented` when the process keeps no statistics. */
export function liveStatisticsOf({ live }: QueryContext): LiveStatistics {
  if (live !== undefined) return live();
  throw new TracAggError("unimplemented", "this server keeps no live statistics");
}

/**
 * Reads a range in seconds; an open one begins with the earliest window and ends with the latest that may be.
 *
 * @throws TracAggError `invalid_argument` when the range cannot be read.
 */
export function secondsRangeFrom(
  range: TextRange,
  nowUnixMillis: number,
  { rollups }: Pick<LiveStatistics, "rollups">,
): SecondsRange {
  const { startTimeUnixNano, endTimeUnixNano } = timeRangeFrom(range, nowUnixMillis);
  const now = nowUnixMillis / 1_000;
  const oldest = now - HELD_SECONDS;
  const latest = now + MAX_AHEAD_SECONDS;
  const start = startTimeUnixNano === undefined ? rollups.earliestStart() : Number(startTimeUnixNano) / 1e9;
  const end = endTimeUnixNano === undefined ? latest : Number(endTimeUnixNano) / 1e9;
  return { start: Math.max(start, oldest), end: Math.max(Math.min(end, latest), Math.max(start, oldest)) };
}

/** The range that was covered, as answers say it: nothing after now was. */
export function coveredOf({ start, end }: SecondsRange, nowUnixMillis: number): CoveredRange {
  const nowSeconds = Math.ceil(nowUnixMillis / 1_000);
  const covered = Math.max(Math.floor(start), Math.min(Math.ceil(end), nowSeconds));
  return {
    startTimeUnixNano: BigInt(Math.floor(start)) * 1_000_000_000n,
    endTimeUnixNano: BigInt(covered) * 1_000_000_000n,
  };
}
