/** Durations of matching traces over the whole lake: summaries as a search finds them, then their spans' durations. */

import { HeldPart } from "../../base/held-bytes.ts";
import { inSlices, TimeSlice } from "../../base/time-slice.ts";
import { rowDurations } from "../../batch/row-durations.ts";
import type { TraceQuery } from "../../filter/trace-query.ts";
import type { DurationColumns, OperationNumbers, TraceDurations } from "../../model/trace-durations.ts";
import type { TraceSummary } from "../../model/trace-summary.ts";
import type { DurationScan } from "../trace-reader.ts";
import type { FoundTrace } from "./lake-search.ts";
import { searchLake } from "./lake-search.ts";
import type { LakeSnapshot } from "./lake-snapshot.ts";
import type { Segment } from "./segment.ts";
import { segmentDurations } from "./segment-durations.ts";
import { SegmentFile } from "./segment-format.ts";

/**
 * Traces and spans read with one statement for each segment: every statement reads two columns of the whole segment, so
 * fewer are better, and what one reads is held at once.
 */
const MAX_TRACES = 4_096;
const MAX_SPANS = 262_144;
/** Columns of a span while they are put in order, and a pair in the database's list. */
const SPAN_BYTES = 48;
const FILES: readonly string[] = [SegmentFile.SPANS];

/** Durations of matching traces of a snapshot, newest first, at most `limit`. */
export async function* lakeDurations(
  snapshot: LakeSnapshot,
  query: TraceQuery,
  { limit, signal, held, numbers }: DurationScan,
): AsyncGenerator<TraceDurations, void> {
  const options = { signal, held, expected: limit, withRows: false };
  let left = limit;
  let batch = new DurationBatch(snapshot, { signal, numbers });
  const part = new HeldPart(held);
  for await (const found of searchLake(snapshot, query, options)) {
    part.add(found.summary.spanCount * SPAN_BYTES);
    await batch.add(found);
    const isLast = --left <= 0;
    if (batch.isFull || isLast) {
      yield* await batch.read();
      part.release();
      batch = new DurationBatch(snapshot, { signal, numbers });
    }
    if (isLast) return;
  }
  yield* await batch.read();
  part.release();
}

/** Traces in their order, until their durations are read together. */
class DurationBatch {
  readonly #snapshot: LakeSnapshot;
  readonly #signal: AbortSignal | undefined;
  readonly #numbers: OperationNumbers;
  readonly #slice: TimeSlice;
  readonly #summaries: TraceSummary[] = [];
  readonly #durations: (DurationColumns | undefined)[] = [];
  /** Places in the batch of the traces of each segment. */
  readonly #bySegment = new Map<Segment, number[]>();
  #spanCount = 0;

  constructor(
    snapshot: LakeSnapshot,
    { signal, numbers }: { readonly signal: AbortSignal | undefined; readonly numbers: OperationNumbers },
  ) {
    this.#snapshot = snapshot;
    this.#signal = signal;
    this.#numbers = numbers;
    this.#slice = new TimeSlice(signal);
  }

  get isFull(): boolean {
    return this.#summaries.length >= MAX_TRACES || this.#spanCount >= MAX_SPANS;
  }

  /** Adds a trace; rows that are there already are read at once, since they are not held for longer. */
  async add({ summary, rows, segment }: FoundTrace): Promise<void> {
    const place = this.#summaries.length;
    this.#summaries.push(summary);
    this.#spanCount += summary.spanCount;
    if (rows !== undefined) {
      this.#durations[place] = await inSlices(rowDurations(rows, this.#numbers), this.#slice);
    } else if (segment !== undefined) {
      const places = this.#bySegment.get(segment);
      if (places === undefined) this.#bySegment.set(segment, [place]);
      else places.push(place);
    }
  }

  /** All traces of the batch; those of a segment that turns out damaged are left out. */
  async read(): Promise<TraceDurations[]> {
    for (const [segment, places] of this.#bySegment) {
      const ids = places.map((place) => (this.#summaries[place] as TraceSummary).traceId);
      const reading = { numbers: this.#numbers, signal: this.#signal };
      const read = await this.#snapshot.reader.read(segment, FILES, this.#signal, (connection) =>
        segmentDurations(connection, segment, ids, reading),
      );
      for (const [at, durations] of (read ?? []).entries()) {
        if (durations.operations.length > 0) this.#durations[places[at] as number] = durations;
      }
    }
    return this.#summaries.flatMap((summary, place) => {
      const durations = this.#durations[place];
      return durations === undefined ? [] : [{ summary, durations }];
    });
  }
}
