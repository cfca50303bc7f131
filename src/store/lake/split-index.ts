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

  /** Takes the list of a new segment in; `segments` are all that are in use then. */
  add(splits: readonly SplitTrace[], segments: readonly Segment[]): void {
    if (splits.length === 0) return;
    const names = currentNames(segments);
    const places = new Map(this.#places);
    for (const { traceId, places: added } of splits) addPlaces(places, traceId, added, names);
    this.#places = places;
  }

  /** Makes the index anew from the segments that are left. */
  rebuild(segments: readonly Segment[]): void {
    const names = currentNames(segments);
    const places = new Map<string, readonly TracePlace[]>();
    for (const { splits } of segments) {
      for (const { traceId, places: added } of splits) addPlaces(places, traceId, added, names);
    }
    this.#places = places;
  }
}

/** The name of each segment in use, also by the names of those it was merged from. */
function currentNames(segments: readonly Segment[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const { name, meta } of segments) for (const replaced of meta.replaces) names.set(replaced, name);
  for (const { name } of segments) names.set(name, name);
  return names;
}

/** Places in segments that are not in use are left out; several places in what is now one segment are one. */
function addPlaces(
  target: Map<string, readonly TracePlace[]>,
  traceId: string,
  added: readonly TracePlace[],
  names: ReadonlyMap<string, string>,
): void {
  const all = [...(target.get(traceId) ?? [])];
  for (const { segment, startTimeUnixNano } of added) {
    const name = names.get(segment);
    if (name === undefined) continue;
    const at = all.findIndex((place) => place.segment === name);
    if (at === -1) all.push({ segment: name, startTimeUnixNano });
    else if (startTimeUnixNano < all[at]!.startTimeUnixNano) all[at] = { segment: name, startTimeUnixNano };
  }
  if (all.length > 1) target.set(traceId, all);
}
