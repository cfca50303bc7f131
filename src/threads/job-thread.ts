/** One thread for jobs that would hold up the event loop, started by the first and ended when there are none. */

import type { Worker } from "node:worker_threads";
import type { Counter, Metrics } from "../base/metrics.ts";
import type { JobOptions } from "../io/worker-pool.ts";
import { WorkerPool } from "../io/worker-pool.ts";

const IDLE_MILLIS = 30_000;

/** What is said of a {@link JobThread}. */
export interface JobThreadOptions {
  readonly metrics: Metrics;
  /** In names of metrics: `tracagg_<name>_thread_jobs_total`, `tracagg_<name>_thread_waiting`. */
  readonly name: string;
  /** What its jobs are, for the help of the metrics: "Long requests". */
  readonly jobs: string;
  readonly start: () => Worker;
  /** Jobs that wait; one more is refused with `overloaded`. */
  readonly maxWaiting: number;
}

/** Runs jobs one after the other and counts them by kind. */
export class JobThread<Job extends { readonly kind: string }> {
  readonly #pool: WorkerPool;
  readonly #counter: Counter;

  constructor({ metrics, name, jobs, start, maxWaiting }: JobThreadOptions) {
    this.#pool = new WorkerPool({ start, maxThreads: 1, maxWaiting, idleMillis: IDLE_MILLIS });
    this.#counter = metrics.counter({
      name: `tracagg_${name}_thread_jobs_total`,
      help: `${jobs} done in a thread of their own, by kind.`,
      labelNames: ["kind"],
    });
    metrics.gauge(
      { name: `tracagg_${name}_thread_waiting`, help: `${jobs} that wait for the thread.` },
      () => this.#pool.waiting,
    );
  }

  /** What the job's work returned. @throws what `WorkerPool.run` throws. */
  async run(job: Job, options: JobOptions): Promise<unknown> {
    const answer = await this.#pool.run(job, options);
    this.#counter.add(1, { kind: job.kind });
    return answer;
  }

  /** Ends the thread; what it has not done fails with `unavailable`. */
  stop(): Promise<void> {
    return this.#pool.stop();
  }
}
