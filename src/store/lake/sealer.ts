/** Moves closed hot blocks into segments: one seal at a time, retried with patience when the disk refuses. */

import type { Clock } from "../../base/clock.ts";
import { errorFrom } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import type { SpanBatch } from "../../batch/span-batch.ts";
import type { HotBlock } from "../../hot/hot-block.ts";
import type { HotSet } from "../../hot/hot-set.ts";
import type { FileLayer } from "../../io/file-layer.ts";
import { Backoff } from "./backoff.ts";
import type { SealRequest } from "./seal-request.ts";
import type { Sealed } from "./seal-thread.ts";
import { segmentName } from "./segment-format.ts";
import type { SegmentMeta } from "./segment-meta.ts";
import type { SegmentSet } from "./segment-set.ts";

const FIRST_RETRY_MILLIS = 1_000;
const LAST_RETRY_MILLIS = 60_000;

/** What a sealer works with. */
export interface SealerOptions {
  readonly hot: HotSet;
  readonly set: SegmentSet;
  readonly layer: FileLayer;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly writtenBy: string;
  readonly temporaryDirectory: string;
  /** Bytes of hot blocks one seal takes at most (the first block always). */
  readonly maxSealBytes: number;
  readonly memoryLimitBytes: number;
  /** Attribute keys that get a column whenever a span has them. */
  readonly attributeKeys: readonly string[];
  seal(request: SealRequest, batches: readonly SpanBatch[]): Promise<Sealed>;
  /** Puts the finished segment in use in place of the hot blocks. */
  publish(name: string, meta: SegmentMeta): Promise<void>;
}

/** Counters since the start. */
export interface SealCounts {
  seals: number;
  failures: number;
  spans: number;
  cpuMicros: number;
}

/** Runs seals. */
export class Sealer {
  readonly counts: SealCounts = { seals: 0, failures: 0, spans: 0, cpuMicros: 0 };
  readonly #options: SealerOptions;
  readonly #backoff: Backoff;
  #running: Promise<void> | undefined;
  #endedAtUnixMillis: number;

  constructor(options: SealerOptions) {
    this.#options = options;
    const { clock } = options;
    this.#endedAtUnixMillis = clock.nowMillis();
    this.#backoff = new Backoff({ clock, firstMillis: FIRST_RETRY_MILLIS, longestMillis: LAST_RETRY_MILLIS });
  }

  /** When the last seal ended; before the first, when the sealer was made. */
  get endedAtUnixMillis(): number {
    return this.#endedAtUnixMillis;
  }

  /** True while a seal runs. */
  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** Starts a seal unless one runs or the last one failed a moment ago. Never throws. */
  begin(): void {
    if (this.#running !== undefined || !this.#backoff.mayTry) return;
    this.#run().catch(() => {
      // Counted and logged where it happened.
    });
  }

  /**
   * Seals everything up to a log position; with `startUntilUnixMillis` no further seal begins from that moment on.
   *
   * @returns whether everything up to the position is sealed
   * @throws TracAggError what the seal failed with
   */
  async sealThrough(
    position: number,
    startUntilUnixMillis: number = Number.POSITIVE_INFINITY,
  ): Promise<boolean> {
    const { hot, clock } = this.#options;
    while (this.#running !== undefined) await this.#running.catch(() => {});
    while ((hot.blocks()[0]?.firstPosition ?? Number.POSITIVE_INFINITY) <= position) {
      if (this.#running === undefined && clock.nowMillis() >= startUntilUnixMillis) return false;
      await (this.#running ?? this.#run());
    }
    return true;
  }

  /** Waits for the seal that runs, if any. */
  async idle(): Promise<void> {
    await this.#running?.catch(() => {});
  }

  #run(): Promise<void> {
    const run = this.#sealOnce().finally(() => {
      this.#running = undefined;
      this.#endedAtUnixMillis = this.#options.clock.nowMillis();
    });
    this.#running = run;
    return run;
  }

  async #sealOnce(): Promise<void> {
    const { hot, logger, clock } = this.#options;
    hot.closeBlock();
    const blocks = this.#blocksToSeal();
    if (blocks.length === 0) return;
    const name = segmentName(blocks[0]!.firstPosition, blocks.at(-1)!.lastPosition);
    const startedAt = clock.nowMillis();
    try {
      const { meta, cpuMicros } = await this.#write(name, blocks);
      await this.#options.publish(name, meta);
      this.#backoff.succeeded();
      this.counts.seals++;
      this.counts.spans += meta.spanCount;
      this.counts.cpuMicros += cpuMicros;
      logger.info("segment sealed", {
        segment: name,
        spans: meta.spanCount,
        traces: meta.traceCount,
        millis: clock.nowMillis() - startedAt,
      });
    } catch (thrown) {
      const cause = errorFrom(thrown);
      this.counts.failures++;
      const retryMillis = this.#backoff.failed();
      logger.error("sealing failed; spans stay in memory and in the log", {
        segment: name,
        reason: cause.message,
        retryMillis,
      });
      throw cause;
    }
  }

  #blocksToSeal(): readonly HotBlock[] {
    const blocks: HotBlock[] = [];
    let bytes = 0;
    for (const block of this.#options.hot.closedBlocks()) {
      bytes += block.byteSize;
      if (blocks.length > 0 && bytes > this.#options.maxSealBytes) break;
      blocks.push(block);
    }
    return blocks;
  }

  async #write(name: string, blocks: readonly HotBlock[]): Promise<Sealed> {
    const { set, layer } = this.#options;
    const directory = set.unfinishedPath(name);
    await layer.remove(directory);
    await layer.makeDirectory(directory);
    const older = set.segments;
    for (const segment of older) segment.hold();
    const request: SealRequest = {
      directory,
      temporaryDirectory: this.#options.temporaryDirectory,
      memoryLimitBytes: this.#options.memoryLimitBytes,
      name,
      writtenBy: this.#options.writtenBy,
      firstPosition: blocks[0]!.firstPosition,
      lastPosition: blocks.at(-1)!.lastPosition,
      firstArrivalUnixMillis: Math.min(...blocks.map((block) => block.oldestArrivalUnixMillis)),
      lastArrivalUnixMillis: Math.max(...blocks.map((block) => block.newestArrivalUnixMillis)),
      attributeKeys: this.#options.attributeKeys,
      olderSegments: older.map((segment) => ({
        name: segment.name,
        directory: segment.directory,
        filter: segment.filter.shared(),
      })),
    };
    try {
      return await this.#options.seal(request, batchesOf(blocks));
    } finally {
      for (const segment of older) segment.release();
    }
  }
}

function batchesOf(blocks: readonly HotBlock[]): SpanBatch[] {
  return blocks.flatMap((block) => block.batches.map(({ batch }) => batch));
}
