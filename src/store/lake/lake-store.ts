/** The embedded store: a hot set in memory in front of immutable Parquet segments. */

import { join } from "node:path";
import type { DependencyLink } from "../../analysis/dependency-links.ts";
import { isPauseOver } from "../../base/clock.ts";
import { errorFrom, TracAggError } from "../../base/errors.ts";
import type { HeldBytes } from "../../base/held-bytes.ts";
import { throwIfAborted } from "../../base/time-slice.ts";
import { summedKeys } from "../../batch/attribute-counts.ts";
import type { SpanRow } from "../../batch/span-batch.ts";
import { OtlpRequestDecoder } from "../../codec/otlp-protobuf/request-decoder.ts";
import type { TraceQuery } from "../../filter/trace-query.ts";
import { HotAttributes } from "../../hot/hot-attributes.ts";
import { HotSet } from "../../hot/hot-set.ts";
import type { TraceDurations } from "../../model/trace-durations.ts";
import type { TraceSummary } from "../../model/trace-summary.ts";
import { valuesIn } from "../attribute-answers.ts";
import type {
  AttributeKeysAnswer,
  AttributeKeysRequest,
  AttributeRequest,
  AttributeValuesAnswer,
  AttributeValuesRequest,
} from "../attribute-catalogue.ts";
import type { Operation } from "../catalogue.ts";
import { NameCatalogue } from "../name-catalogue.ts";
import type { CommittedBatch } from "../span-writer.ts";
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
import type { Compactor } from "./compactor.ts";
import { HotOverlap } from "./hot-overlap.ts";
import { lakeIdsEndingIn } from "./ids-ending.ts";
import { lakeAttributeCounts } from "./lake-attributes.ts";
import { lakeCompactor } from "./lake-compaction.ts";
import { lakeDurations } from "./lake-durations.ts";
import { lakeGauges } from "./lake-gauges.ts";
import type { LakeSettings, LakeStoreOptions } from "./lake-options.ts";
import { lakeSettings } from "./lake-options.ts";
import { scanLake, searchLake } from "./lake-search.ts";
import { confirmPlaces, LakeSnapshot, SegmentReader, sharedPlaces } from "./lake-snapshot.ts";
import { lakeDependencies, lakeServiceStatistics } from "./lake-sums.ts";
import { lakeTraces } from "./lake-traces.ts";
import { viewLake } from "./lake-views.ts";
import { ReaderPool } from "./reader-pool.ts";
import { SealThread } from "./seal-thread.ts";
import { Sealer } from "./sealer.ts";
import type { SegmentMeta } from "./segment-meta.ts";
import { OriginCache } from "./segment-origins.ts";
import type { RowReading } from "./segment-queries.ts";
import { SegmentSet } from "./segment-set.ts";
import { SegmentSummaries } from "./segment-summaries.ts";
import { SharedRowCache } from "./shared-row-cache.ts";
import { SumCache } from "./sum-cache.ts";

/** How often the store looks whether a seal or a removal is due. */
const TICK_MILLIS = 1_000;
const RETENTION_MILLIS = 60_000;
const MIN_BLOCK_BYTES = 1024 * 1024;
const MAX_BLOCK_BYTES = 32 * 1024 * 1024;

/**
 * Makes a store in a data folder. One store at a time may use a folder; whoever starts it holds the folder's lock.
 *
 * After `start`, append what the log holds behind `coveredPosition()`; positions the segments already
 * cover are ignored.
 *
 * @example
 * const store = createLakeStore({ dataDir: "data", onCovered: (position) => log.release("store", position) });
 * await store.start();
 */
export function createLakeStore(options: LakeStoreOptions): TraceStore {
  return new Lake(lakeSettings(options));
}

/** What exists between start and stop. */
interface OpenLake {
  readonly pool: ReaderPool;
  readonly set: SegmentSet;
  readonly reader: SegmentReader;
  readonly overlap: HotOverlap;
  readonly summaries: SegmentSummaries;
  readonly sealer: Sealer;
  readonly compactor: Compactor;
  readonly thread: SealThread;
  readonly endTicks: () => void;
}

