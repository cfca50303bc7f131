/** Merges neighbouring segments into larger ones: one merge at a time, tried again with patience when it fails. */

import { join } from "node:path";
import type { Clock } from "../../base/clock.ts";
import { errorFrom } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import type { FileLayer } from "../../io/file-layer.ts";
import { Backoff } from "./backoff.ts";
import type { MergeAnswer, MergeRequest } from "./merge-request.ts";
import type { RunLimits } from "./merge-runs.ts";
import { isPressing, nextRun } from "./merge-runs.ts";
import type { Segment } from "./segment.ts";
import { parquetFilesOf, segmentName } from "./segment-format.ts";
import type { SegmentMeta } from "./segment-meta.ts";
import type { SegmentSet } from "./segment-set.ts";
import { encodeSplits, mergedSplits } from "./split-file.ts";
import type { FailedAnswer } from "./thread-answer.ts";

const FIRST_RETRY_MILLIS = 10_000;
/** A merge that fails costs minutes of a core and gigabytes of temporary files: no use in trying often. */
const LAST_RETRY_MILLIS = 3_600_000;
/** Spans of one trace that are brought together from several segments: some 200 MiB while it is done. */
const MAX_REUNITED_SPANS = 200_000;

/** What a compactor works with. */
export interface CompactorOptions {
  readonly set: SegmentSet;
  readonly limits: RunLimits;
  readonly layer: FileLayer;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly writtenBy: string;
  readonly temporaryDirectory: string;
  readonly memoryLimitBytes: number;
  readonly spansSortedAtOnce: number;
  /** Attribute keys whose columns go before all others. */
  readonly attributeKeys: readonly string[];
  /** Ids of the traces of these segments that are not to be taken over. */
  leftOut(inputs: readonly Segment[]): Promise<ReadonlySet<string>>;
  merge(request: MergeRequest): Promise<Exclude<MergeAnswer, FailedAnswer>>;
  /** Ends the merge that runs, if any. */
  cancel(): Promise<void>;
  /** Puts the merged segment in use in place of the inputs; false when one of them is in use no more. */
  publish(name: string, meta: SegmentMeta, inputs: readonly Segment[]): Promise<boolean>;
}

/** Counters since the start. */
export interface CompactionCounts {
  compactions: number;
  failures: number;
  /** Segments that were merged into others. */
  segments: number;
  /** Traces that the thinning policy left out. */
  thinnedTraces: number;
  cpuMicros: number;
}

/** Runs merges. */
export class Compactor {
  readonly counts: CompactionCounts = {
    compactions: 0,
    failures: 0,
    segments: 0,
    thinnedTraces: 0,
    cpuMicros: 0,
  };
  readonly #options: CompactorOptions;
  readonly #backoff: Backoff;
  /** Segments in use that cannot be merged. */
  #apart: ReadonlySet<string> = new Set();
  #running: Promise<void> | undefined;
  #isStopped = false;

  constructor(options: CompactorOptions) {
    this.#options = options;
    const { clock } = options;
    this.#backoff = new Backoff({ clock, firstMillis: FIRST_RETRY_MILLIS, longestMillis: LAST_RETRY_MILLIS });
  }

  /** True while a merge runs. */
  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** True when there are segments to merge and no failure a moment ago speaks against it. */
  get isDue(): boolean {
    return this.#run() !== undefined;
  }

  /** True when a merge has waited for a quiet moment long enough. */
  get isPressing(): boolean {
    const run = this.#run();
    const { set, limits } = this.#options;
    return run !== undefined && isPressing(run, set.segments, limits);
  }

