/** The parameters of everything that takes a search filter, and what they mean. */

import type { ClockReading } from "../../analysis/trace-clocks.ts";
import type { TraceFilter } from "../../query/trace-filter.ts";
import type { ParameterValues, QueryParameter } from "../query-parameters.ts";
import {
  attributesParameter,
  booleanParameter,
  choiceParameter,
  millisParameter,
  momentParameter,
  textParameter,
} from "../query-parameters.ts";

/** `start` and `end`. */
export const RANGE_PARAMETERS: {
  readonly start: ReturnType<typeof momentParameter>;
  readonly end: ReturnType<typeof momentParameter>;
} = Object.freeze({
  start: momentParameter("Only traces that start at or after this time; absent: everything stored."),
  end: momentParameter("Only traces that start before this time; absent: up to now."),
});

/** Every condition of a search. */
export const FILTER_PARAMETERS: {
  readonly service: ReturnType<typeof textParameter>;
  readonly operation: ReturnType<typeof textParameter>;
  readonly rootService: ReturnType<typeof textParameter>;
  readonly rootOperation: ReturnType<typeof textParameter>;
  readonly minDurationMs: ReturnType<typeof millisParameter>;
  readonly maxDurationMs: ReturnType<typeof millisParameter>;
  readonly hasErrors: ReturnType<typeof booleanParameter>;
  readonly attribute: ReturnType<typeof attributesParameter>;
} & typeof RANGE_PARAMETERS = Object.freeze({
  service: textParameter(
    "Service of a span. service, operation, attribute and hasErrors=true hold together on one span of the trace.",
  ),
  operation: textParameter("Name of that span."),
  rootService: textParameter("Service of the root span."),
  rootOperation: textParameter("Name of the root span."),
  minDurationMs: millisParameter(
    "Shortest duration of the trace in milliseconds, inclusive; 0.25 is 250 us.",
  ),
  maxDurationMs: millisParameter("Longest duration of the trace in milliseconds, inclusive."),
  hasErrors: booleanParameter("true: that span has status ERROR; false: no span of the trace has."),
  attribute: attributesParameter(
    "key=value of that span or else of its resource, split at the first =; equal as text, or as numbers where both " +
      "are. May be given more than once; all must hold.",
  ),
  ...RANGE_PARAMETERS,
});

/** The filter that the parameters say. */
export function filterFrom(values: ParameterValues<typeof FILTER_PARAMETERS>): TraceFilter {
  const { service, operation, rootService, rootOperation, minDurationMs, maxDurationMs } = values;
  const { hasErrors, attribute, start, end } = values;
  return {
    ...(service === undefined ? {} : { serviceName: service }),
    ...(operation === undefined ? {} : { operationName: operation }),
    ...(rootService === undefined ? {} : { rootServiceName: rootService }),
    ...(rootOperation === undefined ? {} : { rootOperationName: rootOperation }),
    ...(minDurationMs === undefined ? {} : { minDurationNanos: minDurationMs }),
    ...(maxDurationMs === undefined ? {} : { maxDurationNanos: maxDurationMs }),
    ...(hasErrors === undefined ? {} : { hasErrors }),
    ...(attribute.length === 0 ? {} : { attributes: attribute }),
    ...rangeFrom({ start, end }),
  };
}

/** The range that the parameters say. */
export function rangeFrom(values: ParameterValues<typeof RANGE_PARAMETERS>): {
  readonly start?: string;
  readonly end?: string;
} {
  return {
    ...(values.start === undefined ? {} : { start: values.start }),
    ...(values.end === undefined ? {} : { end: values.end }),
  };
}

/** Which times an analysis goes by. */
export const CLOCK_PARAMETER: QueryParameter<ClockReading> = choiceParameter<ClockReading>(
  "corrected: clocks of hosts are set so that calls between them fit, as /clock-skew has them, and the answer says " +
    "which; raw: times as they were sent.",
  ["corrected", "raw"],
  "corrected",
);
