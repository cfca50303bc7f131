/** The store's side of the sealing thread: starts it, feeds it without holding up the event loop, hears its answer. */

import type { Worker } from "node:worker_threads";
import { startWorker } from "../../io/worker-pool.ts";
import type { SealAnswer, SealMessage, SealRequest } from "./seal-request.ts";
import type { SegmentMeta } from "./segment-meta.ts";
import { answerOf } from "./thread-answer.ts";

/** Bytes copied at a time; four mebibytes take about a millisecond. */
const COPY_BYTES = 4 * 1024 * 1024;

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
   * Seals payloads into `request.directory`. One call at a time.
   *
   * @throws TracAggError `unavailable` when there is no space left, `internal` when the thread fails or dies.
   */
  async seal(request: SealRequest, payloads: readonly Uint8Array[]): Promise<Sealed> {
    this.#running ??= this.#worker();
    const worker = this.#running;
    const answer = answerOf<SealAnswer>({ worker, doing: "sealing" });
    // A thread that dies while it is fed is heard of here, not as an unhandled rejection.
    answer.catch(() => {});
    try {
      const gathered = await gatherPayloads(payloads);
      const message: SealMessage = { request, ...gathered };
      worker.postMessage(message, [gathered.bytes.buffer]);
      const { meta, cpuMicros } = await answer;
      return { meta, cpuMicros };
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

/** Copies payloads end to end into a buffer the thread then owns, with a breath for the event loop on the way. */
async function gatherPayloads(
  payloads: readonly Uint8Array[],
): Promise<{ readonly bytes: Uint8Array<ArrayBuffer>; readonly lengths: Uint32Array }> {
  const lengths = Uint32Array.from(payloads, ({ length }) => length);
  const bytes = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0));
  let filled = 0;
  let untilBreath = COPY_BYTES;
  for (const payload of payloads) {
    for (let start = 0; start < payload.length; ) {
      const part = payload.subarray(start, start + untilBreath);
      bytes.set(part, filled);
      filled += part.length;
      start += part.length;
      untilBreath -= part.length;
      if (untilBreath > 0) continue;
      untilBreath = COPY_BYTES;
      await breath();
    }
  }
  return { bytes, lengths };
}

function breath(): Promise<void> {
  return new Promise<void>((resolve) => {
    setImmediate(resolve);
  });
}
