/** Errors as gRPC says them. */

import type { OutgoingHttpHeaders } from "node:http2";
import type { TracAggError } from "../base/errors.ts";
import { encodeStatus } from "../codec/otlp-protobuf/responses.ts";
import { percentEncoded } from "../io/http2-answers.ts";
import { statusFields } from "./otlp-encoding.ts";

/** Trailers hold the message twice (plain and in the details), and clients bound all headers at 8 KiB. */
const MAX_STATUS_MESSAGE_LENGTH = 1_024;

/**
 * The status of a call that failed. Retryable errors carry `google.rpc.Status` with RetryInfo in
 * `grpc-status-details-bin` (those of a field: BadRequest); others carry no RetryInfo, so that a client drops RESOURCE_EXHAUSTED for good (contract G8-G11).
 */
export function grpcStatusHeaders(error: TracAggError): OutgoingHttpHeaders {
  const fields = statusFields(error);
  const message = fields.message.slice(0, MAX_STATUS_MESSAGE_LENGTH);
  const headers: OutgoingHttpHeaders = {
    "grpc-status": fields.code,
    "grpc-message": percentEncoded(message),
  };
  if (fields.retryDelayMillis !== undefined || fields.field !== undefined) {
    headers["grpc-status-details-bin"] = Buffer.from(encodeStatus({ ...fields, message })).toString("base64");
  }
  return headers;
}
