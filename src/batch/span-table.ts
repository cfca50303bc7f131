/** The spans of one trace in a few flat pieces, for an analysis in another thread. */

import type { Steps } from "../base/time-slice.ts";
import { hostKeyOf } from "../model/host-key.ts";
import type { PackedTexts } from "./packed-texts.ts";
import { TextPacker } from "./packed-texts.ts";
import { resourceOf } from "./row-envelope.ts";
import { traceIdOf } from "./row-ids.ts";
import { resourceEntryOf } from "./row-names.ts";
import type { ResourceEntry, SpanRow } from "./span-batch.ts";
import type { StringDictionary } from "./string-dictionary.ts";

/** Rows copied between two chances for others to run. */
const ROWS_PER_STEP = 512;
/** Bodies are copied into buffers of this size; a longer body gets one of its own. */
const BODY_BUFFER_BYTES = 1024 * 1024;
const CONSUMER = 5;
/** OTLP numbers of CLIENT, PRODUCER and CONSUMER: kinds whose attributes say who the far end is. */
const CALLING_KINDS: ReadonlySet<number> = new Set([3, 4, CONSUMER]);

/** Rows as columns; row r of every column is row r of the list it was made of. No memory is shared with a batch. */
export interface SpanTable {
  readonly rowCount: number;
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** 8 bytes a row. */
  readonly spanIds: Uint8Array<ArrayBuffer>;
  /** 8 bytes a row, all zero for a root. */
  readonly parentSpanIds: Uint8Array<ArrayBuffer>;
  readonly startTimesUnixNano: BigUint64Array<ArrayBuffer>;
  readonly endTimesUnixNano: BigUint64Array<ArrayBuffer>;
  /** OTLP numbers. */
  readonly kinds: Uint8Array<ArrayBuffer>;
  /** OTLP numbers. */
  readonly statusCodes: Uint8Array<ArrayBuffer>;
  /** Number of the span's name and of its service in {@link SpanTable.texts}. */
  readonly nameTexts: Uint32Array<ArrayBuffer>;
  readonly serviceTexts: Uint32Array<ArrayBuffer>;
  /** Not each of them once. */
  readonly texts: PackedTexts;
  /** Number of the key of the span's host in {@link SpanTable.texts}, where it was asked for. */
  readonly hostTexts: Uint32Array<ArrayBuffer> | undefined;
  /** `Span` bodies, where they were asked for. */
  readonly bodies: SpanBodies | undefined;
}

/** `Span` message bodies of rows. */
export interface SpanBodies {
  readonly buffers: readonly Uint8Array<ArrayBuffer>[];
  /** Buffer, start and end of the body of each row; start = end for a row without one. */
  readonly places: Uint32Array<ArrayBuffer>;
}

/** What a table holds beside the columns. */
export interface SpanTableOptions {
  /**
   * Bodies of the spans whose attributes and links dependency links may ask for: those of calling kinds, and of every
   * span where there is a consumer, which may follow any of them.
   */
  readonly withLinkBodies: boolean;
  /** Keys of the hosts, by which clocks are told apart. Default false. */
  readonly withHosts?: boolean;
}

/** Copies rows into a table. Work that can be done in slices. */
export function* spanTable(rows: readonly SpanRow[], options: SpanTableOptions): Steps<SpanTable> {
  const count = rows.length;
  const columns = {
    spanIds: new Uint8Array(count * 8),
    parentSpanIds: new Uint8Array(count * 8),
    startTimesUnixNano: new BigUint64Array(count),
    endTimesUnixNano: new BigUint64Array(count),
    kinds: new Uint8Array(count),
    statusCodes: new Uint8Array(count),
    nameTexts: new Uint32Array(count),
    serviceTexts: new Uint32Array(count),
  };
  const texts = new RowTexts();
  const hostTexts = options.withHosts === true ? new Uint32Array(count) : undefined;
  let hasConsumer = false;
  for (const [at, row] of rows.entries()) {
    const { batch, row: from } = row;
    copyId(batch.spanIds, from, columns.spanIds, at);
    copyId(batch.parentSpanIds, from, columns.parentSpanIds, at);
    columns.startTimesUnixNano[at] = batch.startTimesUnixNano[from] as bigint;
    columns.endTimesUnixNano[at] = batch.endTimesUnixNano[from] as bigint;
    columns.kinds[at] = batch.kinds[from] as number;
    columns.statusCodes[at] = batch.statusCodes[from] as number;
    columns.nameTexts[at] = texts.nameOf(row);
    columns.serviceTexts[at] = texts.serviceOf(row);
    if (hostTexts !== undefined) hostTexts[at] = texts.hostOf(row);
    hasConsumer ||= columns.kinds[at] === CONSUMER;
    if (at % ROWS_PER_STEP === ROWS_PER_STEP - 1) yield ROWS_PER_STEP;
  }
  const bodies = options.withLinkBodies ? yield* bodiesOf(rows, hasConsumer) : undefined;
  const traceId = rows[0] === undefined ? "" : traceIdOf(rows[0]);
  return { rowCount: count, traceId, ...columns, hostTexts, texts: texts.packed(), bodies };
}

