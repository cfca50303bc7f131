/** Everything one seal writes as flat columns: the rows of many requests end to end, without an object a row. */

import type { SpanBatch, SpanRow } from "../../batch/span-batch.ts";
import type { StringDictionary } from "../../batch/string-dictionary.ts";
import { WordList } from "../../batch/word-list.ts";

/** Rows of many batches; row r of every column describes one span, in the order of the batches. */
export interface SealRows {
  readonly rowCount: number;
  /** All payloads in one buffer. */
  readonly bytes: Uint8Array;
  /** 16 bytes a row. */
  readonly traceIds: Uint8Array;
  /** 8 bytes a row. */
  readonly spanIds: Uint8Array;
  /** 8 bytes a row, all zero for a root. */
  readonly parentSpanIds: Uint8Array;
  /** Two words a row, low first. */
  readonly startWords: Uint32Array;
  readonly endWords: Uint32Array;
  readonly kinds: Uint8Array;
  readonly statusCodes: Uint8Array;
  /** Index into {@link SealRows.names}. */
  readonly nameIds: Uint32Array;
  readonly names: readonly string[];
  /** Index into {@link SealRows.origins}. */
  readonly originIds: Uint32Array;
  readonly origins: readonly Origin[];
  /** Index into {@link SealRows.services}, by origin. */
  readonly serviceIds: Uint32Array;
  readonly services: readonly string[];
  /** The `Span` body in {@link SealRows.bytes}. */
  readonly spanStarts: Uint32Array;
  readonly spanEnds: Uint32Array;
  /** The row in the batch it came in, for code that reads whole spans. */
  spanRow(row: number): SpanRow;
}

/** One scope entry of one batch. */
export interface Origin {
  readonly batch: SpanBatch;
  readonly scopeIndex: number;
  /** Any row of the batch under it. */
  readonly row: number;
}

/** Lays the rows of some batches end to end. */
export function sealRowsOf(batches: readonly SpanBatch[]): SealRows {
  const rowCount = batches.reduce((sum, batch) => sum + batch.rowCount, 0);
  const { bytes, bases } = oneBuffer(batches);
  const rows = new RowsInProgress(rowCount);
  const firstRows: number[] = [];
  for (const [index, batch] of batches.entries()) {
    firstRows.push(rows.filled);
    rows.add(batch, bases[index]!);
  }
  return { ...rows.columns(), bytes, spanRow: (row) => spanRowOf(batches, firstRows, row) };
}

/** The payloads in one buffer: as they lie when they share one, copied together otherwise. */
function oneBuffer(batches: readonly SpanBatch[]): { bytes: Uint8Array; bases: readonly number[] } {
  const shared = batches[0]?.payload.buffer;
  if (shared === undefined) return { bytes: new Uint8Array(0), bases: [] };
  if (batches.every(({ payload }) => payload.buffer === shared)) {
    return { bytes: new Uint8Array(shared), bases: batches.map(({ payload }) => payload.byteOffset) };
  }
  const bases: number[] = [];
  let length = 0;
  for (const { payload } of batches) {
    bases.push(length);
    length += payload.length;
  }
  const bytes = new Uint8Array(length);
  for (const [index, { payload }] of batches.entries()) bytes.set(payload, bases[index]);
  return { bytes, bases };
}

class RowsInProgress {
  filled = 0;
  readonly #rowCount: number;
  readonly #traceIds: Uint8Array;
  readonly #spanIds: Uint8Array;
  readonly #parentSpanIds: Uint8Array;
  readonly #starts: BigUint64Array;
  readonly #ends: BigUint64Array;
  readonly #kinds: Uint8Array;
  readonly #statusCodes: Uint8Array;
  readonly #nameIds: Uint32Array;
  readonly #originIds: Uint32Array;
  readonly #spanStarts: Uint32Array;
  readonly #spanEnds: Uint32Array;
  readonly #names = new WordList();
  readonly #services = new WordList();
  readonly #origins: Origin[] = [];
  readonly #serviceIds: number[] = [];
  readonly #nameMaps = new Map<StringDictionary, number[]>();

