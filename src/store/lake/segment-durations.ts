/** Durations of many traces of one segment, read from two narrow columns with one statement. */

import type { DuckDBDataChunk, DuckDBVector } from "@duckdb/node-api";
import { DuckDBListVector, DuckDBStructVector } from "@duckdb/node-api";
import { bytesFromHex } from "../../base/bytes.ts";
import { TracAggError } from "../../base/errors.ts";
import type { Steps } from "../../base/time-slice.ts";
import { inSlices, TimeSlice } from "../../base/time-slice.ts";
import type { DurationColumns, OperationNumbers } from "../../model/trace-durations.ts";
import { ColumnAppender } from "./column-appender.ts";
import { encodedText } from "./encoded-text.ts";
import type { ReadConnection } from "./reader-pool.ts";
import type { Segment } from "./segment.ts";
import { SegmentFile } from "./segment-format.ts";

/** Durations taken over between two chances for others to run. */
const DURATIONS_PER_STEP = 8_192;

/**
 * A row an operation rather than a row a span: names come over once, and numbers in long lists. Both columns of a list
 * are one list of pairs, since nothing says that two lists have one order.
 */
const DURATIONS_BY_OPERATION = `
  SELECT encode(service_name), encode(name),
    list(struct_pack(place := chosen.place, nanos := CAST(duration_nanos AS DOUBLE)))
  FROM read_parquet($1) AS stored JOIN chosen ON stored.trace_id = chosen.trace_id
  GROUP BY service_name, name`;

/** Durations in the order they were read: by operation. */
interface ReadDurations {
  /** Index of the trace. */
  readonly places: Uint32Array;
  readonly operations: Int32Array;
  readonly durationsMs: Float64Array;
}

/** The durations of the traces with these ids in a segment, in the order of the ids; empty where it holds none. */
export async function segmentDurations(
  connection: ReadConnection,
  segment: Segment,
  traceIds: readonly string[],
  { numbers, signal }: { readonly numbers: OperationNumbers; readonly signal?: AbortSignal | undefined },
): Promise<DurationColumns[]> {
  await fillChosen(connection, traceIds);
  const slice = new TimeSlice(signal);
  const parts: ReadDurations[] = [];
  for await (const chunk of connection.chunks(DURATIONS_BY_OPERATION, [segment.path(SegmentFile.SPANS)])) {
    parts.push(await inSlices(durationsOfChunk(chunk, numbers), slice));
  }
  return await inSlices(byTrace(parts, traceIds.length), slice);
}

/** Fills the connection's own table `chosen`. */
async function fillChosen(connection: ReadConnection, traceIds: readonly string[]): Promise<void> {
  const columns = [
    { name: "trace_id", type: "bytes" },
    { name: "place", type: "u32" },
  ] as const;
  const chosen = await ColumnAppender.create(connection.raw, { table: "chosen", columns }, true);
  for (const [place, traceId] of traceIds.entries()) {
    chosen.setBytes(0, bytesFromHex(traceId)!);
    chosen.setNumber(1, place);
    chosen.endRow();
  }
  chosen.close();
}

function* durationsOfChunk(chunk: DuckDBDataChunk, numbers: OperationNumbers): Steps<ReadDurations> {
  const services = chunk.getColumnVector(0);
  const names = chunk.getColumnVector(1);
  const lists = listsOf(chunk.getColumnVector(2));
  const { childVector: pairs } = lists;
  const placeCells = pairs.entryVectorAt(0);
  const nanoCells = pairs.entryVectorAt(1);
  const count = pairs.itemCount;
  const read = {
    places: new Uint32Array(count),
    operations: new Int32Array(count),
    durationsMs: new Float64Array(count),
  };
  for (let row = 0; row < chunk.rowCount; row++) {
    const number = numbers.numberOf(encodedText(services.getItem(row)), encodedText(names.getItem(row)));
    const start = lists.getEntryOffset(row);
    const end = start + lists.getEntryLength(row);
    read.operations.fill(number, start, end);
    for (let at = start; at < end; at++) {
      read.places[at] = placeCells.getItem(at) as number;
      read.durationsMs[at] = (nanoCells.getItem(at) as number) / 1e6;
      if (at % DURATIONS_PER_STEP === DURATIONS_PER_STEP - 1) yield DURATIONS_PER_STEP;
    }
  }
  return read;
}

interface PairLists extends Pick<DuckDBListVector, "getEntryOffset" | "getEntryLength"> {
  readonly childVector: DuckDBStructVector;
}

function listsOf(vector: DuckDBVector): PairLists {
  if (vector instanceof DuckDBListVector && vector.childVector instanceof DuckDBStructVector) {
    return vector as DuckDBListVector & { readonly childVector: DuckDBStructVector };
  }
  throw new TracAggError("internal", "stored durations: expected lists of pairs from the database");
}

/** The durations of each trace, as pieces of one array. */
function* byTrace(parts: readonly ReadDurations[], traceCount: number): Steps<DurationColumns[]> {
  const starts = new Uint32Array(traceCount + 1);
  for (const { places } of parts) {
    for (let at = 0; at < places.length; at++) {
      const next = (places[at] as number) + 1;
      starts[next] = (starts[next] as number) + 1;
    }
    yield places.length;
  }
  for (let place = 0; place < traceCount; place++) {
    starts[place + 1] = (starts[place + 1] as number) + (starts[place] as number);
  }
  const operations = new Int32Array(starts[traceCount] as number);
  const durationsMs = new Float64Array(operations.length);
  const ends = starts.slice(0, traceCount);
  for (const part of parts) {
    for (let at = 0; at < part.places.length; at++) {
      const place = part.places[at] as number;
      const to = ends[place] as number;
      ends[place] = to + 1;
      operations[to] = part.operations[at] as number;
      durationsMs[to] = part.durationsMs[at] as number;
    }
    yield part.places.length;
  }
  return Array.from(ends, (end, place) => ({
    operations: operations.subarray(starts[place], end),
    durationsMs: durationsMs.subarray(starts[place], end),
  }));
}