/** The buffers of a table, for a transfer; whoever gives them away cannot use the table any more. */
export function buffersOfTable({ texts, bodies, ...columns }: SpanTable): ArrayBuffer[] {
  const buffers = [texts.bytes.buffer, texts.ends.buffer];
  for (const column of Object.values(columns)) if (ArrayBuffer.isView(column)) buffers.push(column.buffer);
  for (const body of bodies?.buffers ?? []) buffers.push(body.buffer);
  if (bodies !== undefined) buffers.push(bodies.places.buffer);
  return buffers;
}

/** Numbers for the names of rows, each name once for a dictionary and each service once for a resource. */
class RowTexts {
  readonly #packer = new TextPacker();
  readonly #names = new Map<StringDictionary, Map<number, number>>();
  readonly #services = new Map<ResourceEntry, number>();
  readonly #hosts = new Map<ResourceEntry, number>();

  nameOf({ batch, row }: SpanRow): number {
    let known = this.#names.get(batch.dictionary);
    if (known === undefined) {
      known = new Map();
      this.#names.set(batch.dictionary, known);
    }
    const nameId = batch.nameIds[row] as number;
    let text = known.get(nameId);
    if (text === undefined) {
      text = this.#packer.add(batch.dictionary.text(nameId));
      known.set(nameId, text);
    }
    return text;
  }

  serviceOf(row: SpanRow): number {
    const entry = resourceEntryOf(row);
    let text = this.#services.get(entry);
    if (text === undefined) {
      text = this.#packer.add(entry.serviceName);
      this.#services.set(entry, text);
    }
    return text;
  }

  hostOf(row: SpanRow): number {
    const entry = resourceEntryOf(row);
    let text = this.#hosts.get(entry);
    if (text === undefined) {
      text = this.#packer.add(hostKeyOf(resourceOf(row).attributes));
      this.#hosts.set(entry, text);
    }
    return text;
  }

  packed(): PackedTexts {
    return this.#packer.packed();
  }
}

function* bodiesOf(rows: readonly SpanRow[], ofEveryKind: boolean): Steps<SpanBodies> {
  const places = new Uint32Array(rows.length * 3);
  const buffers: Uint8Array<ArrayBuffer>[] = [];
  let buffer = new Uint8Array(0);
  let length = 0;
  for (const [at, { batch, row }] of rows.entries()) {
    if (at % ROWS_PER_STEP === ROWS_PER_STEP - 1) yield ROWS_PER_STEP;
    if (!ofEveryKind && !CALLING_KINDS.has(batch.kinds[row] as number)) continue;
    const start = batch.spanStarts[row] as number;
    const end = batch.spanEnds[row] as number;
    if (length + end - start > buffer.length) {
      buffer = new Uint8Array(Math.max(BODY_BUFFER_BYTES, end - start));
      buffers.push(buffer);
      length = 0;
    }
    buffer.set(batch.payload.subarray(start, end), length);
    places[at * 3] = buffers.length - 1;
    places[at * 3 + 1] = length;
    length += end - start;
    places[at * 3 + 2] = length;
  }
  return { buffers, places };
}

function copyId(from: Uint8Array, fromRow: number, to: Uint8Array, toRow: number): void {
  for (let byte = 0; byte < 8; byte++) to[toRow * 8 + byte] = from[fromRow * 8 + byte] as number;
}
