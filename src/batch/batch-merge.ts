/** Many batches end to end as one, without decoding any of them again. */

import type { BatchColumns } from "./batch-columns.ts";
import { COLUMN_BYTES_PER_ROW, columnsIn } from "./batch-columns.ts";
import type { PackedBatch } from "./packed-batch.ts";
import { unpackBatch } from "./packed-batch.ts";
import type { SpanBatch } from "./span-batch.ts";
import type { StringDictionary } from "./string-dictionary.ts";
import { WordList } from "./word-list.ts";

/** Some batches as one, packed; it shares no memory with them, so that its buffers can be given away. */
export function packedBatch(batches: readonly SpanBatch[]): PackedBatch {
  const merge = new BatchMerge(batches);
  for (const batch of batches) merge.add(batch);
  return merge.packed();
}

/** Some batches as one. */
export function mergedBatch(batches: readonly SpanBatch[]): SpanBatch {
  return unpackBatch(packedBatch(batches));
}

/**
 * Lays batches end to end: rows in the order they are added, payloads in one buffer, resources and scopes of each
 * batch behind those of the ones before. What is one payload is then no request any more, only what the ranges of rows,
 * resources and scopes point into.
 * {@link packedBatch} and {@link mergedBatch} do it in one go.
 */
export class BatchMerge {
  readonly #rowCount: number;
  readonly #payload: Uint8Array<ArrayBuffer>;
  readonly #columns: BatchColumns;
  readonly #words = new WordList();
  readonly #wordsOfNames = new Map<StringDictionary, number[]>();
  readonly #resources: number[] = [];
  readonly #scopes: number[] = [];
  #filledRows = 0;
  #filledBytes = 0;

  /** @param batches - What will be added; only their sizes are read here. */
  constructor(batches: readonly Pick<SpanBatch, "rowCount" | "payload">[]) {
    this.#rowCount = batches.reduce((sum, { rowCount }) => sum + rowCount, 0);
    this.#payload = new Uint8Array(batches.reduce((sum, { payload }) => sum + payload.length, 0));
    this.#columns = columnsIn(new ArrayBuffer(this.#rowCount * COLUMN_BYTES_PER_ROW), 0, this.#rowCount);
    // Number 0 is the empty word, as in every dictionary.
    this.#words.idOf("");
  }

  /** Adds the next batch; costs two copies of memory and a few steps a row. */
  add(batch: SpanBatch): void {
    const row = this.#filledRows;
    const base = this.#filledBytes;
    const columns = this.#columns;
    this.#payload.set(batch.payload, base);
    columns.startTimesUnixNano.set(batch.startTimesUnixNano, row);
    columns.endTimesUnixNano.set(batch.endTimesUnixNano, row);
    columns.traceIds.set(batch.traceIds, row * 16);
    columns.spanIds.set(batch.spanIds, row * 8);
    columns.parentSpanIds.set(batch.parentSpanIds, row * 8);
    columns.kinds.set(batch.kinds, row);
    columns.statusCodes.set(batch.statusCodes, row);
    this.#addRanges(batch, row, base);
    this.#addNames(batch, row);
    this.#addOrigins(batch, base);
    this.#filledRows += batch.rowCount;
    this.#filledBytes += batch.payload.length;
  }

  /** All that was added. */
  packed(): PackedBatch {
    return {
      rowCount: this.#rowCount,
      payload: this.#payload,
      ...this.#columns,
      resources: Uint32Array.from(this.#resources),
      scopes: Uint32Array.from(this.#scopes),
      words: this.#words.texts,
    };
  }

  #addRanges({ rowCount, spanStarts, spanEnds, scopeIndexes }: SpanBatch, row: number, base: number): void {
    const columns = this.#columns;
    const firstScope = this.#scopes.length / 4;
    for (let index = 0; index < rowCount; index++) {
      columns.spanStarts[row + index] = (spanStarts[index] as number) + base;
      columns.spanEnds[row + index] = (spanEnds[index] as number) + base;
      columns.scopeIndexes[row + index] = (scopeIndexes[index] as number) + firstScope;
    }
  }

  #addNames({ rowCount, nameIds, dictionary }: SpanBatch, row: number): void {
    const words = this.#wordsOf(dictionary);
    const target = this.#columns.nameIds;
    for (let index = 0; index < rowCount; index++) {
      const nameId = nameIds[index] as number;
      target[row + index] = words[nameId] ?? this.#addName(words, dictionary, nameId);
    }
  }

  #addOrigins({ resources, scopes }: SpanBatch, base: number): void {
    const firstResource = this.#resources.length / 4;
    for (const { serviceName, start, end, schemaUrl } of resources) {
      this.#resources.push(
        this.#words.idOf(serviceName),
        start + base,
        end + base,
        this.#words.idOf(schemaUrl),
      );
    }
    for (const { resourceIndex, start, end, schemaUrl } of scopes) {
      this.#scopes.push(resourceIndex + firstResource, start + base, end + base, this.#words.idOf(schemaUrl));
    }
  }

  #wordsOf(dictionary: StringDictionary): number[] {
    let words = this.#wordsOfNames.get(dictionary);
    if (words === undefined) {
      words = [];
      this.#wordsOfNames.set(dictionary, words);
    }
    return words;
  }

  #addName(words: number[], dictionary: StringDictionary, nameId: number): number {
    const word = this.#words.idOf(dictionary.text(nameId));
    words[nameId] = word;
    return word;
  }
}
