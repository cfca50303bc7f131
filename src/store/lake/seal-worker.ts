/** The sealing thread: owns a DuckDB of its own, so that sealing never holds up the event loop of the server. */

import { parentPort } from "node:worker_threads";
import { errorFrom } from "../../base/errors.ts";
import type { SealAnswer, SealMessage, SealRequest } from "./seal-request.ts";
import { writeSegment } from "./segment-writer.ts";

/** Collects the messages of one seal after another and answers each. */
class SealWorker {
  #request: SealRequest | undefined;
  #payloads: Uint8Array[] = [];

  async receive(message: SealMessage): Promise<SealAnswer | undefined> {
    if (message.kind === "seal") {
      this.#request = message;
      this.#payloads = [];
    } else if (message.kind === "payloads") {
      let start = 0;
      for (const length of message.lengths) {
        this.#payloads.push(message.bytes.subarray(start, start + length));
        start += length;
      }
    } else {
      return this.#seal();
    }
    return undefined;
  }

  async #seal(): Promise<SealAnswer> {
    const before = process.cpuUsage();
    const payloads = this.#payloads;
    this.#payloads = [];
    try {
      const meta = await writeSegment(this.#request!, payloads);
      const { user, system } = process.cpuUsage(before);
      return { kind: "sealed", meta, cpuMicros: user + system };
    } catch (thrown) {
      const cause = errorFrom(thrown);
      return { kind: "failed", message: cause.message, code: (thrown as { code?: string }).code };
    }
  }
}

const worker = new SealWorker();
parentPort?.on("message", (message: SealMessage) => {
  void worker.receive(message).then((answer) => {
    if (answer !== undefined) parentPort?.postMessage(answer);
  });
});
