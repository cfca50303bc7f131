/** Waiting for the one answer of a thread that writes segments. */

import type { Worker } from "node:worker_threads";
import { errorFrom, TracAggError } from "../../base/errors.ts";

/** An answer that says the work failed. */
export interface FailedAnswer {
  readonly kind: "failed";
  readonly message: string;
  /** Of an error of the system, `ENOSPC` say. */
  readonly code: string | undefined;
}

/** What a thread answers when its work threw. */
export function failedAnswer(thrown: unknown): FailedAnswer {
  return {
    kind: "failed",
    message: errorFrom(thrown).message,
    code: (thrown as { readonly code?: string }).code,
  };
}

/** A thread and how to speak of it. */
export interface AnsweringThread {
  readonly worker: Worker;
  /** What it does, for messages: `sealing`. */
  readonly doing: string;
}

/**
 * The next message of a thread, which keeps the process alive until then.
 *
 * @throws TracAggError `unavailable` when there is no space left, `internal` when the work failed or the thread died.
 */
export function answerOf<T extends { readonly kind: string }>({
  worker,
  doing,
}: AnsweringThread): Promise<Exclude<T, FailedAnswer>> {
  return new Promise((resolve, reject) => {
    // Without a reference the process could end while work it waits for is still running.
    worker.ref();
    const onMessage = (answer: T | FailedAnswer): void => {
      cleanUp();
      if (answer.kind === "failed") reject(errorOf(doing, answer as FailedAnswer));
      else resolve(answer as Exclude<T, FailedAnswer>);
    };
    const onError = (cause: unknown): void => {
      cleanUp();
      reject(new TracAggError("internal", `the ${doing} thread failed: ${String(cause)}`, { cause }));
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

function errorOf(doing: string, { message, code }: FailedAnswer): TracAggError {
  const isFull = code === "ENOSPC" || code === "EDQUOT" || /no space left|disk quota/i.test(message);
  return new TracAggError(isFull ? "unavailable" : "internal", `${doing} failed: ${message}`);
}
