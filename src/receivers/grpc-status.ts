/** Errors as gRPC says them. */

import type { OutgoingHttpHeaders } from "node:http2";
import type { TracAggError } from "../base/errors.ts";
import { encodeStatus } from "../codec/otlp-protobuf/responses.ts";
import { statusFields } from "./otlp-encoding.ts";

/** Trailers hold the message twice (plain and in the details), and clients bound all headers at 8 KiB. */
const MAX_STATUS_MESSAGE_LENGTH = 1_024;

/** Bytes that stand for themselves in `grpc-message`: visible ASCII and the space, without the percent sign. */
const NOT_PLAIN = /[^ -$&-~]+/g;

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

/** Text as `grpc-message` carries it: percent signs and all bytes of UTF-8 beyond visible ASCII are escaped. */
export function percentEncoded(text: string): string {
  return text.replace(NOT_PLAIN, (part) =>
    Array.from(Buffer.from(part), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join(""),
  );
}
