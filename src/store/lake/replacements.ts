/** Which of the segments found at a start are not needed any more, since another one holds their spans too. */

import type { SegmentMeta } from "./segment-meta.ts";

/** A segment and those that it makes superfluous. */
export interface Replacement {
  readonly name: string;
  readonly meta: SegmentMeta;
  readonly replaced: readonly string[];
}

/** The segment that replaces most of those that are there; undefined when none replaces any. */
export function nextReplacement(metas: ReadonlyMap<string, SegmentMeta>): Replacement | undefined {
  let largest: Replacement | undefined;
  for (const [name, meta] of metas) {
    const replaced = [...metas.keys()].filter(
      (other) => other !== name && replaces(meta, other, metas.get(other)!),
    );
    if (replaced.length > (largest?.replaced.length ?? 0)) largest = { name, meta, replaced };
  }
  return largest;
}

/**
 * A merged segment replaces those it names and no others: one that was set aside within its positions may have been
 * brought back by hand. A sealed one names none, but replaces what an earlier seal of some of its spans left that was
 * put in place and never heard of.
 */
function replaces(meta: SegmentMeta, otherName: string, other: SegmentMeta): boolean {
  return meta.replaces.length > 0 ? meta.replaces.includes(otherName) : isWithin(other, meta);
}

/** True when the positions of a segment are part of those of a larger one. */
function isWithin(inner: SegmentMeta, outer: SegmentMeta): boolean {
  const { firstPosition, lastPosition } = outer;
  return (
    inner.firstPosition >= firstPosition &&
    inner.lastPosition <= lastPosition &&
    inner.lastPosition - inner.firstPosition < lastPosition - firstPosition
  );
}
