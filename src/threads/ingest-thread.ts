/** Long requests handed to a thread of their own: decoding 64 MiB takes half a second, transcoding them two. */

import type { Worker } from "node:worker_threads";
import type { Metrics } from "../base/metrics.ts";
import type { PackedBatch } from "../batch/packed-batch.ts";
import { unpackBatch } from "../batch/packed-batch.ts";
import type { SpanBatch } from "../batch/span-batch.ts";
import type { TranscodedRequest } from "../codec/otlp-json/decode.ts";
import { otlpProtobufFromJson } from "../codec/otlp-json/decode.ts";
import type { DecodedParts } from "../codec/otlp-protobuf/request-parts.ts";
import { startWorker } from "../io/worker-pool.ts";
import type { DecodedEnd, IngestJob } from "./ingest-jobs.ts";
import { JobThread } from "./job-thread.ts";

/** JSON up to here is transcoded at once, in some 4 ms. */
const SHORT_JSON_BYTES = 128 * 1024;
/** Beyond these, requests wait in the sender: admission bounds their bytes before. */
const MAX_WAITING = 1_024;
/** A hostile request of 64 MiB has two million spans of 28 bytes, each with a resource and a scope of its own. */
const MAX_HEAP_MIB = 1_024;

/** The ingest thread. */
export interface IngestThread {
  /** Decodes a payload, which is the thread's from then on. */
  decodeLong(payload: Uint8Array): Promise<DecodedParts>;
  /** Makes protobuf of OTLP/JSON, short ones at once; the bytes are the thread's from then on. */
  transcode(json: Uint8Array): Promise<TranscodedRequest>;
  /** Ends the thread; what it has not done fails with `unavailable`. */
  stop(): Promise<void>;
}

/** Makes the thread's owner; the thread itself starts with the first long request and ends when there is none. */
export function createIngestThread(metrics: Metrics): IngestThread {
  const thread = new JobThread<IngestJob>({
    metrics,
    name: "ingest",
    jobs: "Long requests, decoded or transcoded from JSON,",
    start: startIngestWorker,
    maxWaiting: MAX_WAITING,
  });
  const run = (job: IngestJob, bytes: Uint8Array, onPart?: (part: unknown) => void): Promise<unknown> =>
    thread.run(job, { transfer: [bytes.buffer as ArrayBuffer], onPart });
  return {
    decodeLong: async (bytes) => {
      const payload = aloneInItsBuffer(bytes);
      const parts: SpanBatch[] = [];
      const end = await run({ kind: "decode", payload }, payload, (part) => {
        parts.push(unpackBatch(part as PackedBatch));
      });
      return { ...(end as DecodedEnd), parts };
    },
    transcode: async (bytes) => {
      if (bytes.length <= SHORT_JSON_BYTES) return otlpProtobufFromJson(bytes);
      const json = aloneInItsBuffer(bytes);
      return (await run({ kind: "transcode", json }, json)) as TranscodedRequest;
    },
    stop: () => thread.stop(),
  };
}

/** What inflating leaves free behind its output, and a little more. */
const MAX_SPARE_BYTES = 1_024;

/** A transfer takes the whole buffer, whoever else looks into it. */
function aloneInItsBuffer(bytes: Uint8Array): Uint8Array {
  const isAlone = bytes.buffer instanceof ArrayBuffer && isNearlyAll(bytes);
  return isAlone ? bytes : bytes.slice();
}

function isNearlyAll({ byteLength, buffer }: Uint8Array): boolean {
  return buffer.byteLength - byteLength <= MAX_SPARE_BYTES;
}

function startIngestWorker(): Worker {
  return startWorker("tracagg-ingest", {
    askedFrom: import.meta.url,
    inDist: "../../dist/src/threads/ingest-worker.js",
    maxHeapMib: MAX_HEAP_MIB,
  });
}
