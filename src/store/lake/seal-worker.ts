/** The sealing thread: owns a DuckDB of its own, so that sealing never holds up the event loop of the server. */

import { parentPort } from "node:worker_threads";
import { unpackBatch } from "../../batch/packed-batch.ts";
import { LinkShapes } from "./link-shapes.ts";
import type { SealAnswer, SealMessage } from "./seal-request.ts";
import { writeSegment } from "./segment-writer.ts";
import { failedAnswer } from "./thread-answer.ts";

/** What this thread worked out once holds for its next seals. */
const shapes = new LinkShapes();

async function seal({ request, batch }: SealMessage): Promise<SealAnswer> {
  const before = process.cpuUsage();
  try {
    const meta = await writeSegment(request, unpackBatch(batch), shapes);
    const { user, system } = process.cpuUsage(before);
    return { kind: "sealed", meta, cpuMicros: user + system };
  } catch (thrown) {
    return failedAnswer(thrown);
  }
}

parentPort?.on("message", (message: SealMessage) => {
  void seal(message).then((answer) => parentPort?.postMessage(answer));
});