  constructor(rowCount: number) {
    this.#rowCount = rowCount;
    this.#traceIds = new Uint8Array(rowCount * 16);
    this.#spanIds = new Uint8Array(rowCount * 8);
    this.#parentSpanIds = new Uint8Array(rowCount * 8);
    this.#starts = new BigUint64Array(rowCount);
    this.#ends = new BigUint64Array(rowCount);
    this.#kinds = new Uint8Array(rowCount);
    this.#statusCodes = new Uint8Array(rowCount);
    this.#nameIds = new Uint32Array(rowCount);
    this.#originIds = new Uint32Array(rowCount);
    this.#spanStarts = new Uint32Array(rowCount);
    this.#spanEnds = new Uint32Array(rowCount);
  }

  add(batch: SpanBatch, base: number): void {
    const at = this.filled;
    this.#traceIds.set(batch.traceIds, at * 16);
    this.#spanIds.set(batch.spanIds, at * 8);
    this.#parentSpanIds.set(batch.parentSpanIds, at * 8);
    this.#starts.set(batch.startTimesUnixNano, at);
    this.#ends.set(batch.endTimesUnixNano, at);
    this.#kinds.set(batch.kinds, at);
    this.#statusCodes.set(batch.statusCodes, at);
    const originOf = this.#originsOf(batch);
    const nameMap = this.#nameMapOf(batch.dictionary);
    for (let row = 0; row < batch.rowCount; row++) {
      const to = at + row;
      this.#spanStarts[to] = batch.spanStarts[row]! + base;
      this.#spanEnds[to] = batch.spanEnds[row]! + base;
      const scopeIndex = batch.scopeIndexes[row]!;
      let origin = originOf[scopeIndex]!;
      if (origin < 0) {
        origin = this.#addOrigin({ batch, scopeIndex, row });
        originOf[scopeIndex] = origin;
      }
      this.#originIds[to] = origin;
      const nameId = batch.nameIds[row]!;
      this.#nameIds[to] = nameMap[nameId] ?? this.#addName(nameMap, batch.dictionary, nameId);
    }
    this.filled += batch.rowCount;
  }

  columns(): Omit<SealRows, "bytes" | "spanRow"> {
    return {
      rowCount: this.#rowCount,
      traceIds: this.#traceIds,
      spanIds: this.#spanIds,
      parentSpanIds: this.#parentSpanIds,
      startWords: new Uint32Array(this.#starts.buffer),
      endWords: new Uint32Array(this.#ends.buffer),
      kinds: this.#kinds,
      statusCodes: this.#statusCodes,
      nameIds: this.#nameIds,
      names: this.#names.texts,
      originIds: this.#originIds,
      origins: this.#origins,
      serviceIds: Uint32Array.from(this.#serviceIds),
      services: this.#services.texts,
      spanStarts: this.#spanStarts,
      spanEnds: this.#spanEnds,
    };
  }

  #originsOf(batch: SpanBatch): Int32Array {
    return new Int32Array(batch.scopes.length).fill(-1);
  }

  #addOrigin(origin: Origin): number {
    const { batch, scopeIndex } = origin;
    const { serviceName } = batch.resources[batch.scopes[scopeIndex]!.resourceIndex]!;
    this.#serviceIds.push(this.#services.idOf(serviceName));
    return this.#origins.push(origin) - 1;
  }

  #nameMapOf(dictionary: StringDictionary): number[] {
    let map = this.#nameMaps.get(dictionary);
    if (map === undefined) {
      map = [];
      this.#nameMaps.set(dictionary, map);
    }
    return map;
  }

  #addName(map: number[], dictionary: StringDictionary, nameId: number): number {
    const id = this.#names.idOf(dictionary.text(nameId));
    map[nameId] = id;
    return id;
  }
}

/** Binary search for the batch of a row. */
function spanRowOf(batches: readonly SpanBatch[], firstRows: readonly number[], row: number): SpanRow {
  let low = 0;
  let high = batches.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (firstRows[middle]! <= row) low = middle;
    else high = middle - 1;
  }
  return { batch: batches[low]!, row: row - firstRows[low]! };
}
