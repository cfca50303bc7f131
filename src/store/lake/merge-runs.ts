/** Which segments are merged next. */

import type { Segment } from "./segment.ts";
import { SEGMENT_FORMAT_VERSION } from "./segment-format.ts";

const MEBIBYTE = 1024 * 1024;
const DAY_MILLIS = 24 * 3_600_000;

/** Segments below this size are alike: what rewriting them costs is next to nothing. */
const SMALL_BYTES = MEBIBYTE;
/** From one size class to the next: about as many merges a span goes through as there are classes. */
const CLASS_FACTOR = 8;
/** Largest result: some two to three million usual spans. Merging needs several times that on disk, to sort. */
const MAX_RESULT_BYTES = 128 * MEBIBYTE;
/** Traces of one result: their numbers and ids lie in memory while it is made. */
const MAX_RESULT_TRACES = 1_000_000;
/** Segments merged at once: each is a part of every statement. */
const MAX_INPUTS = 32;
/** So many times the segments of a merge that wait for one are a reason not to wait for quiet any longer. */
const PRESSING_FACTOR = 3;
/** Names in `replaces`, some 36 bytes each in memory and in `meta.json`. */
const MAX_REPLACED = 4_096;
/** Share of what retention keeps that one segment may make up, since it removes whole segments. */
const RETENTION_SHARE = 8;

/** What a run of segments has to keep to. */
export interface RunLimits {
  /** Segments that are merged at least; below 2 none ever are. */
  readonly minSegments: number;
  readonly maxBytes: number;
  /** Between the first and the last arrival of a span. */
  readonly maxWindowMillis: number;
}

/** The limits that go with a retention; 0 means none. */
export function runLimits(options: {
  readonly mergeSegments: number;
  readonly retentionAgeMillis: number;
  readonly retentionBytes: number;
}): RunLimits {
  const shareOf = (kept: number): number => (kept > 0 ? kept / RETENTION_SHARE : Number.POSITIVE_INFINITY);
  return {
    minSegments: options.mergeSegments,
    maxBytes: Math.min(MAX_RESULT_BYTES, shareOf(options.retentionBytes)),
    maxWindowMillis: Math.min(DAY_MILLIS, shareOf(options.retentionAgeMillis)),
  };
}

/** What choosing looks at. */
export type RunSegment = Pick<Segment, "name" | "byteSize" | "meta">;

/**
 * Neighbours of about one size to be merged, the smallest and of those the oldest first; undefined when there are none.
 *
 * @param segments all segments in use, by position
 * @param apart names of segments that are not to be merged
 */
export function nextRun<T extends RunSegment>(
  segments: readonly T[],
  limits: RunLimits,
  apart: ReadonlySet<string>,
): readonly T[] | undefined {
  if (limits.minSegments < 2) return undefined;
  for (let below = SMALL_BYTES; below / CLASS_FACTOR < limits.maxBytes; below *= CLASS_FACTOR) {
    const run = runBelow(segments, below, limits, apart);
    if (run !== undefined) return run;
  }
  return undefined;
}

/**
 * True when waiting brings a run nothing: it has grown to several times what a merge takes, or cannot grow any more, as it
 * does not reach to the newest segment.
 */
export function isPressing<T extends RunSegment>(
  run: readonly T[],
  segments: readonly T[],
  { minSegments }: RunLimits,
): boolean {
  return run.length >= minSegments * PRESSING_FACTOR || run.at(-1) !== segments.at(-1);
}

function runBelow<T extends RunSegment>(
  segments: readonly T[],
  belowBytes: number,
  limits: RunLimits,
  apart: ReadonlySet<string>,
): readonly T[] | undefined {
  let run: T[] = [];
  for (const segment of segments) {
    const { name, byteSize, meta } = segment;
    const isFit = meta.formatVersion === SEGMENT_FORMAT_VERSION && byteSize < belowBytes && !apart.has(name);
    while (run.length > 0 && !(isFit && isWithin([...run, segment], limits))) {
      if (isWorthwhile(run, belowBytes, limits)) return run;
      run = isFit ? run.slice(1) : [];
    }
    if (isFit) run.push(segment);
  }
  return isWorthwhile(run, belowBytes, limits) ? run : undefined;
}

function isWithin(run: readonly RunSegment[], limits: RunLimits): boolean {
  const metas = run.map(({ meta }) => meta);
  const window =
    Math.max(...metas.map((meta) => meta.lastArrivalUnixMillis)) -
    Math.min(...metas.map((meta) => meta.firstArrivalUnixMillis));
  return (
    run.length <= MAX_INPUTS &&
    sumOf(run, ({ byteSize }) => byteSize) <= limits.maxBytes &&
    window <= limits.maxWindowMillis &&
    sumOf(metas, ({ traceCount }) => traceCount) <= MAX_RESULT_TRACES &&
    sumOf(metas, ({ replaces }) => replaces.length + 1) <= MAX_REPLACED
  );
}

/** A large segment is not written again for the sake of a few small ones: each merge at least doubles what it takes. */
function isWorthwhile(run: readonly RunSegment[], belowBytes: number, { minSegments }: RunLimits): boolean {
  if (run.length < minSegments) return false;
  const largest = Math.max(...run.map(({ byteSize }) => byteSize));
  return belowBytes <= SMALL_BYTES || sumOf(run, ({ byteSize }) => byteSize) >= 2 * largest;
}

function sumOf<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((sum, item) => sum + value(item), 0);
}
