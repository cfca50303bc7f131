/** Worker threads that do one job at a time, started when there is one and ended when there has been none for long. */

import { Worker } from "node:worker_threads";
import type { ErrorCode } from "../base/errors.ts";
import { TracAggError } from "../base/errors.ts";

/** What a thread is sent: a job, or leave to hand over the next part of its answer. */
export type ToThread = { readonly kind: "job"; readonly job: unknown } | { readonly kind: "more" };

/** What a thread sends: parts of an answer, each only when the one before was taken, then its end. */
export type FromThread =
  | { readonly kind: "part"; readonly value: unknown }
  | { readonly kind: "done"; readonly value: unknown }
  | {
      readonly kind: "failed";
      readonly code: ErrorCode;
      readonly message: string;
      readonly field: string | undefined;
    };

/** Limits of a {@link WorkerPool}. */
export interface WorkerPoolOptions {
  /** Makes a thread that serves jobs. */
  readonly start: () => Worker;
  /** Threads at once. */
  readonly maxThreads: number;
  /** Jobs waiting for a thread; one more is refused with `overloaded`. */
  readonly maxWaiting: number;
  /** How long a thread without work is kept: starting one costs some 50 ms, keeping it some 20 MiB. */
  readonly idleMillis: number;
}

/** One job. */
export interface JobOptions {
  /** Buffers that become the thread's. */
  readonly transfer?: readonly ArrayBuffer[];
  /** Takes the parts of the answer in order; the thread waits meanwhile. */
  readonly onPart?: ((part: unknown) => void) | undefined;
  /** Ends the job: one that waits is forgotten, one at work ends with its thread, which cannot hear of it meanwhile. */
  readonly signal?: AbortSignal | undefined;
}

interface Pending extends JobOptions {
  readonly job: unknown;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: TracAggError) => void;
}

