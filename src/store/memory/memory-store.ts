/** The store that keeps everything in memory: a hot set alone, for tests, demos and machines without a disk. */

import type { DependencyLink } from "../../analysis/dependency-links.ts";
import type { Clock } from "../../base/clock.ts";
import { systemClock } from "../../base/clock.ts";
import { TracAggError } from "../../base/errors.ts";
import type { HeldBytes } from "../../base/held-bytes.ts";
import { inSlices, TimeSlice, throwIfAborted } from "../../base/time-slice.ts";
import { summedKeys } from "../../batch/attribute-counts.ts";
import { distinctRowsInSteps } from "../../batch/distinct-rows.ts";
import { rowDurations } from "../../batch/row-durations.ts";
import type { SpanRow } from "../../batch/span-batch.ts";
import type { TraceQuery } from "../../filter/trace-query.ts";
import { HotAttributes } from "../../hot/hot-attributes.ts";
import { matchingTraces, tracesInAnyOrder } from "../../hot/hot-query.ts";
import { HotSet } from "../../hot/hot-set.ts";
import type { TraceDurations } from "../../model/trace-durations.ts";
import { hotCounts, valuesIn } from "../attribute-answers.ts";
import type {
  AttributeKeysAnswer,
  AttributeKeysRequest,
  AttributeValuesAnswer,
  AttributeValuesRequest,
} from "../attribute-catalogue.ts";
import type { Operation } from "../catalogue.ts";
import { idsOfViewEndingIn } from "../ids-of-view.ts";
import { NameCatalogue } from "../name-catalogue.ts";
import { rowsInView } from "../row-view.ts";
import type { CommittedBatch } from "../span-writer.ts";
import type { LinksElsewhere } from "../statistics-sums.ts";
import { DependencySums, ServiceSums } from "../statistics-sums.ts";
import type {
  DurationScan,
  TraceInView,
  TracePage,
  TracePageRequest,
  TraceRows,
  TraceScan,
  ViewScan,
} from "../trace-reader.ts";
import type { ServiceStatistics, StatisticsRange } from "../trace-statistics.ts";
import type { StoreGauges, TraceStore } from "../trace-store.ts";

/** Into how many blocks the caps divide the hot set: what one eviction takes is at most this share. */
const BLOCKS_PER_CAP = 8;

/** Options of the memory store. */
export interface MemoryStoreOptions {
  /** Bytes of payloads, columns and indexes kept. Default 256 MiB: room for about 700,000 usual spans. */
  readonly maxBytes?: number;
  /** Spans kept, copies included. Default 2,000,000: many tiny spans cost more to search than their bytes say. */
  readonly maxSpans?: number;
  /** Spans older than this since their arrival are removed, at most an eighth later. 0, the default: never. */
  readonly retentionAgeMillis?: number;
  /** What time it is, for the retention age. */
  readonly clock?: Clock;
  /** Finds the dependency links of large traces; absent: they are found on the event loop. */
  readonly linksElsewhere?: LinksElsewhere;
}

/**
 * Makes a memory store.
 *
 * It keeps at most its caps plus one request: the oldest spans go first, a block of about an eighth of the cap at a
 * time, and are counted. Nothing survives the process, so the log may forget what was appended at once.
 *
 * @example
 * const store = createMemoryStore({ maxBytes: 64 * 1024 * 1024 });
 * await store.start();
 */
export function createMemoryStore(options: MemoryStoreOptions = {}): TraceStore {
  return new MemoryStore(options);
}

class MemoryStore implements TraceStore {
  readonly #maxBytes: number;
  readonly #maxSpans: number;
  readonly #retentionAgeMillis: number;
  readonly #clock: Clock;
  readonly #linksElsewhere: LinksElsewhere | undefined;
  readonly #hotSet: HotSet;
  readonly #names: NameCatalogue = new NameCatalogue();
  readonly #attributes: HotAttributes = new HotAttributes();
  #evictedSpans = 0;
  #expiredSpans = 0;
  #isStopped = false;

  constructor(options: MemoryStoreOptions) {
    this.#maxBytes = options.maxBytes ?? 256 * 1024 * 1024;
    this.#maxSpans = options.maxSpans ?? 2_000_000;
    this.#retentionAgeMillis = options.retentionAgeMillis ?? 0;
    this.#clock = options.clock ?? systemClock;
    this.#linksElsewhere = options.linksElsewhere;
    this.#hotSet = new HotSet({
      maxBlockRows: Math.ceil(this.#maxSpans / BLOCKS_PER_CAP),
      maxBlockBytes: Math.ceil(this.#maxBytes / BLOCKS_PER_CAP),
    });
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.#isStopped = true;
    return Promise.resolve();
  }

  append(committed: CommittedBatch): void {
    if (this.#isStopped) {
      throw new TracAggError(
        "unavailable",
        "the store was stopped and takes no more spans; send again later",
      );
    }
    this.#expire();
    this.#hotSet.append(committed);
    this.#names.addBatch(committed.batch);
    this.#evict();
  }

  coveredPosition(): number {
    return this.#hotSet.lastPosition;
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }

