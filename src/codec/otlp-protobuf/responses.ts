/** What a server answers: `ExportTraceServiceResponse` and `google.rpc.Status`, in protobuf and in JSON. */

import { ProtobufReader } from "../../base/protobuf-reader.ts";
import { ProtobufWriter } from "../../base/protobuf-writer.ts";

/** How a request went. */
export interface ExportResult {
  readonly rejectedSpans: number;
  /** "" when there is nothing to say. */
  readonly errorMessage: string;
}

/** A refusal (`google.rpc.Status`). */
export interface StatusMessage {
  /** gRPC status number. */
  readonly code: number;
  readonly message: string;
  /** Given as `RetryInfo`: after this many milliseconds the same request may be sent again. */
  readonly retryDelayMillis?: number | undefined;
  /** Given as `BadRequest`: path of the field at fault; the message is its description. */
  readonly field?: string | undefined;
}

const RESPONSE = { partialSuccess: 1 } as const;
const PARTIAL_SUCCESS = { rejectedSpans: 1, errorMessage: 2 } as const;
const STATUS = { code: 1, message: 2, details: 3 } as const;
const ANY = { typeUrl: 1, value: 2 } as const;
const RETRY_INFO = { retryDelay: 1 } as const;
const DURATION = { seconds: 1, nanos: 2 } as const;
const BAD_REQUEST = { fieldViolations: 1 } as const;
const FIELD_VIOLATION = { field: 1, description: 2 } as const;

const RETRY_INFO_URL = "type.googleapis.com/google.rpc.RetryInfo";
const BAD_REQUEST_URL = "type.googleapis.com/google.rpc.BadRequest";
const NANOS_PER_MILLI = 1_000_000;
const NO_BYTES: Uint8Array = new Uint8Array(0);

/** An `ExportTraceServiceResponse`: no bytes at all when everything was taken. */
export function encodeExportResponse({ rejectedSpans, errorMessage }: ExportResult): Uint8Array {
  if (rejectedSpans === 0 && errorMessage === "") return NO_BYTES;
  const writer = new ProtobufWriter(64);
  const mark = writer.begin(RESPONSE.partialSuccess);
  if (rejectedSpans > 0) writer.int64(PARTIAL_SUCCESS.rejectedSpans, BigInt(rejectedSpans));
  if (errorMessage !== "") writer.text(PARTIAL_SUCCESS.errorMessage, errorMessage);
  writer.end(mark);
  return writer.finish();
}

/**
 * Reads an `ExportTraceServiceResponse`; an empty partial success means the same as none.
 *
 * @throws TracAggError `invalid_argument` when the bytes are not protobuf.
 */
export function decodeExportResponse(bytes: Uint8Array): ExportResult {
  const result = { rejectedSpans: 0, errorMessage: "" };
  const response = new ProtobufReader(bytes);
  while (response.position < response.end) {
    const tag = response.tag();
    if (tag === ((RESPONSE.partialSuccess << 3) | 2)) readPartialSuccess(response.message(), result);
    else response.skip(tag);
  }
  return result;
}

function readPartialSuccess(
  reader: ProtobufReader,
  result: { rejectedSpans: number; errorMessage: string },
): void {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    if (tag === PARTIAL_SUCCESS.rejectedSpans << 3) result.rejectedSpans = Number(reader.int64());
    else if (tag === ((PARTIAL_SUCCESS.errorMessage << 3) | 2)) result.errorMessage = reader.text();
    else reader.skip(tag);
  }
}

/** The same response in OTLP/JSON: `{}` when everything was taken. */
export function exportResponseJson({ rejectedSpans, errorMessage }: ExportResult): object {
  if (rejectedSpans === 0 && errorMessage === "") return {};
  return {
    partialSuccess: {
      ...(rejectedSpans === 0 ? {} : { rejectedSpans: String(rejectedSpans) }),
      ...(errorMessage === "" ? {} : { errorMessage }),
    },
  };
}

