/** Routes of Jaeger's api_v3 over HTTP. */

import { TracAggError } from "../../base/errors.ts";
import type { SpanRow } from "../../batch/span-batch.ts";
import type { Queries } from "../../query/queries.ts";
import type { Reply } from "../endpoint.ts";
import { jsonChunksReply, jsonReply } from "../endpoint.ts";
import type { ForeignRequest, ForeignRoute } from "../foreign-api.ts";
import type { JaegerApiOptions } from "./jaeger-options.ts";
import { summariesJson, tracesJson } from "./v3-answers.ts";
import { jaegerDependencies, jaegerOperations } from "./v3-catalogue.ts";
import { noTraces } from "./v3-error.ts";
import { checkTruth, malformed, parameterOf, timeOf, traceIdOf } from "./v3-parameters.ts";
import { rowsForOtlp } from "./v3-rows.ts";
import { searchFromParameters } from "./v3-search.ts";

type Answer = (queries: Queries, request: ForeignRequest) => Promise<Reply>;

/** What is asked under `/api/v3`. */
export function v3Routes({ queries }: JaegerApiOptions): readonly ForeignRoute[] {
  const route = (path: string, answer: Answer): ForeignRoute => ({
    method: "GET",
    path: `/api/v3${path}`,
    reply: (request) => answer(queries, request),
  });
  return [
    route("/traces/:traceId", oneTrace),
    route("/traces", foundTraces),
    route("/trace-summaries", foundSummaries),
    route("/services", services),
    route("/operations", operations),
    route("/dependencies", dependencies),
  ];
}

async function oneTrace(queries: Queries, { path, search, caller }: ForeignRequest): Promise<Reply> {
  const text = path["traceId"] ?? "";
  const traceId = traceIdOf(text);
  if (traceId === undefined) {
    throw malformed(
      "trace_id",
      `expected up to 32 hex digits, or 16 bytes in base64, not all zero, got ${JSON.stringify(text)}`,
    );
  }
  // Hints for stores that keep traces by time; a wrong one is refused all the same.
  timeOf(parameterOf(search, "startTime", "start_time"));
  timeOf(parameterOf(search, "endTime", "end_time"));
  checkTruth(parameterOf(search, "rawTraces", "raw_traces"));
  try {
    const { rows } = await queries.getTrace(traceId, caller);
    return jsonChunksReply(tracesJson([await rowsForOtlp(rows, caller.signal)]));
  } catch (thrown) {
    throw thrown instanceof TracAggError && thrown.code === "not_found" ? noTraces() : thrown;
  }
}

async function foundTraces(queries: Queries, { search, caller }: ForeignRequest): Promise<Reply> {
  const traces = await queries.findWholeTraces(searchFromParameters(search), caller);
  if (traces.length === 0) throw noTraces();
  const rows: (readonly SpanRow[])[] = [];
  for (const trace of traces) rows.push(await rowsForOtlp(trace, caller.signal));
  return jsonChunksReply(tracesJson(rows));
}

async function foundSummaries(queries: Queries, { search, caller }: ForeignRequest): Promise<Reply> {
  const outlines = await queries.findTraceOutlines(searchFromParameters(search), caller);
  return jsonChunksReply(summariesJson(outlines));
}

async function services(queries: Queries, { caller }: ForeignRequest): Promise<Reply> {
  return jsonReply({ services: await queries.services(caller) });
}

/** Over HTTP a kind that nobody gave is `internal`; that may name an operation twice. */
async function operations(queries: Queries, { search, caller }: ForeignRequest): Promise<Reply> {
  const service = search.get("service") ?? "";
  const wanted = parameterOf(search, "spanKind", "span_kind")?.text.toLowerCase() ?? "";
  const all = await jaegerOperations(queries, { service, spanKind: "" }, caller);
  const named = new Map<string, object>();
  for (const { name, spanKind } of all) {
    const kind = spanKind === "" ? "internal" : spanKind;
    if (wanted === "" || kind === wanted) named.set(JSON.stringify([name, kind]), { name, spanKind: kind });
  }
  return jsonReply({ operations: [...named.values()] });
}

/** As protobuf's JSON has it, counts of 64 bits are texts. */
async function dependencies(queries: Queries, { search, caller }: ForeignRequest): Promise<Reply> {
  const start = timeOf(parameterOf(search, "startTime", "start_time"));
  const end = timeOf(parameterOf(search, "endTime", "end_time"));
  if (start === undefined || end === undefined) {
    throw new TracAggError("invalid_argument", "startTime and endTime are required");
  }
  if (start >= end) throw new TracAggError("invalid_argument", "startTime must be before endTime");
  const found = await jaegerDependencies(queries, { start, end }, caller);
  return jsonReply({
    dependencies: found.map(({ parent, child, callCount }) => ({
      parent,
      child,
      callCount: String(callCount),
    })),
  });
}
