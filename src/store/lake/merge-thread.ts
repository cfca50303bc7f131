/** The store's side of the merging thread: one for each merge, ended with it. */

import type { Worker } from "node:worker_threads";
import { startWorker } from "../../io/worker-pool.ts";
import type { MergeAnswer, MergeRequest } from "./merge-request.ts";
import type { FailedAnswer } from "./thread-answer.ts";
import { answerOf } from "./thread-answer.ts";

/** Starts a thread for a merge and waits for it. */
export class MergeThread {
  readonly #worker: () => Worker;
  #running: Worker | undefined;

  /** @param startWorker makes the thread; the default runs `merge-worker` of the build. */
  constructor(startWorker: () => Worker = startMergeWorker) {
    this.#worker = startWorker;
  }

  /**
   * Merges segments into `request.directory`. One call at a time.
   *
   * @throws TracAggError `unavailable` when there is no space left, `internal` when the thread fails, dies or is
   *   cancelled.
   */
  async merge(request: MergeRequest): Promise<Exclude<MergeAnswer, FailedAnswer>> {
    const worker = this.#worker();
    this.#running = worker;
    try {
      const answer = answerOf<MergeAnswer>({ worker, doing: "merging" });
      worker.postMessage(request);
      return await answer;
    } finally {
      this.#running = undefined;
      await worker.terminate();
    }
  }

  /** Ends the merge that runs, if any, as soon as the database comes to the end of a step. */
  async cancel(): Promise<void> {
    await this.#running?.terminate();
  }
}

function startMergeWorker(): Worker {
  return startWorker("tracagg-merge", {
    askedFrom: import.meta.url,
    inDist: "../../../dist/src/store/lake/merge-worker.js",
  });
}