  /** Starts a merge if one is due and none runs. Never throws. */
  begin(): void {
    const run = this.#run();
    if (this.#running !== undefined || run === undefined) return;
    this.#running = this.#compact(run).finally(() => {
      this.#running = undefined;
    });
  }

  /** Ends the merge that runs, if any, without a result, and begins no other. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#options.cancel();
    await this.#running;
  }

  #run(): readonly Segment[] | undefined {
    const { set, limits } = this.#options;
    if (this.#isStopped || !this.#backoff.mayTry) return undefined;
    return nextRun(set.segments, limits, this.#apart);
  }

  async #compact(inputs: readonly Segment[]): Promise<void> {
    const { logger, clock } = this.#options;
    const name = segmentName(inputs[0]!.meta.firstPosition, inputs.at(-1)!.meta.lastPosition);
    const startedAt = clock.nowMillis();
    try {
      const merged = await this.#mergeAndPublish(name, inputs);
      this.#backoff.succeeded();
      if (merged === undefined) return;
      logger.info("segments merged", {
        segment: name,
        segments: inputs.length,
        spans: merged.spanCount,
        traces: merged.traceCount,
        millis: clock.nowMillis() - startedAt,
      });
    } catch (thrown) {
      if (this.#isStopped) return;
      this.counts.failures++;
      const retryMillis = this.#backoff.failed();
      logger.error("merging failed; the segments stay in use as they are", {
        segment: name,
        reason: errorFrom(thrown).message,
        retryMillis,
      });
    }
  }

  async #mergeAndPublish(name: string, inputs: readonly Segment[]): Promise<SegmentMeta | undefined> {
    const { set, layer, temporaryDirectory } = this.#options;
    const workDirectory = join(temporaryDirectory, `merge-${name}`);
    let isPublished = false;
    for (const input of inputs) input.hold();
    try {
      const merged = await this.#write(name, inputs, workDirectory);
      if (merged === undefined || this.#isStopped) return undefined;
      await set.syncUnfinished(name, merged.meta);
      isPublished = await this.#options.publish(name, merged.meta, inputs);
      if (!isPublished) return undefined;
      this.counts.compactions++;
      this.counts.segments += inputs.length;
      this.counts.thinnedTraces += merged.leftOutCount;
      this.counts.cpuMicros += merged.cpuMicros;
      return merged.meta;
    } finally {
      for (const input of inputs) input.release();
      await layer.remove(workDirectory).catch(() => {
        // What is left there goes at the next start, with all temporary files.
      });
      if (isPublished) await set.discardReplaced(inputs);
      else await set.abandon(name);
    }
  }

  /** Writes the merged segment; undefined when the inputs are not fit for it. */
  async #write(
    name: string,
    inputs: readonly Segment[],
    workDirectory: string,
  ): Promise<{ meta: SegmentMeta; cpuMicros: number; leftOutCount: number } | undefined> {
    const { set, layer, logger } = this.#options;
    // What a merge reads is never read again from the inputs: damage has to be found before.
    for (const input of inputs) {
      if (!(await set.verify(input, parquetFilesOf(input.meta.formatVersion)))) return undefined;
    }
    const leftOut = await this.#options.leftOut(inputs);
    const directory = set.unfinishedPath(name);
    for (const folder of [directory, workDirectory]) {
      await layer.remove(folder);
      await layer.makeDirectory(folder);
    }
    if (this.#isStopped) return undefined;
    const answer = await this.#options.merge(this.#request(name, inputs, { workDirectory, leftOut }));
    if (answer.kind === "merged") return { ...answer, leftOutCount: leftOut.size };
    logger.warn("segments are left unmerged", { segments: answer.inputs.join(), reason: answer.reason });
    const live = new Set(set.segments.map((segment) => segment.name));
    this.#apart = new Set([...this.#apart, ...answer.inputs].filter((each) => live.has(each)));
    return undefined;
  }

  #request(
    name: string,
    inputs: readonly Segment[],
    { workDirectory, leftOut }: { workDirectory: string; leftOut: ReadonlySet<string> },
  ): MergeRequest {
    const { set, writtenBy, temporaryDirectory, memoryLimitBytes, spansSortedAtOnce, attributeKeys } =
      this.#options;
    const { firstPosition } = inputs[0]!.meta;
    const older = set.segments.filter(({ meta }) => meta.lastPosition < firstPosition);
    const splits = mergedSplits(
      name,
      { inputs: namesOf(inputs), older: namesOf(older) },
      set.splits.snapshot(),
    );
    return {
      directory: set.unfinishedPath(name),
      temporaryDirectory,
      workDirectory,
      memoryLimitBytes,
      spansSortedAtOnce,
      maxReunitedSpans: MAX_REUNITED_SPANS,
      name,
      writtenBy,
      inputs: inputs.map((input) => ({ name: input.name, directory: input.directory, meta: input.meta })),
      attributeKeys,
      splits: encodeSplits(splits),
      leftOutTraceIds: Buffer.from([...leftOut].join(""), "hex"),
    };
  }
}

function namesOf(segments: readonly Segment[]): ReadonlySet<string> {
  return new Set(segments.map(({ name }) => name));
}
