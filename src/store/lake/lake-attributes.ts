/** The catalogue of attributes of a lake store: summaries of segments, and counts over what is not sealed yet. */

import { throwIfAborted } from "../../base/time-slice.ts";
import type { AttributeCounts, KeyCount } from "../../batch/attribute-counts.ts";
import { typeBit } from "../../batch/attribute-counts.ts";
import type { HotAttributes } from "../../hot/hot-attributes.ts";
import type { HotSet } from "../../hot/hot-set.ts";
import type { AttributeType } from "../../model/attribute-facts.ts";
import { hotCounts } from "../attribute-answers.ts";
import type { AttributeRequest } from "../attribute-catalogue.ts";
import type { Segment } from "./segment.ts";
import type { SegmentSet } from "./segment-set.ts";
import type { SegmentSummaries } from "./segment-summaries.ts";

/** What the catalogue counts over. */
export interface LakeAttributes {
  readonly hot: HotSet;
  readonly hotAttributes: HotAttributes;
  readonly set: SegmentSet;
  readonly summaries: SegmentSummaries;
}

/** Counts over everything that may hold a span of the range asked for. */
export async function lakeAttributeCounts(
  { hot, hotAttributes, set, summaries }: LakeAttributes,
  request: AttributeRequest,
): Promise<readonly AttributeCounts[]> {
  throwIfAborted(request.signal);
  // Both taken in one step: a seal moves spans from one to the other.
  const blocks = hot.blocks();
  const segments = set.segments.filter((segment) => overlaps(segment, request));
  summaries.keepOnly(set.segments);
  for (const segment of segments) segment.hold();
  try {
    const counts: AttributeCounts[] = [...(await hotCounts(hotAttributes, blocks, request))];
    for (const segment of segments) {
      counts.push((await summaries.of(segment)) ?? new ColumnsAlone(segment));
      throwIfAborted(request.signal);
    }
    return counts;
  } finally {
    for (const segment of segments) segment.release();
  }
}

/** Whether a trace of the segment began in the range; its spans may reach out of it. */
function overlaps({ meta }: Segment, request: AttributeRequest): boolean {
  const { startTimeUnixNano: start, endTimeUnixNano: end } = request;
  return (
    (start === undefined || meta.maxTraceStartUnixNano >= start) &&
    (end === undefined || meta.minTraceStartUnixNano < end)
  );
}

const COLUMN_TYPES: Readonly<Record<string, AttributeType>> = Object.freeze({
  string: "string",
  int: "int",
  double: "float",
  bool: "bool",
});

/** What is known of a segment without a summary: the keys that have columns. */
class ColumnsAlone implements AttributeCounts {
  readonly isWhole = false;
  readonly #meta: Segment["meta"];

  constructor({ meta }: Segment) {
    this.#meta = meta;
  }

  *keys(): Generator<KeyCount, void> {
    for (const { key, valueTypes } of this.#meta.attributeColumns) {
      let types = 0;
      for (const type of valueTypes) types |= typeBit(COLUMN_TYPES[type] ?? "other");
      const lastSeenUnixNano = this.#meta.maxTraceStartUnixNano;
      yield { level: "span", key, types, count: 0, lastSeenUnixNano };
    }
  }

  values(): undefined {
    return undefined;
  }
}
