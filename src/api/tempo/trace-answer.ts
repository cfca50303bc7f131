/** One trace as Tempo's clients read it: bare for `/api/traces`, in an envelope for `/api/v2/traces`. */

import { ProtobufWriter } from "../../base/protobuf-writer.ts";
import { inSlices, TimeSlice } from "../../base/time-slice.ts";
import { otlpJsonFromRows } from "../../codec/otlp-json/encode.ts";
import { payloadBytesOfRows, payloadFromRows } from "../../codec/otlp-protobuf/encode-request.ts";
import { rowsForOtlp } from "../../codec/zipkin-json/shared-rows.ts";
import type { FilteredTrace } from "../../query/filtered-trace.ts";
import type { StoredTrace } from "../../query/stored-trace.ts";
import type { Reply } from "../endpoint.ts";
import { rowSlices } from "../row-slices.ts";
import { llmChunks } from "./llm-json.ts";
import type { TempoForm } from "./tempo-parameters.ts";
import { TEMPO_MEDIA_TYPES } from "./tempo-parameters.ts";

/** Which of the two endpoints answers. */
export type TraceEnvelope = "bare" | "enveloped";

/** How a trace is written. */
export interface TraceAnswerForm {
  readonly form: TempoForm;
  readonly envelope: TraceEnvelope;
  readonly signal: AbortSignal;
}

/** The answer for a trace, or for one of which nothing was kept; only an envelope can say that it is cut. */
export async function traceReply(
  { trace: stored, cut }: FilteredTrace,
  { form, envelope, signal }: TraceAnswerForm,
): Promise<Reply> {
  const reply = (chunks: Reply["chunks"]): Reply => ({
    status: 200,
    contentType: TEMPO_MEDIA_TYPES[form],
    chunks,
  });
  const trace = stored && {
    ...stored,
    rows: await inSlices(rowsForOtlp(stored.rows), new TimeSlice(signal)),
  };
  if (form === "llm") return reply(llmChunks(trace, cut));
  if (form === "json") return reply(envelope === "bare" ? bareJson(trace) : envelopedJson(trace, cut));
  if (envelope === "bare") return reply(traceMessage(trace));
  return reply(envelopedMessage(trace, { cut, bytes: await messageBytes(trace, signal) }));
}

/** Each slice is a document of its own; their lists are joined into one. */
function* resourceSpansJson(trace: StoredTrace | undefined): Generator<string, void> {
  const head = '{"resourceSpans":[';
  const tail = "]}";
  let separator = "";
  for (const slice of rowSlices(trace?.rows ?? [])) {
    yield separator + otlpJsonFromRows(slice, "proto3").slice(head.length, -tail.length);
    separator = ",";
  }
}

function* bareJson(trace: StoredTrace | undefined): Generator<string, void> {
  yield '{"batches":[';
  yield* resourceSpansJson(trace);
  yield "]}";
}

function* envelopedJson(trace: StoredTrace | undefined, cut: string | undefined): Generator<string, void> {
  if (trace === undefined) yield '{"trace":{}';
  else {
    yield '{"trace":{"resourceSpans":[';
    yield* resourceSpansJson(trace);
    yield "]}";
  }
  const rest = { metrics: {}, ...(cut === undefined ? {} : { status: "PARTIAL", message: cut }) };
  yield `,${JSON.stringify(rest).slice(1)}`;
}

const ENVELOPE = { trace: 1, metrics: 2, status: 3, message: 4 } as const;
const STATUS_PARTIAL = 1;
/** Tag of the trace in its envelope: field 1, with a length. */
const TRACE_TAG = (ENVELOPE.trace << 3) | 2;

/** A `Trace` is the same on the wire as an OTLP request, and pieces of it joined are one. */
function* traceMessage(trace: StoredTrace | undefined): Generator<Uint8Array, void> {
  for (const slice of rowSlices(trace?.rows ?? [])) yield payloadFromRows(slice);
}

/** The trace stands in its envelope in one piece, as readers that merge no pieces need it: so its length comes first. */
async function messageBytes(trace: StoredTrace | undefined, signal: AbortSignal): Promise<number> {
  const slice = new TimeSlice(signal);
  let bytes = 0;
  for (const rows of rowSlices(trace?.rows ?? [])) {
    bytes += payloadBytesOfRows(rows);
    if (slice.isOver(rows.length)) await slice.rest();
  }
  return bytes;
}

function* envelopedMessage(
  trace: StoredTrace | undefined,
  { cut, bytes }: { readonly cut: string | undefined; readonly bytes: number },
): Generator<Uint8Array, void> {
  yield Uint8Array.of(TRACE_TAG, ...varint(bytes));
  yield* traceMessage(trace);
  const writer = new ProtobufWriter(256);
  writer.end(writer.begin(ENVELOPE.metrics));
  if (cut !== undefined) {
    writer.uint32(ENVELOPE.status, STATUS_PARTIAL);
    writer.text(ENVELOPE.message, cut);
  }
  yield writer.finish();
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  bytes.push(rest);
  return bytes;
}
