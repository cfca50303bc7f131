/** Refusals of the legacy API: the envelope, as a line of plain text. */

import type { TracAggError } from "../../base/errors.ts";
import type { Refusal } from "../answer-refusal.ts";
import { toldText } from "../problem.ts";
import { errorText } from "./legacy-answer.ts";

/** What Jaeger says without a store of metrics. */
const NO_METRICS = "metrics querying is currently disabled: no metrics backend configured";

/** An error as Jaeger's clients read it. */
export function legacyRefusal(error: TracAggError): Refusal {
  const isOff = error.code === "unimplemented";
  const status = isOff ? 501 : error.meaning.httpStatus;
  const msg = isOff ? NO_METRICS : toldText(error);
  return { status, contentType: "text/plain; charset=utf-8", text: errorText({ code: status, msg }) };
}
