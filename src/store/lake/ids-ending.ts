/** Traces by the end of their ids: what 64-bit tracers, and those who read them, know of a trace. */

import { hexFromBytes } from "../../base/bytes.ts";
import { TimeSlice } from "../../base/time-slice.ts";
import { idsOfViewEndingIn } from "../ids-of-view.ts";
import type { LakeSnapshot } from "./lake-snapshot.ts";
import { SegmentFile } from "./segment-format.ts";
import { blobs } from "./stored-rows.ts";

/**
 * Ids of a snapshot, as `TraceReader.traceIdsEndingIn` says. No filter knows of halves of ids, so the ids of every
 * segment are looked through: a few milliseconds for 100,000.
 */
export async function lakeIdsEndingIn(
  { view, segments, reader }: LakeSnapshot,
  end: string,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const ids = new Set(await idsOfViewEndingIn(view, end, new TimeSlice(signal)));
  const text = "SELECT trace_id FROM read_parquet($1) WHERE right(hex(trace_id), 16) = $2";
  for (const segment of segments) {
    await reader.read(segment, [SegmentFile.TRACES], signal, async (connection) => {
      const values = [segment.path(SegmentFile.TRACES), end.toUpperCase()];
      for await (const chunk of connection.chunks(text, values)) {
        const bytes = blobs(chunk, 0);
        for (let row = 0; row < chunk.rowCount; row++) {
          const id = bytes.getItemBytes(row);
          if (id != null) ids.add(hexFromBytes(id));
        }
      }
    });
  }
  return [...ids].sort();
}
