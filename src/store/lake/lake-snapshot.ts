/** What one query sees: the hot set and the segments of one moment, and where traces lie in several of them. */

import type { HeldBytes } from "../../base/held-bytes.ts";
import { inSlices, TimeSlice } from "../../base/time-slice.ts";
import { distinctRowsInSteps } from "../../batch/distinct-rows.ts";
import type { SpanRow } from "../../batch/span-batch.ts";
import type { HotView } from "../../hot/hot-view.ts";
import type { ReadConnection, ReaderPool } from "./reader-pool.ts";
import type { Segment } from "./segment.ts";
import { SegmentFile } from "./segment-format.ts";
import type { RowReading } from "./segment-queries.ts";
import { rowsByTrace, tracePlaces } from "./segment-queries.ts";
import type { SegmentSet } from "./segment-set.ts";
import type { TracePlace } from "./split-file.ts";

/** Runs queries on single segments; a segment that turns out damaged is left out of the answer. */
export class SegmentReader {
  readonly #pool: ReaderPool;
  readonly #set: SegmentSet;

  constructor(pool: ReaderPool, set: SegmentSet) {
    this.#pool = pool;
    this.#set = set;
  }

  /**
   * Lends a connection for a query on `files` of a segment.
   *
   * @returns undefined when the segment is damaged and was set aside
   */
  async read<T>(
    segment: Segment,
    files: readonly string[],
    signal: AbortSignal | undefined,
    work: (connection: ReadConnection) => Promise<T>,
  ): Promise<T | undefined> {
    if (segment.isSetAside || !(await this.#set.verify(segment, files))) return undefined;
    try {
      return await this.#pool.use(signal, work);
    } catch (thrown) {
      if (signal?.aborted || !(await this.#set.isDamaged(segment))) throw thrown;
      return undefined;
    }
  }
}

/** Files that reading whole spans needs. */
export const ROW_FILES: readonly string[] = Object.freeze([
  SegmentFile.SPANS,
  SegmentFile.RESOURCES,
  SegmentFile.SCOPES,
]);

/** One query's view of the store. Made by the store, which holds the segments until {@link LakeSnapshot.release}. */
export class LakeSnapshot {
  readonly view: HotView;
  /** By first position. */
  readonly segments: readonly Segment[];
  /** Traces with spans in more than one segment, or in a segment and the hot set: the segments they lie in. */
  readonly shared: ReadonlyMap<string, readonly TracePlace[]>;
  readonly reader: SegmentReader;
  readonly reading: RowReading;
  readonly #byName: ReadonlyMap<string, Segment>;

  constructor(
    view: HotView,
    segments: readonly Segment[],
    shared: ReadonlyMap<string, readonly TracePlace[]>,
    reader: SegmentReader,
    reading: RowReading,
  ) {
    this.view = view;
    this.segments = segments;
    this.shared = shared;
    this.reader = reader;
    this.reading = reading;
    this.#byName = new Map(segments.map((segment) => [segment.name, segment]));
  }

  /** Lets go of the segments. */
  release(): void {
    for (const segment of this.segments) segment.release();
  }

  /** Start of a shared trace over all its places. */
  startOf(traceId: string, places: readonly TracePlace[]): bigint | undefined {
    let earliest: bigint | undefined;
    const note = (start: bigint): void => {
      if (earliest === undefined || start < earliest) earliest = start;
    };
    for (const { segment, startTimeUnixNano } of places) {
      if (this.#byName.get(segment)?.isSetAside === false) note(startTimeUnixNano);
    }
    const hot = this.view.startOf(traceId);
    if (hot !== undefined) note(hot);
    return earliest;
  }

  /** Traces of a segment that are answered as a whole, not by the segment alone. */
  sharedIn(segment: Segment): Set<string> {
    const ids = new Set<string>();
    for (const [traceId, places] of this.shared) {
      if (places.some((place) => place.segment === segment.name)) ids.add(traceId);
    }
    return ids;
  }

  /**
   * Distinct rows of shared traces, from wherever they lie; by trace id, empty ones left out. `held` is told of them,
   * and they stay counted.
   */
  async gather(
    traceIds: readonly string[],
    signal: AbortSignal | undefined,
    held: HeldBytes,
  ): Promise<Map<string, readonly SpanRow[]>> {
    const stored = await this.#storedRows(traceIds, signal, held);
    const distinct = new Map<string, readonly SpanRow[]>();
    const slice = new TimeSlice(signal);
    for (const traceId of traceIds) {
      const all = await inSlices(this.view.rowsOf(traceId, held), slice);
      for (const row of stored.get(traceId) ?? []) all.push(row);
      if (all.length > 0) distinct.set(traceId, await inSlices(distinctRowsInSteps(all), slice));
    }
    return distinct;
  }

  async #storedRows(
    traceIds: readonly string[],
    signal: AbortSignal | undefined,
    held: HeldBytes,
  ): Promise<Map<string, readonly SpanRow[]>> {
    const { cache } = this.reading;
    const rows = new Map<string, readonly SpanRow[]>();
    for (const traceId of traceIds) {
      const known = cache.get(traceId, this.#placesOf(traceId));
      if (known !== undefined) rows.set(traceId, known);
    }
    const unknown = traceIds.filter((traceId) => !rows.has(traceId));
    const read = await this.#readRows(unknown, signal, held);
    for (const traceId of unknown) {
      const stored = read.rows.get(traceId) ?? [];
      rows.set(traceId, stored);
      if (read.isWhole) cache.set(traceId, this.#placesOf(traceId), stored);
    }
    return rows;
  }

  /** Rows from the segments; not whole when one of them turned out damaged. */
  async #readRows(
    traceIds: readonly string[],
    signal: AbortSignal | undefined,
    held: HeldBytes,
  ): Promise<{ rows: Map<string, SpanRow[]>; isWhole: boolean }> {
    const rows = new Map<string, SpanRow[]>();
    let isWhole = true;
    for (const [segment, ids] of this.#bySegment(traceIds)) {
      const found = await this.reader.read(segment, ROW_FILES, signal, (connection) =>
        rowsByTrace(connection, segment, ids, this.reading, { held }),
      );
      isWhole &&= found !== undefined;
      for (const [traceId, some] of found ?? []) {
        const all = rows.get(traceId) ?? [];
        for (const row of some) all.push(row);
        rows.set(traceId, all);
      }
    }
    return { rows, isWhole };
  }

  #placesOf(traceId: string): readonly TracePlace[] {
    return this.shared.get(traceId) ?? [];
  }

  /** The segments in which shared traces lie, each with the ids to ask it for. */
  #bySegment(traceIds: readonly string[]): Map<Segment, string[]> {
    const bySegment = new Map<Segment, string[]>();
    for (const traceId of traceIds) {
      for (const place of this.#placesOf(traceId)) {
        const segment = this.#byName.get(place.segment);
        if (segment === undefined) continue;
        const ids = bySegment.get(segment);
        if (ids === undefined) bySegment.set(segment, [traceId]);
        else ids.push(traceId);
      }
    }
    return bySegment;
  }
}

/** One map of places out of those of split traces and those of hot traces. */
export function sharedPlaces(
  splits: ReadonlyMap<string, readonly TracePlace[]>,
  overlap: ReadonlyMap<string, readonly TracePlace[]>,
): ReadonlyMap<string, readonly TracePlace[]> {
  if (overlap.size === 0) return splits;
  const shared = new Map(splits);
  for (const [traceId, places] of overlap) {
    const known = shared.get(traceId) ?? [];
    const fresh = places.filter(({ segment }) => !known.some((place) => place.segment === segment));
    shared.set(traceId, [...known, ...fresh]);
  }
  return shared;
}

/** Of some trace ids those that a segment really holds, with their start there; a damaged one holds nothing. */
export async function confirmPlaces(
  reader: SegmentReader,
  segment: Segment,
  ids: ReadonlySet<string>,
): Promise<ReadonlyMap<string, bigint>> {
  const found = await reader.read(segment, [SegmentFile.TRACES], undefined, (connection) =>
    tracePlaces(connection, segment, ids),
  );
  return found ?? new Map<string, bigint>();
}
