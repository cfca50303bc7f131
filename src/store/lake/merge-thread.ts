/** The store's side of the merging thread: one for each merge, ended with it. */

import type { Worker } from "node:worker_threads";
import { startWorker } from "../../io/worker-pool.ts";
import type { MergeAnswer, MergeRequest } from "./merge-request.ts";
import type { FailedAnswer } from "./thread-answer.ts";
import { answerOf } from "./thread-answer.ts";

/** A thread that was told to end and has not by then is ended all the same: the longest step takes some seconds. */
const PATIENCE_MILLIS = 15_000;

/** Starts a thread for a merge and waits for it. */
export class MergeThread {
  readonly #worker: () => Worker;
  readonly #patienceMillis: number;
  #running:
    | { readonly worker: Worker; readonly cancelled: Int32Array; readonly ended: Promise<unknown> }
    | undefined;

  /** @param startWorker makes the thread; the default runs `merge-worker` of the build. */
  constructor(startWorker: () => Worker = startMergeWorker, patienceMillis: number = PATIENCE_MILLIS) {
    this.#worker = startWorker;
    this.#patienceMillis = patienceMillis;
  }

  /**
   * Merges segments into `request.directory`. One call at a time.
   *
   * @throws TracAggError `unavailable` when there is no space left, `internal` when the thread fails, dies or is
   *   cancelled.
   */
  async merge(request: MergeRequest): Promise<Exclude<MergeAnswer, FailedAnswer>> {
    const worker = this.#worker();
    const answer = answerOf<MergeAnswer>({ worker, doing: "merging" });
    const cancelled = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
    this.#running = { worker, cancelled, ended: answer.catch(() => {}) };
    try {
      worker.postMessage({ ...request, cancelled });
      return await answer;
    } finally {
      this.#running = undefined;
      await worker.terminate();
    }
  }

  /**
   * Ends the merge that runs, if any, as soon as the database comes to the end of a step. The thread is told, not killed:
   * what the database does in a thread of its own would come back to nobody, and end the process.
   */
  async cancel(): Promise<void> {
    if (this.#running === undefined) return;
    const { worker, cancelled, ended } = this.#running;
    Atomics.store(cancelled, 0, 1);
    const impatient = setTimeout(() => void worker.terminate(), this.#patienceMillis);
    await ended;
    clearTimeout(impatient);
  }
}

function startMergeWorker(): Worker {
  return startWorker("tracagg-merge", {
    askedFrom: import.meta.url,
    inDist: "../../../dist/src/store/lake/merge-worker.js",
  });
}
