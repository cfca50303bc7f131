/** What a lake store tells of itself while it runs. */

import type { HotSet } from "../../hot/hot-set.ts";
import type { NameCatalogue } from "../name-catalogue.ts";
import type { StoreGauges } from "../trace-store.ts";
import type { Compactor } from "./compactor.ts";
import type { HotOverlap } from "./hot-overlap.ts";
import type { ReaderPool } from "./reader-pool.ts";
import type { Sealer } from "./sealer.ts";
import type { SegmentSet } from "./segment-set.ts";

/** The parts that are asked. */
export interface GaugedParts {
  readonly set: SegmentSet;
  readonly sealer: Sealer;
  readonly compactor: Compactor;
  readonly overlap: HotOverlap;
  readonly pool: ReaderPool;
}

/** Gauges of the spans in memory and of the names of all spans. */
export function hotGauges(hot: HotSet, names: NameCatalogue): StoreGauges {
  return {
    hot_spans: hot.rowCount,
    hot_bytes: hot.byteSize,
    hot_blocks: hot.blocks().length,
    catalogue_services: names.serviceCount,
    catalogue_operations: names.operationCount,
    catalogue_refused_spans: names.refused,
  };
}

/** Gauges and counters of everything below the hot set. */
export function segmentGauges({ set, sealer, compactor, overlap, pool }: GaugedParts): StoreGauges {
  return {
    covered_position: set.coveredPosition,
    segments: set.segments.length,
    segment_bytes: set.byteSize,
    segment_spans: set.segments.reduce((sum, { meta }) => sum + meta.spanCount, 0),
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
    waiting_queries: pool.waiting,
  };
}
