/** Errors as gRPC says them. */

import type { StatusObject } from "@grpc/grpc-js";
import { Metadata } from "@grpc/grpc-js";
import type { TracAggError } from "../base/errors.ts";
import { encodeStatus } from "../codec/otlp-protobuf/responses.ts";
import { statusFields } from "./otlp-encoding.ts";

/** Trailers hold the message twice (plain and in the details), and clients bound all headers at 8 KiB. */
const MAX_STATUS_MESSAGE_LENGTH = 1_024;

/**
 * The status of a call that failed. Retryable errors carry `google.rpc.Status` with RetryInfo in
 * `grpc-status-details-bin` (those of a field: BadRequest); others carry no RetryInfo, so that a client drops RESOURCE_EXHAUSTED for good (contract G8-G11).
 */
export function grpcStatusFrom(error: TracAggError): StatusObject {
  const fields = statusFields(error);
  const message = fields.message.slice(0, MAX_STATUS_MESSAGE_LENGTH);
  const metadata = new Metadata();
  if (fields.retryDelayMillis !== undefined || fields.field !== undefined) {
    metadata.set("grpc-status-details-bin", Buffer.from(encodeStatus({ ...fields, message })));
  }
  return { code: fields.code, details: message, metadata };
}
