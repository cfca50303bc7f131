/** One walk over a whole `ExportTraceServiceRequest`: envelopes here, spans in {@link SpanWalker}. */

import { ProtobufReader, WireType } from "../../base/protobuf-reader.ts";
import type { ByteDictionary } from "../../batch/byte-dictionary.ts";
import { OtlpFieldNumber } from "../../batch/otlp-schema.ts";
import { serviceNameIn } from "../../batch/service-name.ts";
import type { ResourceEntry, ScopeEntry, SpanBatch } from "../../batch/span-batch.ts";
import { checkMessage, MESSAGE_SHAPES, wrongWireType } from "./message-check.ts";
import type { ColumnScratch } from "./span-columns.ts";
import { copyId, copyTime } from "./span-columns.ts";
import type { SpanRefusal } from "./span-refusals.ts";
import { SpanRefusals } from "./span-refusals.ts";
import { SpanWalker } from "./span-walker.ts";

const REQUEST = OtlpFieldNumber.Request;
const RESOURCE_SPANS = OtlpFieldNumber.ResourceSpans;
const SCOPE_SPANS = OtlpFieldNumber.ScopeSpans;

/** A sub-message's body, and how often it was sent. */
interface Part {
  start: number;
  end: number;
  times: number;
}

/** What walks of one decoder share. */
export interface WalkParts {
  readonly dictionary: ByteDictionary;
  /** Free for this walk until its batch is taken. */
  readonly columns: ColumnScratch;
  readonly maxDepth: number;
}

/** Fills one batch from one payload; used once. */
export class RequestWalk {
  readonly refusals: SpanRefusals;
  /** True when a resource or scope came in several pieces: byte ranges cannot describe it, see `normalised`. */
  isSplit = false;

  readonly #payload: Uint8Array;
  readonly #dictionary: ByteDictionary;
  readonly #maxDepth: number;
  readonly #reader: ProtobufReader;
  readonly #walker: SpanWalker;
  readonly #columns: ColumnScratch;
  readonly #resources: ResourceEntry[] = [];
  readonly #scopes: ScopeEntry[] = [];
  #rowCount = 0;

  constructor(payload: Uint8Array, { dictionary, columns, maxDepth }: WalkParts) {
    this.#payload = payload;
    this.#dictionary = dictionary;
    this.#maxDepth = maxDepth;
    this.#columns = columns;
    this.refusals = new SpanRefusals(payload);
    this.#reader = new ProtobufReader(payload);
    this.#walker = new SpanWalker(new ProtobufReader(payload), maxDepth);
  }

  /** @throws ProtobufError with the offset of the first field that is malformed. */
  run(): void {
    const reader = new ProtobufReader(this.#payload);
    while (reader.position < reader.end) {
      const tagStart = reader.position;
      const tag = reader.tag();
      if (isMessage(tag, REQUEST.resourceSpans, tagStart)) this.#resourceSpans(reader.message());
      else reader.skip(tag);
    }
  }

  /** The batch of the accepted spans. */
  batch(): SpanBatch {
    return {
      rowCount: this.#rowCount,
      payload: this.#payload,
      ...this.#columns.take(this.#rowCount),
      resources: this.#resources,
      scopes: this.#scopes,
      dictionary: this.#dictionary,
    };
  }

  #resourceSpans(reader: ProtobufReader): void {
    const resource: Part = { start: 0, end: 0, times: 0 };
    const schemaUrl: Part = { start: 0, end: 0, times: 0 };
    while (reader.position < reader.end) {
      const tagStart = reader.position;
      const tag = reader.tag();
      const isLegacy =
        tag >>> 3 === RESOURCE_SPANS.instrumentationLibrarySpans && (tag & 7) === WireType.LENGTH;
      if (isLegacy || isMessage(tag, RESOURCE_SPANS.scopeSpans, tagStart)) this.#scopeSpans(reader.message());
      else if (isMessage(tag, RESOURCE_SPANS.resource, tagStart)) take(reader, resource);
      else if (isMessage(tag, RESOURCE_SPANS.schemaUrl, tagStart)) take(reader, schemaUrl);
      else reader.skip(tag);
      if (tag >>> 3 === RESOURCE_SPANS.resource) this.#check(resource, "Resource");
    }
    const { start, end } = resource;
    // Nothing refers to a resource without spans, and a body may name one in two bytes.
    const last = this.#scopes.at(-1);
    if (last?.resourceIndex !== this.#resources.length) return;
    this.#resources.push({
      serviceName: serviceNameIn(this.#payload, start, end, this.#dictionary),
      start,
      end,
      schemaUrl: this.#word(schemaUrl),
    });
  }

