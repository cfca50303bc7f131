/** The merging thread: one merge, then it ends, so that an idle server keeps nothing of it. */

import { readFileSync } from "node:fs";
import { parentPort } from "node:worker_threads";
import type { MergeAnswer, MergeRequest } from "./merge-request.ts";
import { mergeSegments } from "./segment-merger.ts";
import { failedAnswer } from "./thread-answer.ts";

async function answer(request: MergeRequest): Promise<MergeAnswer> {
  try {
    const outcome = await mergeSegments(request);
    return outcome.kind === "refused" ? outcome : { ...outcome, cpuMicros: threadCpuMicros() };
  } catch (thrown) {
    return failedAnswer(thrown);
  }
}

/** CPU time of this thread since it began; of the whole process where the system does not tell. */
function threadCpuMicros(): number {
  try {
    const [nanos] = readFileSync("/proc/thread-self/schedstat", "utf8").split(" ");
    return Math.round(Number(nanos) / 1_000);
  } catch {
    // No Linux: others' work is then in the figure, which is why it is not the first choice.
    const { user, system } = process.cpuUsage();
    return user + system;
  }
}

parentPort?.on("message", (request: MergeRequest) => {
  void answer(request).then((outcome) => parentPort?.postMessage(outcome));
});
