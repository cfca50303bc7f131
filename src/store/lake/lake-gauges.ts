/** What a lake store tells of itself. */

import type { HotSet } from "../../hot/hot-set.ts";
import type { NameCatalogue } from "../name-catalogue.ts";
import type { StoreGauges } from "../trace-store.ts";
import type { Compactor } from "./compactor.ts";
import type { HotOverlap } from "./hot-overlap.ts";
import type { ReaderPool } from "./reader-pool.ts";
import type { Sealer } from "./sealer.ts";
import type { SegmentSet } from "./segment-set.ts";
import type { SegmentSummaries } from "./segment-summaries.ts";

/** Parts that are always there. */
export interface LakeMemory {
  readonly hot: HotSet;
  readonly names: NameCatalogue;
  readonly isOverloaded: boolean;
}

/** Parts that are there between start and stop. */
export interface LakeParts {
  readonly set: SegmentSet;
  readonly sealer: Sealer;
  readonly compactor: Compactor;
  readonly overlap: HotOverlap;
  readonly summaries: SegmentSummaries;
  readonly pool: ReaderPool;
}

/** The gauges of a store; those of segments only while it is open. */
export function lakeGauges(
  { hot, names, isOverloaded }: LakeMemory,
  open: LakeParts | undefined,
): StoreGauges {
  const memory = {
    hot_spans: hot.rowCount,
    hot_bytes: hot.byteSize,
    hot_blocks: hot.blocks().length,
    overloaded: isOverloaded ? 1 : 0,
    catalogue_services: names.serviceCount,
    catalogue_operations: names.operationCount,
    catalogue_refused_spans: names.refused,
  };
  if (open === undefined) return memory;
  const { set, sealer, compactor, overlap, pool, summaries } = open;
  return {
    ...memory,
    covered_position: set.coveredPosition,
    segments: set.segments.length,
    segment_bytes: set.byteSize,
    segment_spans: set.segments.reduce((sum, { meta }) => sum + meta.spanCount, 0),
    held_segments: set.segments.filter(({ isHeld }) => isHeld).length,
    split_traces: set.splits.size,
    hot_split_traces: overlap.size,
    filter_maybes_confirmed: overlap.maybes.confirmed,
    filter_maybes_wrong: overlap.maybes.wrong,
    seals: sealer.counts.seals,
    seal_failures: sealer.counts.failures,
    sealed_spans: sealer.counts.spans,
    seal_cpu_micros: sealer.counts.cpuMicros,
    sealing: sealer.isRunning ? 1 : 0,
    // What is due begins within a second: whoever waits for quiet waits for that too.
    compacting: compactor.isRunning || compactor.isDue ? 1 : 0,
    compactions: compactor.counts.compactions,
    compaction_failures: compactor.counts.failures,
    compacted_segments: compactor.counts.segments,
    compaction_cpu_micros: compactor.counts.cpuMicros,
    thinned_traces: compactor.counts.thinnedTraces,
    damaged_segments: set.counts.damaged,
    repaired_files: set.counts.repairedFiles,
    expired_segments: set.counts.expired,
    evicted_segments: set.counts.evicted,
    attribute_summary_bytes: summaries.byteSize,
    attribute_summaries_unknown: summaries.unknown(set.segments).length,
    attribute_summaries_rebuilt: summaries.counts.rebuilt,
    attribute_summary_failures: summaries.counts.failures,
    waiting_queries: pool.waiting,
    database_renewals: pool.renewals.done,
    database_renewal_failures: pool.renewals.failed,
  };
}