  #scopeSpans(reader: ProtobufReader): void {
    const firstRow = this.#rowCount;
    const scope: Part = { start: 0, end: 0, times: 0 };
    const schemaUrl: Part = { start: 0, end: 0, times: 0 };
    while (reader.position < reader.end) {
      const tagStart = reader.position;
      const tag = reader.tag();
      if (isMessage(tag, SCOPE_SPANS.spans, tagStart)) this.#span(reader, tagStart);
      else if (isMessage(tag, SCOPE_SPANS.scope, tagStart)) take(reader, scope);
      else if (isMessage(tag, SCOPE_SPANS.schemaUrl, tagStart)) take(reader, schemaUrl);
      else reader.skip(tag);
      if (tag >>> 3 === SCOPE_SPANS.scope) this.#check(scope, "Scope");
    }
    if (this.#rowCount === firstRow) return;
    this.#scopes.push({
      resourceIndex: this.#resources.length,
      start: scope.start,
      end: scope.end,
      schemaUrl: this.#word(schemaUrl),
    });
  }

  #check(part: Part, message: "Resource" | "Scope"): void {
    checkMessage(this.#reader, part.start, part.end, MESSAGE_SHAPES[message], this.#maxDepth);
    if (part.times > 1) this.isSplit = true;
  }

  #word({ start, end }: Part): string {
    return this.#dictionary.text(this.#dictionary.idOf(this.#payload, start, end));
  }

  #span(reader: ProtobufReader, tagStart: number): void {
    const length = reader.length();
    const start = reader.position;
    const end = start + length;
    reader.position = end;
    const walker = this.#walker;
    walker.walk(start, end);
    if (this.#rowCount === this.#columns.capacity) this.#columns.grow();
    const refusal = this.#copyIds(tagStart);
    if (refusal !== undefined) {
      this.refusals.add(refusal);
      return;
    }
    const row = this.#rowCount++;
    const columns = this.#columns;
    const payload = this.#payload;
    columns.spanStarts[row] = start;
    columns.spanEnds[row] = end;
    columns.scopeIndexes[row] = this.#scopes.length;
    columns.nameIds[row] = this.#dictionary.idOf(payload, walker.nameStart, walker.nameEnd);
    columns.kinds[row] = walker.kind > 255 ? 0 : walker.kind;
    columns.statusCodes[row] = walker.statusCode > 255 ? 0 : walker.statusCode;
    copyTime(columns.startTimeWords, row, payload, walker.startTimeAt);
    copyTime(columns.endTimeWords, row, payload, walker.endTimeAt);
  }

  /** Copies the ids into the next row; says why the span is refused when they are not ids. */
  #copyIds(messageAt: number): SpanRefusal | undefined {
    const walker = this.#walker;
    const columns = this.#columns;
    const payload = this.#payload;
    const row = this.#rowCount;
    const { traceIdStart, traceIdLength, spanIdStart, spanIdLength } = walker;
    if (traceIdLength !== 16 || !copyId(columns.traceIds, row, payload, traceIdStart, 16)) {
      return {
        messageAt,
        field: "trace_id",
        expectedBytes: 16,
        idStart: traceIdStart,
        idLength: traceIdLength,
      };
    }
    if (spanIdLength !== 8 || !copyId(columns.spanIds, row, payload, spanIdStart, 8)) {
      return { messageAt, field: "span_id", expectedBytes: 8, idStart: spanIdStart, idLength: spanIdLength };
    }
    const { parentSpanIdStart, parentSpanIdLength } = walker;
    if (parentSpanIdLength === 8) copyId(columns.parentSpanIds, row, payload, parentSpanIdStart, 8);
    else if (!isZeros(payload, parentSpanIdStart, parentSpanIdLength)) {
      const idStart = parentSpanIdStart;
      return { messageAt, field: "parent_span_id", expectedBytes: 8, idStart, idLength: parentSpanIdLength };
    } else columns.parentSpanIds.fill(0, row * 8, row * 8 + 8);
    return walker.badLinkAt === -1 ? undefined : badLink(walker);
  }
}

function badLink(walker: SpanWalker): SpanRefusal {
  return {
    messageAt: walker.badLinkAt,
    field: walker.badLinkField,
    expectedBytes: walker.badLinkField === "trace_id" ? 16 : 8,
    idStart: walker.badLinkIdStart,
    idLength: walker.badLinkIdLength,
  };
}

function isZeros(bytes: Uint8Array, start: number, length: number): boolean {
  for (let index = 0; index < length; index++) if (bytes[start + index] !== 0) return false;
  return true;
}

/** True when the tag is that of the length-delimited field `number`; a known field in another form is a fault. */
function isMessage(tag: number, number: number, tagStart: number): boolean {
  if (tag >>> 3 !== number) return false;
  if ((tag & 7) === WireType.LENGTH) return true;
  throw wrongWireType(tagStart, WireType.LENGTH, tag & 7);
}

function take(reader: ProtobufReader, part: Part): void {
  const length = reader.length();
  part.start = reader.position;
  part.end = part.start + length;
  part.times++;
  reader.position = part.end;
}
