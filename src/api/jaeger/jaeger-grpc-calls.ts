/** The calls of Jaeger's two query services. */

import { TracAggError } from "../../base/errors.ts";
import type { SpanRow } from "../../batch/span-batch.ts";
import { payloadFromRows } from "../../codec/otlp-protobuf/encode-request.ts";
import type { Queries } from "../../query/queries.ts";
import type { QueryCaller } from "../../query/query-limiter.ts";
import type { AskedCall, SendMessage, StreamedCall } from "../grpc-calls.ts";
import { rowSlices } from "../row-slices.ts";
import type { QueryMessage, TimeMessage } from "./jaeger-grpc-messages.ts";
import {
  nanosOf,
  refused,
  requestFromMessage,
  spansChunk,
  summariesMessage,
  traceIdFromBytes,
} from "./jaeger-grpc-messages.ts";
import type { JaegerOperation } from "./v3-catalogue.ts";
import { jaegerDependencies, jaegerOperations } from "./v3-catalogue.ts";
import { traceIdOf } from "./v3-parameters.ts";
import { rowsForOtlp } from "./v3-rows.ts";

/** Summaries in one message: some hundred bytes each. */
const SUMMARIES_PER_MESSAGE = 500;

/** A method that answers in parts. */
export type StreamedMethod = (queries: Queries, call: StreamedCall) => Promise<void>;
/** A method that answers with one message. */
export type UnaryMethod = (queries: Queries, call: AskedCall) => Promise<object>;

type ChunkOf = (rows: readonly SpanRow[]) => Uint8Array;

interface Methods {
  readonly streamed: Readonly<Record<string, StreamedMethod>>;
  readonly unary: Readonly<Record<string, UnaryMethod>>;
}

/** `jaeger.api_v3.QueryService`. */
export const V3_METHODS: Methods = {
  streamed: {
    GetTrace: async (queries, { request, caller, send }) => {
      const { trace_id: text = "" } = request as { readonly trace_id?: string };
      const traceId = traceIdOf(text);
      if (traceId === undefined) throw refused(`malformed trace ID: ${JSON.stringify(text)}`);
      const rows = await storedRows(queries, traceId, caller);
      await sendRows(await rowsForOtlp(rows, caller.signal), payloadFromRows, send);
    },
    FindTraces: (queries, call) => findTraces(queries, call, "v3"),
    FindTraceSummaries: async (queries, { request, caller, send }) => {
      const asked = requestFromMessage((request as FindMessage).query, "v3");
      const outlines = await queries.findTraceOutlines(asked, caller);
      for (let at = 0; at < outlines.length; at += SUMMARIES_PER_MESSAGE) {
        await send(summariesMessage(outlines.slice(at, at + SUMMARIES_PER_MESSAGE)));
      }
    },
  },
  unary: {
    GetServices: services,
    GetOperations: async (queries, call) => ({ operations: await operationsFor(queries, call) }),
    GetDependencies: async (queries, call) => ({ dependencies: await dependenciesFor(queries, call) }),
  },
};

/** `jaeger.api_v2.QueryService`. */
export const V2_METHODS: Methods = {
  streamed: {
    GetTrace: async (queries, { request, caller, send }) => {
      const rows = await storedRows(queries, traceIdFrom(request), caller);
      await sendRows(await rowsForOtlp(rows, caller.signal), spansChunk, send);
    },
    FindTraces: (queries, call) => findTraces(queries, call, "v2"),
  },
  unary: {
    ArchiveTrace: async (queries, { request, caller }) => {
      await storedRows(queries, traceIdFrom(request), caller);
      throw new TracAggError("unimplemented", "archive span storage was not configured");
    },
    GetServices: services,
    GetOperations: async (queries, call) => {
      const operations = await operationsFor(queries, call);
      const operationNames = [...new Set(operations.map(({ name }) => name))];
      return { operationNames, operations };
    },
    GetDependencies: async (queries, call) => ({ dependencies: await dependenciesFor(queries, call) }),
  },
};

interface FindMessage {
  readonly query?: QueryMessage;
}

/** One trace after the other, each in messages of bounded size. */
async function findTraces(
  queries: Queries,
  { request, caller, send }: StreamedCall,
  version: "v2" | "v3",
): Promise<void> {
  const asked = requestFromMessage((request as FindMessage).query, version);
  const chunkOf = version === "v3" ? payloadFromRows : spansChunk;
  const onTrace = async (rows: readonly SpanRow[]): Promise<void> =>
    sendRows(await rowsForOtlp(rows, caller.signal), chunkOf, send);
  await queries.findWholeTraces({ ...asked, onTrace }, caller);
}

async function sendRows(rows: readonly SpanRow[], chunkOf: ChunkOf, send: SendMessage): Promise<void> {
  for (const slice of rowSlices(rows)) {
    await send(chunkOf(slice));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function traceIdFrom(request: object): string {
  const { trace_id: bytes = new Uint8Array() } = request as { readonly trace_id?: Uint8Array };
  const traceId = traceIdFromBytes(bytes);
  if (traceId === undefined) {
    throw refused(`malformed trace ID: expected 16 or 8 bytes, not all zero, got ${bytes.length}`);
  }
  return traceId;
}

async function storedRows(
  queries: Queries,
  traceId: string,
  caller: QueryCaller,
): Promise<readonly SpanRow[]> {
  try {
    return (await queries.getTrace(traceId, caller)).rows;
  } catch (thrown) {
    if (!(thrown instanceof TracAggError) || thrown.code !== "not_found") throw thrown;
    throw new TracAggError("not_found", "trace not found");
  }
}

async function services(queries: Queries, { caller }: AskedCall): Promise<object> {
  return { services: await queries.services(caller) };
}

async function operationsFor(
  queries: Queries,
  { request, caller }: AskedCall,
): Promise<readonly { readonly name: string; readonly span_kind: string }[]> {
  const { service = "", span_kind: spanKind = "" } = request as {
    readonly service?: string;
    readonly span_kind?: string;
  };
  const operations = await jaegerOperations(queries, { service, spanKind }, caller);
  return operations.map(({ name, spanKind: kind }: JaegerOperation) => ({ name, span_kind: kind }));
}

async function dependenciesFor(queries: Queries, { request, caller }: AskedCall): Promise<readonly object[]> {
  const { start_time, end_time } = request as {
    readonly start_time?: TimeMessage;
    readonly end_time?: TimeMessage;
  };
  const start = nanosOf(start_time);
  const end = nanosOf(end_time);
  if (start === undefined || end === undefined) throw refused("start_time and end_time are required");
  if (start >= end) throw refused("start_time must be before end_time");
  const found = await jaegerDependencies(queries, { start, end }, caller);
  return found.map(({ parent, child, callCount }) => ({ parent, child, call_count: callCount }));
}
