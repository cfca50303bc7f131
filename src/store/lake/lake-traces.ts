/** Traces by their ids, wherever they lie: many are read in one go, since each reading goes through whole columns. */

import { bytesFromHex } from "../../base/bytes.ts";
import type { HeldBytes } from "../../base/held-bytes.ts";
import { HeldPart } from "../../base/held-bytes.ts";
import { inSlices, TimeSlice } from "../../base/time-slice.ts";
import { distinctRowsInSteps } from "../../batch/distinct-rows.ts";
import type { SpanRow } from "../../batch/span-batch.ts";
import type { HotSet } from "../../hot/hot-set.ts";
import type { SegmentReader } from "./lake-snapshot.ts";
import { ROW_FILES } from "./lake-snapshot.ts";
import type { Segment } from "./segment.ts";
import type { RowReading } from "./segment-queries.ts";
import { rowsByTrace } from "./segment-queries.ts";

/** Ids in one question to a segment: more make the question long and its answer no faster. */
const MAX_IDS_AT_ONCE = 128;

/** Where traces may lie. */
export interface LakePlaces {
  readonly hot: HotSet;
  readonly segments: readonly Segment[];
  readonly reader: SegmentReader;
  readonly reading: RowReading;
}

interface FoundRows {
  readonly rows: SpanRow[];
  readonly isHot: boolean;
  /** Segments that the trace lies in. */
  segmentCount: number;
}

/** Distinct rows by trace id, as `TraceReader.traces` says. */
export async function lakeTraces(
  { hot, segments: all, reader, reading }: LakePlaces,
  traceIds: readonly string[],
  {
    signal,
    held: whole,
  }: { readonly signal?: AbortSignal | undefined; readonly held?: HeldBytes | undefined },
): Promise<ReadonlyMap<string, readonly SpanRow[]>> {
  const slice = new TimeSlice(signal);
  const held = new HeldPart(whole);
  const known = [...new Set(traceIds)].flatMap((traceId) => {
    const id = bytesFromHex(traceId);
    // Asked before the first wait: a seal that ends meanwhile takes the spans out of memory.
    return id?.length === 16 ? [{ traceId, id, steps: hot.rowsOf(id, held) }] : [];
  });
  const asked = all.flatMap((segment) => {
    const ids = known.filter(({ id }) => segment.filter.mayHave(id, 0)).map(({ traceId }) => traceId);
    return ids.length === 0 ? [] : [{ segment, ids }];
  });
  for (const { segment } of asked) segment.hold();
  try {
    const found = new Map<string, FoundRows>();
    for (const { traceId, steps } of known) {
      const rows = await inSlices(steps, slice);
      found.set(traceId, { rows, isHot: rows.length > 0, segmentCount: 0 });
    }
    for (const { segment, ids } of asked) {
      for (const some of inGroups(ids)) {
        const stored = await reader.read(segment, ROW_FILES, signal, (connection) =>
          rowsByTrace(connection, segment, some, reading, { held }),
        );
        for (const [traceId, rows] of stored ?? []) addRows(found, traceId, rows);
      }
    }
    return await distinctIn(found, slice);
  } finally {
    for (const { segment } of asked) segment.release();
  }
}

function* inGroups(ids: readonly string[]): Generator<readonly string[]> {
  for (let start = 0; start < ids.length; start += MAX_IDS_AT_ONCE) {
    yield ids.slice(start, start + MAX_IDS_AT_ONCE);
  }
}

function addRows(found: ReadonlyMap<string, FoundRows>, traceId: string, rows: readonly SpanRow[]): void {
  const trace = found.get(traceId);
  if (trace === undefined) return;
  trace.segmentCount++;
  for (const row of rows) trace.rows.push(row);
}

/** A segment holds each distinct span of a trace once, in order. */
async function distinctIn(
  found: ReadonlyMap<string, FoundRows>,
  slice: TimeSlice,
): Promise<ReadonlyMap<string, readonly SpanRow[]>> {
  const distinct = new Map<string, readonly SpanRow[]>();
  for (const [traceId, { rows, isHot, segmentCount }] of found) {
    if (rows.length === 0) continue;
    const isOfOneSegment = segmentCount === 1 && !isHot;
    distinct.set(traceId, isOfOneSegment ? rows : await inSlices(distinctRowsInSteps(rows), slice));
  }
  return distinct;
}
