/** Work on long requests, done in a thread of its own. */

import { packedBatch } from "../batch/batch-merge.ts";
import type { PackedBatch } from "../batch/packed-batch.ts";
import { buffersOf } from "../batch/packed-batch.ts";
import { otlpProtobufFromJson } from "../codec/otlp-json/decode.ts";
import { OtlpRequestDecoder } from "../codec/otlp-protobuf/request-decoder.ts";
import type { DecodedParts } from "../codec/otlp-protobuf/request-parts.ts";
import { decodeInParts } from "../codec/otlp-protobuf/request-parts.ts";
import type { Handover, JobSteps } from "../io/worker-jobs.ts";

/** What the ingest thread is asked for. */
export type IngestJob =
  | { readonly kind: "decode"; readonly payload: Uint8Array }
  | { readonly kind: "transcode"; readonly json: Uint8Array };

/** The end of the answer to "decode"; its parts come before as {@link PackedBatch}es. */
export type DecodedEnd = Omit<DecodedParts, "parts">;

/** Does a job. Everything is decoded before the first part is handed over: a fault anywhere refuses them all. */
export function* ingestJob(job: IngestJob): JobSteps {
  if (job.kind === "transcode") {
    const transcoded = otlpProtobufFromJson(job.json);
    return { value: transcoded, transfer: [transcoded.payload.buffer as ArrayBuffer] };
  }
  // A decoder for each job: what one request's words take is given back with it.
  const { parts, ...end } = decodeInParts(new OtlpRequestDecoder(), job.payload);
  for (const part of parts) yield handover(packedBatch([part]));
  return { value: end satisfies DecodedEnd, transfer: [] };
}

function handover(part: PackedBatch): Handover {
  return { value: part, transfer: buffersOf(part) };
}
