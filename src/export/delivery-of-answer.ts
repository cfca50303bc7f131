/** What an answer means to an exporter: the rules of OTLP (contract, sections 1 and 2), which serve other servers too. */

import type { ExportResult } from "../codec/otlp-protobuf/responses.ts";
import { decodeExportResponse, decodeStatus } from "../codec/otlp-protobuf/responses.ts";
import type { Delivery } from "./exporter.ts";
import { TAKEN } from "./exporter.ts";
import type { GrpcAnswer } from "./grpc-client.ts";
import type { HttpAnswer } from "./http-post.ts";

/** Exactly these may be sent again (contract H9). */
const RETRYABLE_HTTP: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** CANCELLED, DEADLINE_EXCEEDED, ABORTED, OUT_OF_RANGE, UNAVAILABLE, DATA_LOSS (contract G10). */
const RETRYABLE_GRPC: ReadonlySet<number> = new Set([1, 4, 10, 11, 14, 15]);
/** Only with `RetryInfo` (contract G9). */
const RESOURCE_EXHAUSTED = 8;

/** Longest part of an answer that a log line repeats. */
const MAX_REASON_LENGTH = 300;

/** The delivery that an HTTP answer stands for; `readTaken` reads the body of a success. */
export function deliveryFromHttp(
  url: URL,
  answer: HttpAnswer,
  nowUnixMillis: number,
  readTaken: (body: Uint8Array) => Delivery = () => TAKEN,
): Delivery {
  const { status, headers, body } = answer;
  if (status >= 200 && status < 300) return readTaken(body);
  const reason = `${url.protocol}//${url.host}: HTTP ${status}: ${textIn(answer)}`;
  if (!RETRYABLE_HTTP.has(status)) return { outcome: "refused", reason };
  const asked = retryAfterMillis(headers["retry-after"], nowUnixMillis);
  return { outcome: "again", reason, ...(asked !== undefined && { retryAfterMillis: asked }) };
}

/** The delivery that a gRPC answer stands for; `readTaken` reads the message of a success. */
export function deliveryFromGrpc(
  url: URL,
  answer: GrpcAnswer,
  readTaken: (response: Uint8Array) => Delivery = () => TAKEN,
): Delivery {
  const { code, message, details, response } = answer;
  if (code === 0) return readTaken(response);
  const reason = `${url.protocol}//${url.host}: gRPC status ${code}: ${shortened(message)}`;
  const asked = askedDelayIn(details);
  const isRetryable = RETRYABLE_GRPC.has(code) || (code === RESOURCE_EXHAUSTED && asked !== undefined);
  if (!isRetryable) return { outcome: "refused", reason };
  return { outcome: "again", reason, ...(asked !== undefined && { retryAfterMillis: asked }) };
}

/** Reads an `ExportTraceServiceResponse`: a partial success is counted and not sent again (contract G5). */
export function deliveryFromOtlp(body: Uint8Array): Delivery {
  let result: ExportResult;
  try {
    result = decodeExportResponse(body);
  } catch {
    // A success that says more than is understood is one.
    return TAKEN;
  }
  return { outcome: "taken", refusedSpans: result.rejectedSpans, reason: result.errorMessage };
}

function askedDelayIn(details: Uint8Array | undefined): number | undefined {
  if (details === undefined) return undefined;
  try {
    return decodeStatus(details).retryDelayMillis;
  } catch {
    // Details of a kind that is none of gRPC's: as good as none.
    return undefined;
  }
}

/** `Retry-After`: seconds or a date (RFC 9110, 10.2.3); undefined when it is neither. */
function retryAfterMillis(header: string | undefined, nowUnixMillis: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d+$/.test(header.trim())) return Number(header) * 1_000;
  const atMillis = Date.parse(header);
  return Number.isNaN(atMillis) ? undefined : Math.max(0, atMillis - nowUnixMillis);
}

/** What an error answer says: the message of a `google.rpc.Status`, or its text. */
function textIn({ headers, body }: HttpAnswer): string {
  if (String(headers["content-type"]).includes("protobuf")) {
    try {
      return shortened(decodeStatus(body).message);
    } catch {
      // Not what it says it is; shown as text.
    }
  }
  return shortened(new TextDecoder().decode(body));
}

function shortened(text: string): string {
  const printable = text.replace(/[^\x20-\x7e]+/g, " ").trim();
  return printable.length > MAX_REASON_LENGTH ? `${printable.slice(0, MAX_REASON_LENGTH)}...` : printable;
}