/** A `google.rpc.Status` with its details. */
export function encodeStatus({ code, message, retryDelayMillis, field }: StatusMessage): Uint8Array {
  const writer = new ProtobufWriter(128);
  writer.int32(STATUS.code, code);
  writer.text(STATUS.message, message);
  if (retryDelayMillis !== undefined) {
    writeDetail(writer, RETRY_INFO_URL, (value) => writeRetryInfo(value, retryDelayMillis));
  }
  if (field !== undefined) {
    writeDetail(writer, BAD_REQUEST_URL, (value) => {
      const mark = value.begin(BAD_REQUEST.fieldViolations);
      value.text(FIELD_VIOLATION.field, field);
      value.text(FIELD_VIOLATION.description, message);
      value.end(mark);
    });
  }
  return writer.finish();
}

/**
 * The message of a `google.rpc.Status` and the delay that its `RetryInfo` asks for.
 *
 * @throws TracAggError `invalid_argument` when the bytes are not protobuf.
 */
export function decodeStatus(bytes: Uint8Array): Pick<StatusMessage, "message" | "retryDelayMillis"> {
  const status = new ProtobufReader(bytes);
  let message = "";
  let retryDelayMillis: number | undefined;
  while (status.position < status.end) {
    const tag = status.tag();
    if (tag === ((STATUS.message << 3) | 2)) message = status.text();
    else if (tag === ((STATUS.details << 3) | 2)) retryDelayMillis ??= retryDelayIn(status.message());
    else status.skip(tag);
  }
  return { message, retryDelayMillis };
}

/** Undefined for a detail of another type. */
function retryDelayIn(any: ProtobufReader): number | undefined {
  let typeUrl = "";
  let value = NO_BYTES;
  while (any.position < any.end) {
    const tag = any.tag();
    if (tag === ((ANY.typeUrl << 3) | 2)) typeUrl = any.text();
    else if (tag === ((ANY.value << 3) | 2)) value = any.view();
    else any.skip(tag);
  }
  if (!typeUrl.endsWith("/google.rpc.RetryInfo")) return undefined;
  const info = new ProtobufReader(value);
  let millis = 0;
  while (info.position < info.end) {
    const tag = info.tag();
    if (tag === ((RETRY_INFO.retryDelay << 3) | 2)) millis = millisOf(info.message());
    else info.skip(tag);
  }
  return millis;
}

function millisOf(duration: ProtobufReader): number {
  let millis = 0;
  while (duration.position < duration.end) {
    const tag = duration.tag();
    if (tag === DURATION.seconds << 3) millis += Number(duration.int64()) * 1_000;
    else if (tag === DURATION.nanos << 3) millis += duration.int32() / NANOS_PER_MILLI;
    else duration.skip(tag);
  }
  return millis;
}

/** The same status in the JSON form of protobuf. */
export function statusJson({ code, message, retryDelayMillis, field }: StatusMessage): object {
  const details: object[] = [];
  if (retryDelayMillis !== undefined) {
    details.push({ "@type": RETRY_INFO_URL, retryDelay: `${(retryDelayMillis / 1_000).toFixed(3)}s` });
  }
  if (field !== undefined) {
    details.push({ "@type": BAD_REQUEST_URL, fieldViolations: [{ field, description: message }] });
  }
  return details.length === 0 ? { code, message } : { code, message, details };
}

function writeDetail(writer: ProtobufWriter, typeUrl: string, write: (value: ProtobufWriter) => void): void {
  const mark = writer.begin(STATUS.details);
  writer.text(ANY.typeUrl, typeUrl);
  const valueMark = writer.begin(ANY.value);
  write(writer);
  writer.end(valueMark);
  writer.end(mark);
}

function writeRetryInfo(writer: ProtobufWriter, delayMillis: number): void {
  const wholeMillis = Math.round(delayMillis);
  const mark = writer.begin(RETRY_INFO.retryDelay);
  writer.int64(DURATION.seconds, BigInt(Math.floor(wholeMillis / 1_000)));
  writer.int32(DURATION.nanos, (wholeMillis % 1_000) * NANOS_PER_MILLI);
  writer.end(mark);
}
