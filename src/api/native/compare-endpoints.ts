/** `/api/v1/traces/{traceId}/compare` and `/api/v1/compare`: one trace, or a set, against another. */

import { TracAggError } from "../../base/errors.ts";
import type { SetSelection } from "../../query/compare-sets.ts";
import type { Queries } from "../../query/queries.ts";
import type { Endpoint } from "../endpoint.ts";
import { defineEndpoint, jsonAnswer, jsonReply } from "../endpoint.ts";
import { ref } from "../openapi/schema-parts.ts";
import type { QueryParameter } from "../query-parameters.ts";
import {
  momentParameter,
  refusedParameter,
  textParameter,
  wholeNumberParameter,
} from "../query-parameters.ts";
import { setComparisonJson, traceComparisonJson } from "./compare-json.ts";
import { FILTER_PARAMETERS, filterFrom } from "./filter-parameters.ts";
import { QUERY_ERRORS } from "./query-errors.ts";
import { TRACE_ID_PARAMETER } from "./trace-endpoints.ts";

const MAX_CALL_PATHS = 1_000;
const DEFAULT_CALL_PATHS = 100;
/** Above the 95th percentile is what people call slow. */
const DEFAULT_SLOWEST_PERCENT = 5;

/** Endpoints of comparisons. */
export function compareEndpoints(queries: Queries): readonly Endpoint[] {
  return [traceComparisonEndpoint(queries), setComparisonEndpoint(queries)];
}

function traceComparisonEndpoint(queries: Queries): Endpoint {
  return defineEndpoint({
    operationId: "compareTraces",
    path: "/api/v1/traces/{traceId}/compare",
    tag: "traces",
    summary: "A trace against another, or against a typical one",
    description:
      "Call path by call path: how often each is gone, how long it takes, how much of the critical path it has. The " +
      "critical-path deltas of callPaths and others add up to deltaNanos exactly. with=typical takes, of the newest " +
      "500 traces with the same root operation, one of the same shape whose duration is nearest their median; where " +
      "fewer than five share the shape at one level a coarser one is taken (ordered, multiset, set, operation), and " +
      "the answer says which.",
    pathParameters: TRACE_ID_PARAMETER,
    parameters: {
      with: textParameter("Id of the trace to compare with, or typical; absent: typical."),
      limit: wholeNumberParameter("Call paths listed; the others are summed up.", {
        minimum: 1,
        maximum: MAX_CALL_PATHS,
        default: DEFAULT_CALL_PATHS,
      }),
    },
    answers: [jsonAnswer(ref("TraceComparison"), "The differences.")],
    errors: [...QUERY_ERRORS, "not_found"],
    handle: async ({ path, values, caller }) => {
      const withTrace = values.with ?? "typical";
      const request = { traceId: path["traceId"] ?? "", withTrace, maxNodes: values.limit };
      return jsonReply(traceComparisonJson(await queries.compareTraces(request, caller)));
    },
  });
}

function setComparisonEndpoint(queries: Queries): Endpoint {
  return defineEndpoint({
    operationId: "compareSets",
    path: "/api/v1/compare",
    tag: "statistics",
    summary: "A selection of the matching traces against the rest",
    description:
      "What the selection has that the rest has not: attribute values by the difference of the shares of traces, " +
      "numeric attributes by the distance of their distributions, call paths by their share of the critical path, " +
      "durations at percentiles. An attribute counts once a trace. Only what has a chance of at most 1 % to come up " +
      "anywhere by accident is told. The newest 10,000 matching traces, of at most 500,000 spans together, are " +
      "compared; truncated says whether more match. Traces of more than 4,096 spans are left out and counted.",
    pathParameters: {},
    parameters: {
      ...FILTER_PARAMETERS,
      select: SELECT_PARAMETER,
      slowestPercent: wholeNumberParameter("Percent of the traces that select=slow takes.", {
        minimum: 1,
        maximum: 50,
        default: DEFAULT_SLOWEST_PERCENT,
      }),
      splitAt: momentParameter("The moment that select=after takes."),
      versionOf: textParameter("Service whose versions select=version compares; absent: service."),
      version: textParameter("Its version that select=version takes; absent: the newest seen."),
      against: textParameter("Version that select=version compares with; absent: the newest other one seen."),
    },
    answers: [jsonAnswer(ref("SetComparison"), "The differences.")],
    errors: QUERY_ERRORS,
    handle: async ({ values, caller }) => {
      const request = { filter: filterFrom(values), selection: selectionFrom(values) };
      return jsonReply(setComparisonJson(await queries.compareSets(request, caller)));
    },
  });
}

const SELECT_WORDS = "errors, slow, after, version, or key=value (service.version=2.1.0)";

const SELECT_PARAMETER: QueryParameter<string> = {
  description:
    "Which of the matching traces are compared with the rest. errors: those with a span in error; slow: the slowest by " +
    "root duration, as many as slowestPercent says; after: those that start at splitAt or later; version: those in which " +
    "a service ran in one version, against those of another one; key=value: those with " +
    "a span that has the attribute, on itself or else on its resource.",
  schema: { type: "string", pattern: "^(errors|slow|after|version|[^=]+=.*)$" },
  required: true,
  repeatable: false,
  read: ([text], name) => {
    if (text === undefined) {
      const message = `${name}: is required; add ?${name}= with ${SELECT_WORDS}`;
      throw new TracAggError("invalid_argument", message, { field: name });
    }
    if (/^(?:errors|slow|after|version)$|^[^=]+=/.test(text)) return text;
    throw refusedParameter(name, SELECT_WORDS, text);
  },
};

interface SelectionValues {
  readonly select: string;
  readonly slowestPercent: number;
  readonly splitAt: string | undefined;
  readonly service: string | undefined;
  readonly versionOf: string | undefined;
  readonly version: string | undefined;
  readonly against: string | undefined;
}

function selectionFrom(values: SelectionValues): SetSelection {
  const { select, slowestPercent, splitAt } = values;
  switch (select) {
    case "errors":
      return { kind: "errors" };
    case "slow":
      return { kind: "slow", percent: slowestPercent };
    case "version":
      return versionSelection(values);
    case "after":
      if (splitAt !== undefined) return { kind: "after", moment: splitAt };
      throw missingParameter("splitAt", "is required with select=after; add &splitAt=-15m");
    default: {
      const split = select.indexOf("=");
      return { kind: "attribute", key: select.slice(0, split), value: select.slice(split + 1) };
    }
  }
}

function versionSelection({ service, versionOf, version, against }: SelectionValues): SetSelection {
  const named = versionOf ?? service;
  if (named === undefined) {
    throw missingParameter(
      "versionOf",
      "is required with select=version; add &versionOf=<service> or &service=",
    );
  }
  if (version !== undefined && version === against) {
    throw refusedParameter("against", "another version than version", against);
  }
  return {
    kind: "version",
    service: named,
    named: {
      ...(version === undefined ? {} : { selection: version }),
      ...(against === undefined ? {} : { baseline: against }),
    },
  };
}

function missingParameter(field: string, message: string): TracAggError {
  return new TracAggError("invalid_argument", `${field}: ${message}`, { field });
}
