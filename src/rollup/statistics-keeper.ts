/** Keeps live statistics going: lets time go on, stores them, and brings them back after a restart. */

import type { Clock } from "../base/clock.ts";
import { errorFrom } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { CommittedBatch } from "../batch/committed-batch.ts";
import type { RollupStore } from "../store/rollup-store.ts";
import type { LiveStatistics } from "./live-statistics.ts";
import { mergeRecords } from "./merge-records.ts";
import type { RollupRecord } from "./rollup-record.ts";
import { decodeRecord, encodeRecord } from "./rollup-record.ts";
import type { WindowToStore } from "./stored-windows.ts";
import { restoreWindows, storedWindows, windowsToStore } from "./stored-windows.ts";
import { TopologySaves } from "./topology-saves.ts";
import { WaitingBatches } from "./waiting-batches.ts";

/** How often time goes on, and how soon again when more traces were due than were looked at. */
const TICK_MILLIS = 250;
const SOON_MILLIS = 5;
/** How often changes are stored: as much of the log is read again after a crash. */
const SAVE_MILLIS = 10_000;
/** Changes after which everything is stored anew: an hour of them. */
const CHANGES_PER_WHOLE = 360;
/** And earlier once changes take more than this, and more than everything did: they hold busy windows again and again. */
const MIN_CHANGE_BYTES = 8 * 1024 * 1024;

/** What a keeper works with. */
export interface StatisticsKeeperOptions {
  readonly statistics: LiveStatistics;
  readonly store: RollupStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told that the log may forget everything up to a position, as far as statistics are concerned. */
  readonly onCovered: (position: number) => void;
  /**
   * Position that the log gives next; absent: no matter. What was stored may cover records that the log has lost, whose
   * positions are given again.
   */
  readonly nextLogPosition?: () => number;
  /** Bytes of changes that are kept in any case before everything is stored anew. Default 8 MiB. */
  readonly minChangeBytes?: number;
}

/** Starts, keeps and stops the statistics of one process. */
export class StatisticsKeeper {
  /** How often changes could not be stored. */
  failedSaves = 0;
  /** Requests that could not be counted. */
  failedBatches = 0;
  readonly #options: StatisticsKeeperOptions;
  readonly #topology: TopologySaves;
  /** What was loaded, until the log is read up to there. */
  #resumed: RollupRecord | undefined;
  #hasProfiles = false;
  #loadedPosition = -1;
  #storedOperations = 0;
  #storedEdges = 0;
  #changes = CHANGES_PER_WHOLE;
  #wholeBytes = 0;
  #changeBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #lastSaveMillis = 0;
  #saving: Promise<void> | undefined;
  #isStarted = false;
  #isStopped = false;
  readonly #waiting: WaitingBatches = new WaitingBatches((committed) => this.#countOrSay(committed));

  constructor(options: StatisticsKeeperOptions) {
    this.#options = options;
    this.#topology = new TopologySaves(options.statistics.topology);
  }

  /** Log position from which {@link append} wants to hear of records again, once {@link load} is done. */
  get nextPosition(): number {
    return this.#resumed?.resumePosition ?? 0;
  }

  /** True when something was loaded; false for a fresh start. */
  get hasLoaded(): boolean {
    return this.#resumed !== undefined;
  }

  /** True when profiles were among what was loaded. */
  get hasProfiles(): boolean {
    return this.#hasProfiles;
  }

  /**
   * Loads what was stored, of several instances merged. A record of a later version or a damaged one is said and counts
   * as none.
   */
  async load(): Promise<void> {
    const { store, logger } = this.#options;
    const instances = await store.load();
    const [own = []] = instances;
    try {
      if (instances.length > 1) this.#apply(takenOver(instances));
      else for (const record of own) this.#apply(decodeRecord(record));
    } catch (thrown) {
      logger.error("stored statistics cannot be read; counting goes on from the ingest log", {
        reason: errorFrom(thrown).message,
      });
    }
    this.#coverNoMoreThanTheLog();
    const { statistics, clock } = this.#options;
    // What ended its term while nobody was there must not answer for its time.
    statistics.observe(clock.nowMillis() / 1_000);
    this.#storedOperations = statistics.operations.count;
    this.#storedEdges = statistics.edges.count;
  }

