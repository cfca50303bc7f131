/** `/api/v1/query`: functions over time in TraceQL. */

import type { Queries } from "../../query/queries.ts";
import { DEFAULT_SERIES, MAX_EXEMPLARS, MAX_SERIES } from "../../query/query-series.ts";
import type { Endpoint } from "../endpoint.ts";
import { defineEndpoint, jsonAnswer, jsonChunksReply } from "../endpoint.ts";
import { ref } from "../openapi/schema-parts.ts";
import {
  booleanParameter,
  momentParameter,
  requiredTextParameter,
  textParameter,
  wholeNumberParameter,
} from "../query-parameters.ts";
import { rangeFrom } from "./filter-parameters.ts";
import { QUERY_ERRORS } from "./query-errors.ts";
import { seriesListChunks } from "./series-json.ts";

/** The endpoint of series. */
export function queryEndpoint(queries: Queries): Endpoint {
  return defineEndpoint({
    operationId: "querySeries",
    path: "/api/v1/query",
    tag: "statistics",
    summary: "Functions over time",
    description:
      "Series of a query in TraceQL over the spans that start in the range, of whole traces. Intervals reach from one " +
      "step before the start, as multiples of the step, to the end; each is known by its end, which belongs to it.",
    pathParameters: {},
    parameters: {
      q: requiredTextParameter(
        "A query in TraceQL with a function over time: { status = error } | rate() by(resource.service.name).",
      ),
      start: momentParameter(
        "Start of the range, widened to whole intervals; absent: an hour before its end.",
      ),
      end: momentParameter("End of the range, widened to whole intervals; absent: now."),
      since: textParameter("How far before the end the range starts, in place of start: 15m, 1h30m, 7d."),
      step: textParameter(
        "Length of an interval: seconds (15, 0.5) or a length of time (15s, 1m); absent: one that gives some 240 " +
          "intervals. At most 10,000 of them.",
      ),
      instant: booleanParameter("true: one value for the whole range, without exemplars."),
      maxSeries: wholeNumberParameter("Series in the answer; of more, status is PARTIAL.", {
        minimum: 1,
        maximum: MAX_SERIES,
        default: DEFAULT_SERIES,
      }),
      exemplars: wholeNumberParameter("Spans given that stand for others, unless the query has a hint.", {
        minimum: 0,
        maximum: MAX_EXEMPLARS,
        default: MAX_EXEMPLARS,
      }),
    },
    answers: [jsonAnswer(ref("SeriesList"), "Series by their labels.")],
    errors: QUERY_ERRORS,
    handle: async ({ values, caller }) => {
      const { q, since, step, instant = false, maxSeries, exemplars } = values;
      const request = {
        q,
        isInstant: instant,
        maxSeries,
        exemplars,
        ...rangeFrom(values),
        ...(since === undefined ? {} : { since }),
        ...(step === undefined ? {} : { step }),
      };
      return jsonChunksReply(seriesListChunks(await queries.querySeries(request, caller)));
    },
  });
}