  async trace(traceId: string, signal?: AbortSignal, held?: HeldBytes): Promise<readonly SpanRow[]> {
    const slice = new TimeSlice(signal);
    this.#expire();
    const rows = await inSlices(this.#hotSet.rowsOf(traceId, held), slice);
    return await inSlices(distinctRowsInSteps(rows), slice);
  }

  async traces(
    traceIds: readonly string[],
    signal?: AbortSignal,
    held?: HeldBytes,
  ): Promise<ReadonlyMap<string, readonly SpanRow[]>> {
    const found = new Map<string, readonly SpanRow[]>();
    for (const traceId of traceIds) {
      const rows = await this.trace(traceId, signal, held);
      if (rows.length > 0) found.set(traceId, rows);
    }
    return found;
  }

  async traceIdsEndingIn(end: string, signal?: AbortSignal): Promise<readonly string[]> {
    this.#expire();
    return (await idsOfViewEndingIn(this.#hotSet.view(), end, new TimeSlice(signal))).sort();
  }

  async search(query: TraceQuery, page: TracePageRequest): Promise<TracePage> {
    this.#expire();
    const summaries: TracePage["summaries"][number][] = [];
    for await (const { summary } of matchingTraces(this.#hotSet.view(), query, page)) {
      if (summaries.length === page.limit) return { summaries, hasMore: true };
      summaries.push(summary);
    }
    return { summaries, hasMore: false };
  }

  async *scan(query: TraceQuery, options: TraceScan): AsyncGenerator<TraceRows, void> {
    throwIfAborted(options.signal);
    this.#expire();
    let left = options.limit;
    if (left <= 0) return;
    for await (const matched of matchingTraces(this.#hotSet.view(), query, options)) {
      yield matched;
      throwIfAborted(options.signal);
      if (--left <= 0) return;
    }
  }

  async *scanViews(query: TraceQuery, options: ViewScan): AsyncGenerator<TraceInView, void> {
    for await (const trace of this.scan(query, options)) yield rowsInView(trace);
  }

  async *scanDurations(query: TraceQuery, options: DurationScan): AsyncGenerator<TraceDurations, void> {
    const slice = new TimeSlice(options.signal);
    for await (const { summary, rows } of this.scan(query, options)) {
      yield { summary, durations: await inSlices(rowDurations(rows, options.numbers), slice) };
    }
  }

  services(): Promise<readonly string[]> {
    return this.#names.services();
  }

  operations(serviceName: string): Promise<readonly Operation[]> {
    return this.#names.operations(serviceName);
  }

  async attributeKeys(request: AttributeKeysRequest): Promise<AttributeKeysAnswer> {
    this.#expire();
    return summedKeys(await hotCounts(this.#attributes, this.#hotSet.blocks(), request), request);
  }

  async attributeValues(request: AttributeValuesRequest): Promise<AttributeValuesAnswer> {
    this.#expire();
    return valuesIn(await hotCounts(this.#attributes, this.#hotSet.blocks(), request), request);
  }

  async serviceStatistics(
    range: StatisticsRange & { readonly serviceName?: string },
  ): Promise<readonly ServiceStatistics[]> {
    const sums = new ServiceSums(range.serviceName);
    const slice = new TimeSlice(range.signal);
    for await (const rows of this.#tracesIn(range)) await inSlices(sums.addTrace(rows), slice);
    return sums.result();
  }

  async dependencies(range: StatisticsRange): Promise<readonly DependencyLink[]> {
    const sums = new DependencySums(this.#linksElsewhere);
    for await (const rows of this.#tracesIn(range)) await sums.addTrace(rows, range);
    return sums.result();
  }

  /** Never: over its caps it forgets the oldest. */
  isOverloaded(): boolean {
    return false;
  }

  gauges(): StoreGauges {
    return {
      hot_spans: this.#hotSet.rowCount,
      hot_bytes: this.#hotSet.byteSize,
      hot_blocks: this.#hotSet.blocks().length,
      evicted_spans: this.#evictedSpans,
      expired_spans: this.#expiredSpans,
      catalogue_services: this.#names.serviceCount,
      catalogue_operations: this.#names.operationCount,
      catalogue_refused_spans: this.#names.refused,
    };
  }

  #tracesIn({ startTimeUnixNano, endTimeUnixNano, signal, held }: StatisticsRange): AsyncIterable<SpanRow[]> {
    this.#expire();
    const query = {
      ...(startTimeUnixNano === undefined ? {} : { startTimeUnixNano }),
      ...(endTimeUnixNano === undefined ? {} : { endTimeUnixNano }),
    };
    return tracesInAnyOrder(this.#hotSet.view(), query, { signal, held });
  }

  /** Removes the oldest blocks while a cap is exceeded; what came last always stays. */
  #evict(): void {
    while (this.#hotSet.byteSize > this.#maxBytes || this.#hotSet.rowCount > this.#maxSpans) {
      const blocks = this.#hotSet.blocks();
      if (blocks.length < 2) return;
      this.#evictedSpans += this.#hotSet.dropThrough(blocks[0]?.lastPosition ?? -1).rows;
    }
  }

  /** Removes blocks all of whose spans are too old, and closes one that has been filling for long. */
  #expire(): void {
    if (this.#retentionAgeMillis <= 0) return;
    const nowMillis = this.#clock.nowMillis();
    for (const block of this.#hotSet.blocks()) {
      if (block.newestArrivalUnixMillis >= nowMillis - this.#retentionAgeMillis) break;
      this.#expiredSpans += this.#hotSet.dropThrough(block.lastPosition).rows;
    }
    const newest = this.#hotSet.blocks().at(-1);
    const blockAgeMillis = this.#retentionAgeMillis / BLOCKS_PER_CAP;
    if (newest !== undefined && newest.oldestArrivalUnixMillis < nowMillis - blockAgeMillis) {
      this.#hotSet.closeBlock();
    }
  }
}
