/** The store's side of the sealing thread: starts it, feeds it without holding up the event loop, hears its answer. */

import type { Worker } from "node:worker_threads";
import { TimeSlice } from "../../base/time-slice.ts";
import { BatchMerge } from "../../batch/batch-merge.ts";
import type { PackedBatch } from "../../batch/packed-batch.ts";
import { buffersOf } from "../../batch/packed-batch.ts";
import type { SpanBatch } from "../../batch/span-batch.ts";
import { startWorker } from "../../io/worker-pool.ts";
import type { SealAnswer, SealMessage, SealRequest } from "./seal-request.ts";
import type { SegmentMeta } from "./segment-meta.ts";
import { answerOf } from "./thread-answer.ts";

/** What a seal gave. */
export interface Sealed {
  readonly meta: SegmentMeta;
  /** CPU time of the whole process while the thread worked; its own unless others worked too. */
  readonly cpuMicros: number;
}

/** How long a thread is kept for the next seal, whose code is then compiled already; it holds what a seal took. */
const IDLE_MILLIS = 30_000;

/** One thread, started when there is something to seal, and ended when there has been nothing for long. */
export class SealThread {
  readonly #worker: () => Worker;
  readonly #idleMillis: number;
  #running: Worker | undefined;
  #idle: NodeJS.Timeout | undefined;

  /** @param startWorker makes the thread; the default runs `seal-worker` of the build. */
  constructor(startWorker: () => Worker = startSealWorker, idleMillis: number = IDLE_MILLIS) {
    this.#worker = startWorker;
    this.#idleMillis = idleMillis;
  }

  /**
   * Seals batches into `request.directory`. One call at a time.
   *
   * @throws TracAggError `unavailable` when there is no space left, `internal` when the thread fails or dies.
   */
  async seal(request: SealRequest, batches: readonly SpanBatch[]): Promise<Sealed> {
    clearTimeout(this.#idle);
    this.#running ??= this.#worker();
    const worker = this.#running;
    const answer = answerOf<SealAnswer>({ worker, doing: "sealing" });
    // A thread that dies while it is fed is heard of here, not as an unhandled rejection.
    answer.catch(() => {});
    try {
      const batch = await merged(batches);
      const message: SealMessage = { request, batch };
      worker.postMessage(message, buffersOf(batch));
      const { meta, cpuMicros } = await answer;
      this.#idle = setTimeout(() => void this.stop(), this.#idleMillis).unref();
      return { meta, cpuMicros };
    } catch (thrown) {
      await this.stop();
      throw thrown;
    }
  }

  /** Ends the thread; the next seal starts another. */
  async stop(): Promise<void> {
    clearTimeout(this.#idle);
    const worker = this.#running;
    this.#running = undefined;
    await worker?.terminate();
  }
}

function startSealWorker(): Worker {
  return startWorker("tracagg-seal", {
    askedFrom: import.meta.url,
    inDist: "../../../dist/src/store/lake/seal-worker.js",
  });
}

/** Copies batches into one that the thread then owns; requests of others are served in between. */
async function merged(batches: readonly SpanBatch[]): Promise<PackedBatch> {
  const merge = new BatchMerge(batches);
  const slice = new TimeSlice();
  for (const batch of batches) {
    merge.add(batch);
    if (slice.isOver(batch.rowCount)) await slice.rest();
  }
  return merge.packed();
}
