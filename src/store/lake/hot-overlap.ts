/** Which hot traces have spans in sealed segments as well. */

import { hexFromBytes } from "../../base/bytes.ts";
import { TimeSlice } from "../../base/time-slice.ts";
import type { HotBlock } from "../../hot/hot-block.ts";
import type { HotView } from "../../hot/hot-view.ts";
import type { Segment } from "./segment.ts";
import type { TracePlace } from "./split-file.ts";

/** The really present ones of some trace ids, with their start in the segment. */
export type ConfirmPlaces = (
  segment: Segment,
  traceIds: ReadonlySet<string>,
) => Promise<ReadonlyMap<string, bigint>>;

/**
 * Keeps, for hot traces, the segments they also lie in. Every batch is asked once of every segment's filter, when the
 * first query after its arrival needs to know; a "maybe" is confirmed once by a lookup.
 */
export class HotOverlap {
  readonly #confirm: ConfirmPlaces;
  /** By segment name: the last log position whose batches were asked of it. */
  readonly #askedThrough = new Map<string, number>();
  #places = new Map<string, readonly TracePlace[]>();
  #confirmedMaybes = 0;
  #falseMaybes = 0;

  constructor(confirm: ConfirmPlaces) {
    this.#confirm = confirm;
  }

  /** How many hot traces lie in segments too. */
  get size(): number {
    return this.#places.size;
  }

  /** How often a filter said maybe, and how often wrongly. */
  get maybes(): { readonly confirmed: number; readonly wrong: number } {
    return { confirmed: this.#confirmedMaybes, wrong: this.#falseMaybes };
  }

  /**
   * Brings the answer up to date with these blocks and segments and returns it. Not to be run twice at once, nor
   * while segments are put in place.
   */
  async update(
    blocks: readonly HotBlock[],
    segments: readonly Segment[],
  ): Promise<ReadonlyMap<string, readonly TracePlace[]>> {
    this.#forgetGone(segments);
    const lastPosition = blocks.at(-1)?.lastPosition ?? -1;
    const slice = new TimeSlice();
    for (const segment of segments) {
      const asked = this.#askedThrough.get(segment.name) ?? segment.meta.lastPosition;
      if (asked >= lastPosition) continue;
      const maybe = new Set<string>();
      for (const block of blocks) {
        if (block.lastPosition <= asked) continue;
        await addMaybes(block, asked, lastPosition, segment, maybe, slice);
      }
      if (maybe.size > 0) await this.#add(segment, maybe);
      this.#askedThrough.set(segment.name, lastPosition);
    }
    return this.#places;
  }

  /** Forgets traces that are not hot any more and segments that are not in use any more. */
  prune(view: HotView, segments: readonly Segment[]): void {
    this.#forgetGone(segments);
    this.#places = new Map([...this.#places].filter(([traceId]) => view.has(traceId)));
  }

  /** A segment may go at any time, removed or set aside: its spans must not be counted any more. */
  #forgetGone(segments: readonly Segment[]): void {
    const live = new Set(segments.map(({ name }) => name));
    const gone = new Set([...this.#askedThrough.keys()].filter((name) => !live.has(name)));
    if (gone.size === 0) return;
    for (const name of gone) this.#askedThrough.delete(name);
    const kept = new Map<string, readonly TracePlace[]>();
    for (const [traceId, places] of this.#places) {
      const left = places.filter(({ segment }) => !gone.has(segment));
      if (left.length > 0) kept.set(traceId, left);
    }
    this.#places = kept;
  }

  async #add(segment: Segment, maybe: ReadonlySet<string>): Promise<void> {
    const found = await this.#confirm(segment, maybe);
    this.#confirmedMaybes += found.size;
    this.#falseMaybes += maybe.size - found.size;
    if (found.size === 0) return;
    const places = new Map(this.#places);
    for (const [traceId, startTimeUnixNano] of found) {
      const known = places.get(traceId) ?? [];
      if (known.some((place) => place.segment === segment.name)) continue;
      places.set(traceId, [...known, { segment: segment.name, startTimeUnixNano }]);
    }
    this.#places = places;
  }
}

/** Asks the filter for every run of equal trace ids in the batches of a block after a position. */
async function addMaybes(
  block: HotBlock,
  afterPosition: number,
  throughPosition: number,
  segment: Segment,
  maybe: Set<string>,
  slice: TimeSlice,
): Promise<void> {
  for (const { batch, position } of block.batches) {
    if (position <= afterPosition || position > throughPosition) continue;
    const { traceIds, rowCount } = batch;
    for (let row = 0; row < rowCount; row++) {
      if (row > 0 && isRepeated(traceIds, row * 16)) continue;
      if (!segment.filter.mayHave(traceIds, row * 16)) continue;
      maybe.add(hexFromBytes(traceIds, row * 16, row * 16 + 16));
    }
    if (slice.isOver(rowCount)) await slice.rest();
  }
}

function isRepeated(traceIds: Uint8Array, at: number): boolean {
  for (let index = at; index < at + 16; index++) if (traceIds[index] !== traceIds[index - 16]) return false;
  return true;
}
