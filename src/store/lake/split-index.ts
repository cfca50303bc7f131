/** Which traces lie in more than one place, over all segments in use. */

import type { Segment } from "./segment.ts";
import type { SplitTrace, TracePlace } from "./split-file.ts";

/** A copy of the index that later changes do not touch. */
export type SplitPlaces = ReadonlyMap<string, readonly TracePlace[]>;

/**
 * Traces with spans in more than one segment and the segments they lie in. Memory is some 300 bytes a trace; only
 * traces that were running while a seal began are in it.
 */
export class SplitIndex {
  #places = new Map<string, readonly TracePlace[]>();

  /** How many traces lie in several segments. */
  get size(): number {
    return this.#places.size;
  }

  /** The index as it is now. */
  snapshot(): SplitPlaces {
    return this.#places;
  }

  /** Takes the list of a new segment in; places in segments that are not `live` are left out. */
  add(splits: readonly SplitTrace[], live: ReadonlySet<string>): void {
    if (splits.length === 0) return;
    const places = new Map(this.#places);
    for (const { traceId, places: added } of splits) addPlaces(places, traceId, added, live);
    this.#places = places;
  }

  /** Makes the index anew from the segments that are left. */
  rebuild(segments: readonly Segment[]): void {
    const live = new Set(segments.map(({ name }) => name));
    const places = new Map<string, readonly TracePlace[]>();
    for (const { splits } of segments) {
      for (const { traceId, places: added } of splits) addPlaces(places, traceId, added, live);
    }
    this.#places = places;
  }
}

function addPlaces(
  target: Map<string, readonly TracePlace[]>,
  traceId: string,
  added: readonly TracePlace[],
  live: ReadonlySet<string>,
): void {
  const known = target.get(traceId) ?? [];
  const fresh = added.filter(
    ({ segment }) => live.has(segment) && !known.some((place) => place.segment === segment),
  );
  const all = [...known, ...fresh];
  if (all.length > 1) target.set(traceId, all);
}
