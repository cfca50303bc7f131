/** Refusals of api_v3: the envelope of a gRPC gateway. */

import { TracAggError } from "../../base/errors.ts";
import type { Refusal } from "../answer-refusal.ts";
import { toldText } from "../problem.ts";

/** Message of a trace, or of traces, that are not there. */
const NO_TRACES = "No traces found";

/** An error as api_v3 tells it over HTTP: JSON, though named plain text, with a line break behind it. */
export function v3Refusal(error: TracAggError): Refusal {
  const { httpStatus } = error.meaning;
  const body = { error: { httpCode: httpStatus, message: toldText(error) } };
  return {
    status: httpStatus,
    contentType: "text/plain; charset=utf-8",
    text: `${JSON.stringify(body)}\n`,
  };
}

/** A `not_found` as api_v3 words it. */
export function noTraces(): TracAggError {
  return new TracAggError("not_found", NO_TRACES);
}
