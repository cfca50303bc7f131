/** The other side of a worker pool: a thread that serves jobs. */

import type { MessagePort } from "node:worker_threads";
import { errorFrom } from "../base/errors.ts";
import type { FromThread, ToThread } from "./worker-pool.ts";

/** A value for the main thread, and the buffers of it that go over without a copy. */
export interface Handover {
  readonly value: unknown;
  readonly transfer: readonly ArrayBuffer[];
}

/** Work that hands parts over and ends with the rest; each part is asked for when the one before was taken. */
export type JobSteps = Generator<Handover, Handover, void>;

/** Answers the jobs that come over `port`, one at a time. */
export function serveJobs(port: MessagePort, work: (job: unknown) => JobSteps): void {
  let steps: JobSteps | undefined;
  const post = (message: FromThread, transfer: readonly ArrayBuffer[] = []): void => {
    port.postMessage(message, transfer);
  };
  port.on("message", (message: ToThread) => {
    try {
      if (message.kind === "job") steps = work(message.job);
      const step = steps?.next();
      if (step === undefined) return;
      const { value, transfer } = step.value;
      if (step.done === true) steps = undefined;
      post({ kind: step.done === true ? "done" : "part", value }, transfer);
    } catch (thrown) {
      steps = undefined;
      const { code, message: text, field } = errorFrom(thrown);
      post({ kind: "failed", code, message: text, field });
    }
  });
}
