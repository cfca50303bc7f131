/** The store's side of the sealing thread: starts it, feeds it without holding up the event loop, hears its answer. */

import { Worker } from "node:worker_threads";
import { TracAggError } from "../../base/errors.ts";
import type { PayloadMessage, SealAnswer, SealMessage, SealRequest } from "./seal-request.ts";
import type { SegmentMeta } from "./segment-meta.ts";

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
  async seal(request: SealRequest, payloads: Iterable<Uint8Array>): Promise<Sealed> {
    this.#running ??= this.#worker();
    const worker = this.#running;
    const answer = answerOf(worker);
    // A thread that dies while it is fed is heard of here, not as an unhandled rejection.
    answer.catch(() => {});
    try {
      post(worker, request);
      await postPayloads(worker, payloads);
      post(worker, { kind: "end" });
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

/** The built worker, beside this file in the build, or in `dist` when this file runs from its source. */
function startSealWorker(): Worker {
  const isSource = import.meta.url.endsWith(".ts");
  const path = isSource ? "../../../dist/src/store/lake/seal-worker.js" : "./seal-worker.js";
  // No flags of the parent: a loader for TypeScript, say, has nothing to do in the build.
  const worker = new Worker(new URL(path, import.meta.url), { name: "tracagg-seal", execArgv: [] });
  worker.unref();
  return worker;
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
      worker.off("exit", onExit);
      worker.unref();
    };
    worker.on("message", onMessage);
    worker.on("error", onError);
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

function post(worker: Worker, message: SealMessage, transfer: readonly ArrayBuffer[] = []): void {
  worker.postMessage(message, transfer);
}

/** Copies payloads into buffers the thread then owns, with a breath for the event loop after each few mebibytes. */
async function postPayloads(worker: Worker, payloads: Iterable<Uint8Array>): Promise<void> {
  let bytes = new Uint8Array(COPY_BYTES);
  let used = 0;
  let lengths: number[] = [];
  const send = async (): Promise<void> => {
    const filled = bytes.subarray(0, used);
    const message: PayloadMessage = { kind: "payloads", bytes: filled, lengths: Uint32Array.from(lengths) };
    post(worker, message, [bytes.buffer]);
    lengths = [];
    used = 0;
    await breath();
  };
  for (const payload of payloads) {
    if (used > 0 && used + payload.length > bytes.length) {
      await send();
      bytes = new Uint8Array(COPY_BYTES);
    }
    if (payload.length > bytes.length) bytes = new Uint8Array(payload.length);
    for (let start = 0; start < payload.length; start += COPY_BYTES) {
      if (start > 0) await breath();
      const part = payload.subarray(start, start + COPY_BYTES);
      bytes.set(part, used);
      used += part.length;
    }
    lengths.push(payload.length);
  }
  if (lengths.length > 0) await send();
}

function breath(): Promise<void> {
  return new Promise<void>((resolve) => {
    setImmediate(resolve);
  });
}
