/** `/api/traces`, `/api/traces/{id}`, `/api/archive/{id}` and `/api/transform`. */

import { TracAggError } from "../../base/errors.ts";
import { traceIdOf } from "../../batch/row-ids.ts";
import type { SpanRow } from "../../batch/span-batch.ts";
import { TraceAdjuster } from "../../codec/jaeger-json/adjusters/adjust-trace.ts";
import { jaegerTraceId, jaegerTraceText } from "../../codec/jaeger-json/encode.ts";
import { otlpProtobufFromJson } from "../../codec/otlp-json/decode.ts";
import { OtlpRequestDecoder } from "../../codec/otlp-protobuf/request-decoder.ts";
import type { Queries } from "../../query/queries.ts";
import type { StoredTrace } from "../../query/stored-trace.ts";
import type { Reply } from "../endpoint.ts";
import type { ForeignRequest, ForeignRoute } from "../foreign-api.ts";
import { rowSlices } from "../row-slices.ts";
import { badRequest, truthParameter } from "./go-values.ts";
import type { JaegerApiOptions } from "./jaeger-options.ts";
import { envelopeReply, errorText, tracesReply } from "./legacy-answer.ts";
import { legacySearchFrom, microsParameter } from "./legacy-search.ts";
import { legacyTraceId } from "./legacy-trace-id.ts";

/** What Jaeger says of a trace that is not there. */
const NOT_FOUND = "trace not found";
const NO_ARCHIVE = "archive span storage was not configured";
/** A file that somebody looks at in the UI. */
const MAX_TRANSFORM_BYTES = 64 * 1024 * 1024;

/** Routes of traces. */
export function traceRoutes({ queries, clock }: JaegerApiOptions): readonly ForeignRoute[] {
  return [
    {
      method: "GET",
      path: "/api/traces",
      reply: (request) => searchReply(queries, request, clock.nowMillis()),
    },
    { method: "GET", path: "/api/traces/:traceId", reply: (request) => traceReply(queries, request) },
    { method: "POST", path: "/api/archive/:traceId", reply: archiveReply },
    { method: "POST", path: "/api/transform", reply: transformReply },
  ];
}

async function searchReply(queries: Queries, request: ForeignRequest, nowMillis: number): Promise<Reply> {
  const { traceIds, q, names, range, maxTraces, isRaw } = legacySearchFrom(request.search, nowMillis);
  if (traceIds.length > 0) return await byIdsReply(queries, request, { traceIds, isRaw });
  if (range === undefined) return envelopeReply(request, []);
  const { traces } =
    q === undefined
      ? await queries.newestTraceRows({ filter: { ...names, ...range }, maxTraces }, request.caller)
      : await queries.foundTraceRows({ q, maxTraces, ...range }, request.caller);
  return tracesReply(request, tracesText(traces, isRaw));
}

async function byIdsReply(
  queries: Queries,
  request: ForeignRequest,
  { traceIds, isRaw }: { readonly traceIds: readonly string[]; readonly isRaw: boolean },
): Promise<Reply> {
  const wanted = [...new Set(traceIds)];
  const stored = wanted.filter((id) => !/^0+$/.test(id));
  const traces = await queries.tracesById({ traceIds: stored }, request.caller);
  const found = new Set(traces.map(({ summary }) => summary.traceId));
  const errors = wanted
    .filter((id) => !found.has(id))
    .map((id) => ({ msg: NOT_FOUND, traceID: jaegerTraceId(id) }));
  return tracesReply(request, tracesText(traces, isRaw), errors);
}

function* tracesText(traces: readonly StoredTrace[], isRaw: boolean): Generator<Iterable<string>, void> {
  for (const { rows } of traces) yield traceText(rows, isRaw);
}

function traceText(rows: readonly SpanRow[], isRaw: boolean): Iterable<string> {
  return jaegerTraceText(rowSlices(rows), isRaw ? undefined : new TraceAdjuster(rows));
}

/** Traces are kept together, so the hints `start` and `end` cannot help to find one; wrong ones are refused. */
function traceRequestFrom({ path, search }: ForeignRequest): {
  readonly traceId: string;
  readonly isRaw: boolean;
} {
  const traceId = legacyTraceId(path["traceId"] ?? "");
  microsParameter(search, "start");
  microsParameter(search, "end");
  return { traceId, isRaw: truthParameter(search, "raw") };
}

async function traceReply(queries: Queries, request: ForeignRequest): Promise<Reply> {
  const { traceId, isRaw } = traceRequestFrom(request);
  if (/^0+$/.test(traceId)) throw new TracAggError("not_found", NOT_FOUND);
  const [trace] = await queries.tracesById({ traceIds: [traceId] }, request.caller);
  if (trace === undefined) throw new TracAggError("not_found", NOT_FOUND);
  return tracesReply(request, [traceText(trace.rows, isRaw)]);
}

/** As Jaeger answers without a second storage: what is kept is kept by retention alone. */
async function archiveReply(request: ForeignRequest): Promise<Reply> {
  traceRequestFrom(request);
  const text = errorText({ code: 500, msg: NO_ARCHIVE });
  return { status: 500, contentType: "text/plain; charset=utf-8", chunks: [text] };
}

async function transformReply(request: ForeignRequest): Promise<Reply> {
  const body = await request.body({ maxBytes: MAX_TRANSFORM_BYTES });
  const byTrace = new Map<string, SpanRow[]>();
  for (const row of rowsFrom(body)) {
    const id = traceIdOf(row);
    const known = byTrace.get(id);
    if (known === undefined) byTrace.set(id, [row]);
    else known.push(row);
  }
  return tracesReply(
    request,
    [...byTrace.values()].map((rows) => traceText(rows, true)),
  );
}

function* rowsFrom(body: Uint8Array): Generator<SpanRow, void> {
  let batch: SpanRow["batch"];
  try {
    batch = new OtlpRequestDecoder().decode(otlpProtobufFromJson(body).payload).batch;
  } catch (thrown) {
    throw badRequest(`cannot unmarshal OTLP : ${(thrown as Error).message}`);
  }
  for (let row = 0; row < batch.rowCount; row++) yield { batch, row };
}
