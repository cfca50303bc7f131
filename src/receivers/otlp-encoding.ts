/** The two encodings of OTLP/HTTP: how requests are recognised and answers written. */

import type { IncomingHttpHeaders } from "node:http";
import { TracAggError } from "../base/errors.ts";
import type { ExportResult, StatusMessage } from "../codec/otlp-protobuf/responses.ts";
import {
  encodeExportResponse,
  encodeStatus,
  exportResponseJson,
  statusJson,
} from "../codec/otlp-protobuf/responses.ts";
import type { OtlpTransport } from "./receiver-metrics.ts";

/** One encoding of OTLP/HTTP. */
export interface OtlpEncoding {
  readonly contentType: string;
  readonly transport: OtlpTransport;
  /** `ExportTraceServiceResponse`. */
  response(result: ExportResult): Uint8Array;
  /** `google.rpc.Status`. */
  status(error: TracAggError): Uint8Array;
}

/** Longest message in an answer: keeps answers far below the 4 MiB of contract G12 and H11, and readable. */
const MAX_MESSAGE_LENGTH = 4_096;

/** `application/x-protobuf`. */
export const PROTOBUF_ENCODING: OtlpEncoding = Object.freeze({
  contentType: "application/x-protobuf",
  transport: "otlp_http_protobuf",
  response: (result: ExportResult) => encodeExportResponse(withShortMessage(result)),
  status: (error: TracAggError) => encodeStatus(statusFields(error)),
});

/** `application/json`. */
export const JSON_ENCODING: OtlpEncoding = Object.freeze({
  contentType: "application/json",
  transport: "otlp_http_json",
  response: (result: ExportResult) =>
    Buffer.from(JSON.stringify(exportResponseJson(withShortMessage(result)))),
  status: (error: TracAggError) => Buffer.from(JSON.stringify(statusJson(statusFields(error)))),
});

/** What `google.rpc.Status` says of an error: RetryInfo exactly when a retry makes sense, BadRequest with its field. */
export function statusFields(error: TracAggError): StatusMessage {
  const { grpcStatus, retryable } = error.meaning;
  return {
    code: grpcStatus,
    message: shortened(error.message),
    retryDelayMillis: retryable ? retryDelayMillis(error) : undefined,
    field: error.field,
  };
}

/** Milliseconds after which a retryable request may come again. */
export function retryDelayMillis(error: TracAggError): number {
  return error.retryAfterMillis ?? 1_000;
}

/** The encoding that a Content-Type names, in any case and with any parameters; undefined for others. */
export function otlpEncodingFrom(contentType: string | undefined): OtlpEncoding | undefined {
  switch (mediaType(contentType)) {
    case PROTOBUF_ENCODING.contentType:
      return PROTOBUF_ENCODING;
    case JSON_ENCODING.contentType:
      return JSON_ENCODING;
    default:
      return undefined;
  }
}

/**
 * Whether the body is under gzip.
 *
 * @throws TracAggError `unsupported_media_type` for any other content encoding
 */
export function isGzipEncoded(headers: IncomingHttpHeaders): boolean {
  const encoding = (headers["content-encoding"] ?? "").trim().toLowerCase();
  if (encoding === "" || encoding === "identity") return false;
  if (encoding === "gzip" || encoding === "x-gzip") return true;
  throw new TracAggError(
    "unsupported_media_type",
    `Content-Encoding: expected gzip or identity, got ${JSON.stringify(encoding.slice(0, 100))}`,
  );
}

function mediaType(contentType: string | undefined): string {
  if (contentType === undefined) return "";
  const end = contentType.indexOf(";");
  return (end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
}

function withShortMessage({ rejectedSpans, errorMessage }: ExportResult): ExportResult {
  return { rejectedSpans, errorMessage: shortened(errorMessage) };
}

function shortened(message: string): string {
  return message.length <= MAX_MESSAGE_LENGTH ? message : `${message.slice(0, MAX_MESSAGE_LENGTH - 3)}...`;
}
