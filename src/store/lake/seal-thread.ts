/** The store's side of the sealing thread: starts it, feeds it without holding up the event loop, hears its answer. */

import type { Worker } from "node:worker_threads";
import { TracAggError } from "../../base/errors.ts";
import { BatchMerge } from "../../batch/batch-merge.ts";
import type { PackedBatch } from "../../batch/packed-batch.ts";
import { buffersOf } from "../../batch/packed-batch.ts";
import type { SpanBatch } from "../../batch/span-batch.ts";
import { startWorker } from "../../io/worker-pool.ts";
import type { SealAnswer, SealMessage, SealRequest } from "./seal-request.ts";
import type { SegmentMeta } from "./segment-meta.ts";

/** Payload bytes copied at a time; with the columns beside them some two milliseconds. */
const COPY_BYTES = 2 * 1024 * 1024;

/** What a seal gave. */
export interface Sealed {
  readonly meta: SegmentMeta;
  /** CPU time of the whole process while the thread worked; its own unless others worked too. */
  readonly cpuMicros: number;
}

/** One thread, started at the first seal and kept for the next: its code is then already compiled. */
export class SealThread {
  readonly #worker: () => Worker;
  #running: Worker | undefined;

  /** @param startWorker makes the thread; the default runs `seal-worker` of the build. */
  constructor(startWorker: () => Worker = startSealWorker) {
    this.#worker = startWorker;
  }

  /**
   * Seals batches into `request.directory`. One call at a time.
   *
   * @throws TracAggError `unavailable` when there is no space left, `internal` when the thread fails or dies.
   */
  async seal(request: SealRequest, batches: readonly SpanBatch[]): Promise<Sealed> {
    this.#running ??= this.#worker();
    const worker = this.#running;
    const answer = answerOf(worker);
    // A thread that dies while it is fed is heard of here, not as an unhandled rejection.
    answer.catch(() => {});
    try {
      const batch = await merged(batches);
      const message: SealMessage = { request, batch };
      worker.postMessage(message, buffersOf(batch));
      return await answer;
    } catch (thrown) {
      await this.stop();
      throw thrown;
    }
  }

  /** Ends the thread; the next seal starts another. */
  async stop(): Promise<void> {
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

function answerOf(worker: Worker): Promise<Sealed> {
  return new Promise<Sealed>((resolve, reject) => {
    // Without a reference the process could end while a seal it waits for is still running.
    worker.ref();
    const onMessage = (answer: SealAnswer): void => {
      cleanUp();
      if (answer.kind === "sealed") resolve({ meta: answer.meta, cpuMicros: answer.cpuMicros });
      else reject(errorOf(answer));
    };
    const onError = (cause: unknown): void => {
      cleanUp();
      reject(new TracAggError("internal", `the sealing thread failed: ${String(cause)}`, { cause }));
    };
    const onExit = (code: number): void => onError(`it ended with code ${code}`);
    const cleanUp = (): void => {
      worker.off("message", onMessage);
      worker.off("error", onError);
      worker.off("messageerror", onError);
      worker.off("exit", onExit);
      worker.unref();
    };
    worker.on("message", onMessage);
    worker.on("error", onError);
    worker.on("messageerror", onError);
    worker.on("exit", onExit);
  });
}

function errorOf({
  message,
  code,
}: {
  readonly message: string;
  readonly code: string | undefined;
}): TracAggError {
  const isFull = code === "ENOSPC" || code === "EDQUOT" || /no space left|disk quota/i.test(message);
  return new TracAggError(isFull ? "unavailable" : "internal", `sealing failed: ${message}`);
}

/** Copies batches into one that the thread then owns, with a breath for the event loop on the way. */
async function merged(batches: readonly SpanBatch[]): Promise<PackedBatch> {
  const merge = new BatchMerge(batches);
  let copiedBytes = 0;
  for (const batch of batches) {
    merge.add(batch);
    copiedBytes += batch.payload.length;
    if (copiedBytes < COPY_BYTES) continue;
    copiedBytes = 0;
    await breath();
  }
  return merge.packed();
}

function breath(): Promise<void> {
  return new Promise<void>((resolve) => {
    setImmediate(resolve);
  });
}