/** Hands jobs to threads in the order they come. */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #threads = new Set<Thread>();
  readonly #waiting: Pending[] = [];
  #isStopped = false;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
  }

  /** Jobs that wait for a thread. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * Runs a job; resolves with what the thread's work returned.
   *
   * @throws TracAggError what the work threw; `overloaded` when too many jobs wait, `too_large` when the thread ran out
   *   of memory, `internal` when it died otherwise, `cancelled` when the signal aborts, `unavailable` after `stop`.
   */
  async run(job: unknown, options: JobOptions = {}): Promise<unknown> {
    if (this.#isStopped) throw stopped();
    const { signal } = options;
    if (signal?.aborted) throw cancelled(signal);
    if (this.#waiting.length >= this.#options.maxWaiting) throw this.#tooMany();
    let leave: (() => void) | undefined;
    try {
      return await new Promise((resolve, reject) => {
        const pending = { ...options, job, resolve, reject };
        leave = () => this.#cancel(pending);
        signal?.addEventListener("abort", leave, { once: true });
        this.#waiting.push(pending);
        this.#next();
      });
    } finally {
      if (leave !== undefined) signal?.removeEventListener("abort", leave);
    }
  }

  /** Ends every thread; jobs not done are refused. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const { reject } of this.#waiting.splice(0)) reject(stopped());
    await Promise.all([...this.#threads].map((thread) => thread.end(stopped())));
  }

  #cancel(pending: Pending): void {
    const error = cancelled(pending.signal);
    const place = this.#waiting.indexOf(pending);
    if (place >= 0) {
      this.#waiting.splice(place, 1);
      pending.reject(error);
      return;
    }
    for (const thread of this.#threads) if (thread.isAt(pending)) void thread.end(error);
  }

  #next(): void {
    if (this.#waiting.length === 0) return;
    const thread = this.#freeThread();
    const pending = thread === undefined ? undefined : this.#waiting.shift();
    if (pending !== undefined) thread?.work(pending);
  }

  #freeThread(): Thread | undefined {
    for (const thread of this.#threads) if (!thread.isBusy) return thread;
    if (this.#threads.size >= this.#options.maxThreads) return undefined;
    const thread: Thread = new Thread(this.#options, {
      onFree: () => this.#next(),
      onEnd: () => {
        this.#threads.delete(thread);
        this.#next();
      },
    });
    this.#threads.add(thread);
    return thread;
  }

  #tooMany(): TracAggError {
    return new TracAggError(
      "overloaded",
      `${this.#options.maxWaiting} jobs wait for a worker thread already; send again later`,
      { retryAfterMillis: 1_000 },
    );
  }
}

interface ThreadEvents {
  readonly onFree: () => void;
  readonly onEnd: () => void;
}

/** One worker and the job it has. */
class Thread {
  readonly #worker: Worker;
  readonly #idleMillis: number;
  readonly #events: ThreadEvents;
  #pending: Pending | undefined;
  #idleTimer: NodeJS.Timeout | undefined;
  #isEnded = false;

  constructor({ start, idleMillis }: WorkerPoolOptions, events: ThreadEvents) {
    this.#idleMillis = idleMillis;
    this.#events = events;
    this.#worker = start();
    this.#worker
      .on("message", (message: FromThread) => this.#hear(message))
      .on("error", (cause) => void this.end(diedOf(cause)))
      // What cannot be read would never be answered, and the thread would wait for it for ever.
      .on("messageerror", (cause) => void this.end(diedOf(cause)))
      .on("exit", (code) => void this.end(diedOf(new Error(`it ended with code ${code}`))));
  }

  get isBusy(): boolean {
    return this.#pending !== undefined || this.#isEnded;
  }

  isAt(pending: Pending): boolean {
    return this.#pending === pending;
  }

  work(pending: Pending): void {
    clearTimeout(this.#idleTimer);
    this.#pending = pending;
    // Without a reference the process could end while somebody waits for the job.
    this.#worker.ref();
    this.#post({ kind: "job", job: pending.job }, pending.transfer);
  }

  /** Ends the thread whatever it does; the job it has fails with `error`. */
  async end(error: TracAggError): Promise<void> {
    if (this.#isEnded) return;
    this.#isEnded = true;
    clearTimeout(this.#idleTimer);
    this.#pending?.reject(error);
    this.#pending = undefined;
    this.#events.onEnd();
    await this.#worker.terminate();
  }

  #hear(message: FromThread): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    if (message.kind === "part") {
      this.#takePart(pending, message.value);
      return;
    }
    this.#pending = undefined;
    this.#rest();
    if (message.kind === "done") pending.resolve(message.value);
    else {
      const { code, field } = message;
      pending.reject(new TracAggError(code, message.message, field === undefined ? {} : { field }));
    }
    this.#events.onFree();
  }

  #takePart(pending: Pending, part: unknown): void {
    try {
      pending.onPart?.(part);
    } catch (cause) {
      void this.end(cause instanceof TracAggError ? cause : diedOf(cause));
      return;
    }
    this.#post({ kind: "more" });
  }

  #rest(): void {
    this.#worker.unref();
    this.#idleTimer = setTimeout(() => void this.end(stopped()), this.#idleMillis);
    this.#idleTimer.unref();
  }

  #post(message: ToThread, transfer: readonly ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer);
  }
}

/** Where the script of a thread is. */
export interface WorkerScript {
  /** `import.meta.url` of the file that asks. */
  readonly askedFrom: string;
  /** The built script, relative to the source file that asks; in the build it lies beside that file. */
  readonly inDist: string;
  /** Memory for the thread's objects; over it the thread ends, not the process. Absent: what Node gives a thread. */
  readonly maxHeapMib?: number;
}

/** Starts a thread from its built script, also when the asking file runs from its source. */
export function startWorker(name: string, { askedFrom, inDist, maxHeapMib }: WorkerScript): Worker {
  const path = askedFrom.endsWith(".ts") ? inDist : `./${inDist.slice(inDist.lastIndexOf("/") + 1)}`;
  // No flags of the parent: a loader for TypeScript, say, has nothing to do in the build.
  const worker = new Worker(new URL(path, askedFrom), {
    name,
    execArgv: [],
    ...(maxHeapMib === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: maxHeapMib } }),
  });
  worker.unref();
  return worker;
}

function diedOf(cause: unknown): TracAggError {
  if ((cause as { readonly code?: unknown } | null)?.code === "ERR_WORKER_OUT_OF_MEMORY") {
    return new TracAggError("too_large", "the work needs more memory than a worker thread may have", {
      cause,
    });
  }
  return new TracAggError("internal", `a worker thread failed: ${String(cause)}`, { cause });
}

function cancelled(signal: AbortSignal | undefined): TracAggError {
  return new TracAggError("cancelled", "the work was cancelled before it was done", {
    cause: signal?.reason,
  });
}

function stopped(): TracAggError {
  return new TracAggError("unavailable", "shutting down; ask again after a restart", {
    retryAfterMillis: 1_000,
  });
}
