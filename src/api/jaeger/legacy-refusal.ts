/** Refusals of the legacy API: the envelope, as a line of plain text. */

import type { TracAggError } from "../../base/errors.ts";
import type { Refusal } from "../answer-refusal.ts";
import { errorText } from "./legacy-answer.ts";

/** What a client is told instead of the message of a fault of ours: that one may hold paths or data. */
const INTERNAL_TEXT = "something went wrong inside TracAgg; the server's log has the cause";
/** What Jaeger says without a store of metrics. */
const NO_METRICS = "metrics querying is currently disabled: no metrics backend configured";

/** An error as Jaeger's clients read it. */
export function legacyRefusal({ code, meaning, message }: TracAggError): Refusal {
  const status = code === "unimplemented" ? 501 : meaning.httpStatus;
  const msg = code === "internal" ? INTERNAL_TEXT : code === "unimplemented" ? NO_METRICS : message;
  return { status, contentType: "text/plain; charset=utf-8", text: errorText({ code: status, msg }) };
}