class Lake implements TraceStore {
  readonly #settings: LakeSettings;
  readonly #hot: HotSet;
  readonly #names: NameCatalogue = new NameCatalogue();
  readonly #hotAttributes: HotAttributes = new HotAttributes();
  readonly #sums: SumCache = new SumCache();
  readonly #reading: RowReading = {
    decoder: new OtlpRequestDecoder(),
    origins: new OriginCache(),
    cache: new SharedRowCache(),
  };
  #open: OpenLake | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #stopped: Promise<void> | undefined;
  #coveredAtStop = -1;
  #retainedAtUnixMillis = 0;
  #isRetaining = false;

  constructor(settings: LakeSettings) {
    this.#settings = settings;
    // Some four blocks a seal: what arrives while it runs is then not far from a block's end.
    this.#hot = new HotSet({
      maxBlockBytes: Math.max(MIN_BLOCK_BYTES, Math.min(MAX_BLOCK_BYTES, settings.sealBytes / 4)),
    });
  }

  async start(): Promise<void> {
    const { dataDir, fileLayer, logger } = this.#settings;
    const temporaryDirectory = join(dataDir, "tmp");
    await fileLayer.remove(temporaryDirectory);
    await fileLayer.makeDirectory(temporaryDirectory);
    const pool = await ReaderPool.open({
      directory: dataDir,
      temporaryDirectory,
      memoryLimitBytes: this.#settings.queryMemoryBytes,
      threads: this.#settings.queryThreads,
      concurrency: this.#settings.queryConcurrency,
      maxWaiting: this.#settings.maxWaitingQueries,
      isPressed: () => this.#hot.byteSize > this.#settings.maxHotBytes / 2,
    });
    const set = new SegmentSet(dataDir, { layer: fileLayer, pool, logger });
    try {
      await set.start(this.#names);
    } catch (thrown) {
      await pool.close();
      throw errorFrom(thrown);
    }
    const reader = new SegmentReader(pool, set);
    const thread = new SealThread(this.#settings.startSealWorker);
    this.#open = {
      pool,
      set,
      reader,
      thread,
      overlap: new HotOverlap((segment, ids) => confirmPlaces(reader, segment, ids)),
      summaries: new SegmentSummaries({ layer: fileLayer, pool, logger }),
      sealer: this.#newSealer(set, thread, temporaryDirectory),
      compactor: this.#newCompactor(set, temporaryDirectory),
      endTicks: this.#settings.schedule(TICK_MILLIS, () => this.#tick()),
    };
    await this.#retain();
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  append(committed: CommittedBatch): void {
    if (this.#stopped !== undefined) throw stopped();
    const { set, sealer } = this.#opened();
    if (committed.position <= set.coveredPosition) return;
    this.#hot.append(committed);
    this.#names.addBatch(committed.batch);
    if (!sealer.isRunning && this.#hot.byteSize >= this.#settings.sealBytes) sealer.begin();
  }

  coveredPosition(): number {
    return this.#open?.set.coveredPosition ?? this.#coveredAtStop;
  }

  async flush(): Promise<void> {
    await this.#opened().sealer.sealThrough(this.#hot.lastPosition);
  }

  isOverloaded(): boolean {
    return this.#hot.byteSize >= this.#settings.maxHotBytes;
  }

  async trace(traceId: string, signal?: AbortSignal, held?: HeldBytes): Promise<readonly SpanRow[]> {
    return (await this.traces([traceId], signal, held)).get(traceId) ?? [];
  }

  traces(
    traceIds: readonly string[],
    signal?: AbortSignal,
    held?: HeldBytes,
  ): Promise<ReadonlyMap<string, readonly SpanRow[]>> {
    const { set, reader } = this.#opened();
    const places = { hot: this.#hot, segments: set.segments, reader, reading: this.#reading };
    return lakeTraces(places, traceIds, { signal, held });
  }

  traceIdsEndingIn(end: string, signal?: AbortSignal): Promise<readonly string[]> {
    return this.#withSnapshot(signal, (snapshot) => lakeIdsEndingIn(snapshot, end, signal));
  }

  async search(query: TraceQuery, page: TracePageRequest): Promise<TracePage> {
    throwIfAborted(page.signal);
    const snapshot = await this.#snapshot();
    try {
      const { after, signal, held, limit } = page;
      const options = { after, signal, held, expected: limit + 1, withRows: false };
      const summaries: TraceSummary[] = [];
      for await (const { summary } of searchLake(snapshot, query, options)) {
        throwIfAborted(signal);
        if (summaries.length === limit) return { summaries, hasMore: true };
        summaries.push(summary);
      }
      return { summaries, hasMore: false };
    } finally {
      snapshot.release();
    }
  }

  scan(query: TraceQuery, options: TraceScan): AsyncGenerator<TraceRows, void> {
    return this.#stream(options, (snapshot) => scanLake(snapshot, query, options));
  }

  scanViews(query: TraceQuery, options: ViewScan): AsyncGenerator<TraceInView, void> {
    return this.#stream(options, (snapshot) => viewLake(snapshot, query, options));
  }

  scanDurations(query: TraceQuery, options: DurationScan): AsyncGenerator<TraceDurations, void> {
    return this.#stream(options, (snapshot) => lakeDurations(snapshot, query, options));
  }

  services(): Promise<readonly string[]> {
    return this.#names.services();
  }

  operations(serviceName: string): Promise<readonly Operation[]> {
    return this.#names.operations(serviceName);
  }

  async attributeKeys(request: AttributeKeysRequest): Promise<AttributeKeysAnswer> {
    return summedKeys(await this.#attributeCounts(request), request);
  }

  async attributeValues(request: AttributeValuesRequest): Promise<AttributeValuesAnswer> {
    return valuesIn(await this.#attributeCounts(request), request);
  }

  serviceStatistics(
    range: StatisticsRange & { readonly serviceName?: string },
  ): Promise<readonly ServiceStatistics[]> {
    return this.#withSnapshot(range.signal, (snapshot) => lakeServiceStatistics(snapshot, this.#sums, range));
  }

  dependencies(range: StatisticsRange): Promise<readonly DependencyLink[]> {
    const { linksElsewhere } = this.#settings;
    const ask = (snapshot: LakeSnapshot) => lakeDependencies(snapshot, this.#sums, range, linksElsewhere);
    return this.#withSnapshot(range.signal, ask);
  }

  gauges(): StoreGauges {
    return lakeGauges({ hot: this.#hot, names: this.#names, isOverloaded: this.isOverloaded() }, this.#open);
  }

  #opened(): OpenLake {
    if (this.#open === undefined) throw stopped();
    return this.#open;
  }

  #attributeCounts(request: AttributeRequest): ReturnType<typeof lakeAttributeCounts> {
    return lakeAttributeCounts(
      { hot: this.#hot, hotAttributes: this.#hotAttributes, ...this.#opened() },
      request,
    );
  }

  #newSealer(set: SegmentSet, thread: SealThread, temporaryDirectory: string): Sealer {
    const { fileLayer, logger, clock, version, sealBytes, sealMemoryBytes, attributeColumns } =
      this.#settings;
    return new Sealer({
      hot: this.#hot,
      set,
      layer: fileLayer,
      logger,
      clock,
      writtenBy: version,
      temporaryDirectory,
      maxSealBytes: Math.max(sealBytes * 1.25, MIN_BLOCK_BYTES * 4),
      memoryLimitBytes: sealMemoryBytes,
      attributeKeys: attributeColumns,
      seal: (request, batches) => thread.seal(request, batches),
      publish: async (name, meta) => {
        await this.#inTurn(() => this.#publish(set, name, meta));
        this.#settings.onCovered(set.coveredPosition);
        await this.#retain();
      },
    });
  }

  #newCompactor(set: SegmentSet, temporaryDirectory: string): Compactor {
    return lakeCompactor(this.#settings, {
      set,
      temporaryDirectory,
      withSnapshot: (work) => this.#withSnapshot(undefined, work),
      inTurn: (work) => this.#inTurn(work),
      onReplaced: (inputs) => {
        for (const { name } of inputs) this.#reading.origins.forget(name);
        this.#open?.overlap.prune(this.#hot.view(), set.segments);
      },
    });
  }

  /** The new segment comes into use and its spans leave memory in one step: no query sees them twice or not at all. */
  async #publish(set: SegmentSet, name: string, meta: SegmentMeta): Promise<void> {
    await set.syncUnfinished(name, meta);
    const { segment } = await set.publish(name, meta);
    set.add(segment);
    this.#hot.dropThrough(meta.lastPosition);
    this.#open?.overlap.prune(this.#hot.view(), set.segments);
  }

  #tick(): void {
    if (this.#open === undefined || this.#stopped !== undefined) return;
    const { clock, sealAgeMillis, sealBytes } = this.#settings;
    const oldest = this.#hot.oldestArrivalUnixMillis;
    const isOld = oldest !== undefined && isPauseOver(clock, oldest, sealAgeMillis);
    if (isOld || this.#hot.byteSize >= sealBytes) this.#open.sealer.begin();
    if (isPauseOver(clock, this.#retainedAtUnixMillis, RETENTION_MILLIS)) void this.#retain();
    if (this.#mayCompact(this.#open)) this.#open.compactor.begin();
    if (this.#isQuiet(this.#open)) this.#open.summaries.begin(this.#open.set.segments);
  }

  /** A moment since the last seal, and nothing to merge: what lies there now stays for a while. */
  #isQuiet({ sealer, compactor }: OpenLake): boolean {
    const { clock, mergeQuietMillis } = this.#settings;
    const isBusy = sealer.isRunning || compactor.isRunning || compactor.isDue;
    return !isBusy && isPauseOver(clock, sealer.endedAtUnixMillis, mergeQuietMillis);
  }

  /** In quiet moments; under a load that has none, once enough segments wait for it. Never when memory fills up. */
  #mayCompact({ sealer, compactor }: OpenLake): boolean {
    if (this.isOverloaded()) return false;
    const { clock, mergeQuietMillis } = this.#settings;
    const isQuiet = !sealer.isRunning && isPauseOver(clock, sealer.endedAtUnixMillis, mergeQuietMillis);
    return isQuiet || compactor.isPressing;
  }

  /** Removes what retention ends; failures are tried again a minute later. */
  async #retain(): Promise<void> {
    const { retentionAgeMillis, retentionBytes, clock, logger } = this.#settings;
    if (this.#isRetaining) return;
    this.#isRetaining = true;
    const nowMillis = clock.nowMillis();
    this.#retainedAtUnixMillis = nowMillis;
    const oldestArrivalUnixMillis =
      retentionAgeMillis > 0 ? nowMillis - retentionAgeMillis : Number.NEGATIVE_INFINITY;
    try {
      await this.#inTurn(async () => {
        await this.#open?.set.retain({ oldestArrivalUnixMillis, maxBytes: retentionBytes });
      });
    } catch (thrown) {
      logger.error("retention failed", { reason: errorFrom(thrown).message });
    } finally {
      this.#isRetaining = false;
    }
  }

  async #withSnapshot<T>(
    signal: AbortSignal | undefined,
    work: (snapshot: LakeSnapshot) => Promise<T>,
  ): Promise<T> {
    throwIfAborted(signal);
    const snapshot = await this.#snapshot();
    this.#sums.keepOnly(snapshot.segments.map(({ name }) => name));
    try {
      return await work(snapshot);
    } finally {
      snapshot.release();
    }
  }

  async *#stream<T>(
    { limit, signal }: Omit<TracePageRequest, "after">,
    open: (snapshot: LakeSnapshot) => AsyncGenerator<T, void>,
  ): AsyncGenerator<T, void> {
    throwIfAborted(signal);
    if (limit <= 0) return;
    const snapshot = await this.#snapshot();
    try {
      yield* open(snapshot);
    } finally {
      snapshot.release();
    }
  }

  /** The store as it is now; whoever asked releases it. */
  #snapshot(): Promise<LakeSnapshot> {
    return this.#inTurn(async () => {
      const { set, overlap, reader } = this.#opened();
      const view = this.#hot.view();
      const { segments } = set;
      const splits = set.splits.snapshot();
      for (const segment of segments) segment.hold();
      try {
        const hot = await overlap.update(this.#hot.blocks(), segments);
        return new LakeSnapshot(view, segments, sharedPlaces(splits, hot), reader, this.#reading);
      } catch (thrown) {
        for (const segment of segments) segment.release();
        throw thrown;
      }
    });
  }

  /** Runs one after the other what must not see the store change: snapshots, publishing, retention. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work, work);
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #stop(): Promise<void> {
    const open = this.#open;
    if (open === undefined) return;
    open.endTicks();
    const { clock, logger, stopSealMillis } = this.#settings;
    const startUntilUnixMillis = clock.nowMillis() + stopSealMillis;
    const merging = open.compactor.stop();
    await open.summaries.stop();
    // A failed seal is counted and logged where it happens; the log still holds the spans.
    const isSealed = await open.sealer
      .sealThrough(this.#hot.lastPosition, startUntilUnixMillis)
      .catch(() => false);
    if (!isSealed) logger.warn("not everything is sealed; the next start reads the rest from the ingest log");
    await merging;
    await this.#turn;
    await open.thread.stop();
    await open.pool.close();
    this.#coveredAtStop = open.set.coveredPosition;
    this.#open = undefined;
  }
}

function stopped(): TracAggError {
  return new TracAggError("unavailable", "the store is not running; send again later");
}
