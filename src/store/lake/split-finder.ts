/** Which traces of a new segment already have spans in older ones. */

import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { hexFromBytes } from "../../base/bytes.ts";
import { ColumnAppender } from "./column-appender.ts";
import type { OlderSegment, SealRequest } from "./seal-request.ts";
import { SegmentFile } from "./segment-format.ts";
import type { SegmentTraces } from "./segment-tables.ts";
import type { SplitTrace, TracePlace } from "./split-file.ts";
import { TraceFilter } from "./trace-filter.ts";

/** Asks the filter of every older segment for every trace, and the segment itself where the filter says maybe. */
export async function findSplits(
  connection: DuckDBConnection,
  request: Pick<SealRequest, "name" | "olderSegments">,
  content: SegmentTraces,
): Promise<SplitTrace[]> {
  const places = new Map<number, TracePlace[]>();
  for (const older of request.olderSegments) {
    const maybe = maybeIn(TraceFilter.fromShared(older.filter), content);
    if (maybe.length === 0) continue;
    for (const [trace, startTimeUnixNano] of await confirm(connection, older, content.traceIds, maybe)) {
      const found = places.get(trace) ?? [];
      found.push({ segment: older.name, startTimeUnixNano });
      places.set(trace, found);
    }
  }
  return [...places].map(([trace, found]) => ({
    traceId: hexFromBytes(content.traceIds, trace * 16, trace * 16 + 16),
    places: [{ segment: request.name, startTimeUnixNano: content.traceStarts[trace]! }, ...found],
  }));
}

function maybeIn(filter: TraceFilter, content: SegmentTraces): number[] {
  const maybe: number[] = [];
  for (let trace = 0; trace < content.traceCount; trace++) {
    if (filter.mayHave(content.traceIds, trace * 16)) maybe.push(trace);
  }
  return maybe;
}

/** The candidates that really are in a segment, with their start there. */
async function confirm(
  connection: DuckDBConnection,
  older: OlderSegment,
  traceIds: Uint8Array,
  candidates: readonly number[],
): Promise<[number, bigint][]> {
  const columns = [
    { name: "trace", type: "u32" },
    { name: "trace_id", type: "bytes" },
  ] as const;
  const table = await ColumnAppender.create(connection, { table: "candidates", columns }, true);
  for (const trace of candidates) {
    table.setNumber(0, trace);
    table.setBytes(1, traceIds, trace * 16, trace * 16 + 16);
    table.endRow();
  }
  table.close();
  const result = await connection.runAndReadAll(
    `SELECT candidates.trace, traces.start_time_unix_nano
     FROM read_parquet($1) AS traces JOIN candidates USING (trace_id)`,
    [join(older.directory, SegmentFile.TRACES)],
  );
  return result.getRows() as [number, bigint][];
}
