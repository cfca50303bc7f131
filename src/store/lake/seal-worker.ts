/** The sealing thread: owns a DuckDB of its own, so that sealing never holds up the event loop of the server. */

import { parentPort } from "node:worker_threads";
import { errorFrom } from "../../base/errors.ts";
import { unpackBatch } from "../../batch/packed-batch.ts";
import type { SealAnswer, SealMessage } from "./seal-request.ts";
import { writeSegment } from "./segment-writer.ts";

async function seal({ request, batch }: SealMessage): Promise<SealAnswer> {
  const before = process.cpuUsage();
  try {
    const meta = await writeSegment(request, unpackBatch(batch));
    const { user, system } = process.cpuUsage(before);
    return { kind: "sealed", meta, cpuMicros: user + system };
  } catch (thrown) {
    const cause = errorFrom(thrown);
    return { kind: "failed", message: cause.message, code: (thrown as { code?: string }).code };
  }
}

parentPort?.on("message", (message: SealMessage) => {
  void seal(message).then((answer) => parentPort?.postMessage(answer));
});
