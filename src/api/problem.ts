/** Refusals as problem documents (RFC 9457). */

import { errorFrom, TracAggError } from "../base/errors.ts";
import type { ProblemJson } from "./contract.ts";

/** What a client is told instead of the message of a fault of ours: that one may hold paths or data. */
const INTERNAL_TEXT = "something went wrong inside TracAgg; the server's log has the cause";

/** What a client reads of an error, whatever the API. */
export function toldText(error: TracAggError): string {
  return error.code === "internal" ? INTERNAL_TEXT : error.message;
}

/**
 * Turns anything thrown while a request was answered into a {@link TracAggError}. What express itself refuses (a path
 * that is no valid percent-encoding, say) carries an HTTP status of its own and is the client's fault.
 */
export function requestErrorFrom(thrown: unknown): TracAggError {
  const status = (thrown as { readonly status?: unknown } | null)?.status;
  if (!(thrown instanceof TracAggError) && typeof status === "number" && status >= 400 && status < 500) {
    return new TracAggError("invalid_argument", `the request cannot be read: ${String(thrown)}`, {
      cause: thrown,
    });
  }
  return errorFrom(thrown);
}

/** The document of an error. `instance` is the path of the request. The cause is never in it. */
export function problemFrom(error: TracAggError, instance: string): ProblemJson {
  return {
    type: `urn:tracagg:error:${error.code}`,
    title: error.meaning.meaning,
    status: error.meaning.httpStatus,
    code: error.code,
    detail: toldText(error),
    ...(error.field === undefined ? {} : { field: error.field }),
    instance,
  };
}

/** Whole seconds for `Retry-After`; undefined for errors that repeating does not mend. */
export function retryAfterSeconds(error: TracAggError): number | undefined {
  if (!error.meaning.retryable) return undefined;
  return Math.max(1, Math.ceil((error.retryAfterMillis ?? 1_000) / 1_000));
}