  /** Spans that were appended and are not in the statistics yet. */
  get waitingSpans(): number {
    return this.#waiting.spanCount;
  }

  /** The statistics, with all that was appended. */
  current(): LiveStatistics {
    this.#waiting.catchUp();
    return this.#options.statistics;
  }

  /**
   * Takes a batch in: of the log when it is read again, or a new one, which is counted a little later. Never throws:
   * spans that cannot be counted are stored all the same.
   */
  append(committed: CommittedBatch): void {
    if (this.#isStarted) this.#waiting.push(committed);
    else this.#countOrSay(committed);
  }

  /** Says that what comes from now on was not in the log when the process started: none of it was counted before. */
  endOfLog(): void {
    if (this.#resumed === undefined) return;
    this.#options.statistics.window.settle(this.#resumed.completeTraces, performance.now());
    this.#resumed = undefined;
  }

  #countOrSay(committed: CommittedBatch): void {
    try {
      this.#append(committed, performance.now());
    } catch (thrown) {
      this.failedBatches++;
      this.#options.logger.error("a request cannot be counted in the statistics; its spans are stored", {
        position: committed.position,
        reason: errorFrom(thrown).message,
      });
    }
  }

  /** Lets time go on, from now to {@link stop}. */
  start(): void {
    this.endOfLog();
    this.#isStarted = true;
    this.#lastSaveMillis = performance.now();
    this.#schedule(TICK_MILLIS);
  }

  /** Stores what is new and ends. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#waiting.catchUp();
    await this.#saving;
    await this.#save();
  }

  #append(committed: CommittedBatch, nowMillis: number): void {
    const { statistics } = this.#options;
    if (this.#resumed !== undefined && committed.position <= this.#resumed.coveredPosition) {
      statistics.appendCounted(committed, nowMillis);
      return;
    }
    this.endOfLog();
    statistics.append(committed, nowMillis);
  }

  #schedule(millis: number): void {
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => this.#tick(), millis);
    this.#timer.unref();
  }

  #tick(): void {
    const nowMillis = performance.now();
    const isMore = this.#letTimeGoOn(nowMillis);
    if (nowMillis - this.#lastSaveMillis >= SAVE_MILLIS && this.#saving === undefined) {
      this.#lastSaveMillis = nowMillis;
      this.#saving = this.#save()
        .catch((thrown: unknown) => {
          this.failedSaves++;
          this.#options.logger.error("statistics could not be stored", { reason: errorFrom(thrown).message });
        })
        .finally(() => {
          this.#saving = undefined;
        });
    }
    this.#schedule(isMore ? SOON_MILLIS : TICK_MILLIS);
  }

  /** A fault in the statistics must not end the process that keeps the spans. */
  #letTimeGoOn(nowMillis: number): boolean {
    try {
      return this.#options.statistics.tick(nowMillis, this.#options.clock.nowMillis() / 1_000);
    } catch (thrown) {
      this.#options.logger.error("statistics could not go on", { reason: errorFrom(thrown).message });
      return false;
    }
  }

  /** Everything in the record is of one moment: nothing is awaited while it is made. */
  async #save(): Promise<void> {
    const { statistics, store, logger, onCovered } = this.#options;
    statistics.window.completeOpen(performance.now(), "told");
    const isWhole =
      this.#changes >= CHANGES_PER_WHOLE ||
      this.#changeBytes > Math.max(this.#options.minChangeBytes ?? MIN_CHANGE_BYTES, this.#wholeBytes);
    const windows = windowsToStore(statistics.rollups, isWhole);
    const profiles = statistics.profiles.changes(isWhole);
    if (windows.length === 0 && !profiles.isNew) return;
    const record = this.#record(isWhole, windows, profiles.bytes());
    const bytes = encodeRecord(record);
    for (const { window } of windows) window.isDirty = false;
    const operations = statistics.operations.count;
    const edges = statistics.edges.count;
    try {
      await store.save(isWhole ? "whole" : "change", bytes);
    } catch (thrown) {
      this.failedSaves++;
      this.#topology.settle(false);
      for (const { window } of windows) window.isDirty = true;
      profiles.failed();
      logger.warn("statistics cannot be stored; they are tried again", { reason: errorFrom(thrown).message });
      return;
    }
    this.#topology.settle(true);
    this.#storedOperations = operations;
    this.#storedEdges = edges;
    profiles.stored();
    this.#changes = isWhole ? 0 : this.#changes + 1;
    this.#changeBytes = isWhole ? 0 : this.#changeBytes + bytes.length;
    if (isWhole) this.#wholeBytes = bytes.length;
    onCovered(record.resumePosition - 1);
  }

  #record(isWhole: boolean, windows: readonly WindowToStore[], profiles: Uint8Array): RollupRecord {
    const { statistics } = this.#options;
    const firstOperation = isWhole ? 0 : this.#storedOperations;
    const firstEdge = isWhole ? 0 : this.#storedEdges;
    const coveredPosition = Math.max(statistics.lastPosition, this.#loadedPosition);
    const resumePosition = Math.min(
      coveredPosition + 1,
      statistics.window.oldestOpenPosition(),
      statistics.recentPosition(performance.now()) ?? coveredPosition + 1,
    );
    return {
      coveredPosition,
      resumePosition,
      completeTraces: statistics.window.completeSince(resumePosition),
      firstOperation,
      operations: statistics.operations.from(firstOperation),
      firstEdge,
      edges: statistics.edges.from(firstEdge),
      windows: storedWindows(windows),
      unfolded: statistics.rollups.unfolded(),
      topology: this.#topology.record(isWhole),
      profiles,
    };
  }

  #apply(record: RollupRecord): void {
    const { statistics } = this.#options;
    for (const [service, name] of record.operations.slice(
      statistics.operations.count - record.firstOperation,
    )) {
      statistics.operations.restore(service, name);
    }
    for (const edge of record.edges.slice(statistics.edges.count - record.firstEdge))
      statistics.edges.restore(edge);
    // Before the windows: one of a later format leaves the whole record unread.
    if (record.profiles.length > 0) {
      statistics.profiles.restore(record.profiles);
      this.#hasProfiles = true;
    }
    restoreWindows(statistics.rollups, record.windows, record.unfolded);
    if (record.topology !== undefined) this.#topology.apply(record.topology);
    this.#resumed = record;
    this.#loadedPosition = record.coveredPosition;
  }

  #coverNoMoreThanTheLog(): void {
    const last = (this.#options.nextLogPosition?.() ?? Number.POSITIVE_INFINITY) - 1;
    if (this.#loadedPosition <= last) return;
    this.#options.logger.warn("statistics count spans that the ingest log has lost", {
      countedUpTo: this.#loadedPosition,
      logEndsAt: last,
    });
    this.#loadedPosition = last;
    if (this.#resumed !== undefined) this.#resumed = { ...this.#resumed, coveredPosition: last };
  }
}

/** Everything that several instances counted, and how far in its own log this one, the first, has read. */
function takenOver(instances: readonly (readonly Uint8Array[])[]): RollupRecord {
  const records = instances.map((some) => some.map(decodeRecord));
  const last = records[0]?.at(-1);
  const merged = mergeRecords(records);
  if (last === undefined) return merged;
  const { coveredPosition, resumePosition, completeTraces } = last;
  return { ...merged, coveredPosition, resumePosition, completeTraces };
}
