/** A batch in the few flat pieces that another thread can be given without a copy or an object a span. */

import type { ResourceEntry, ScopeEntry, SpanBatch } from "./span-batch.ts";

/** A batch on its way between threads. Its words are its own: the dictionary of the batch stays where it is. */
export interface PackedBatch {
  readonly rowCount: number;
  readonly payload: Uint8Array;
  readonly traceIds: Uint8Array;
  readonly spanIds: Uint8Array;
  readonly parentSpanIds: Uint8Array;
  readonly startTimesUnixNano: BigUint64Array;
  readonly endTimesUnixNano: BigUint64Array;
  readonly kinds: Uint8Array;
  readonly statusCodes: Uint8Array;
  /** Indexes of {@link PackedBatch.words}. */
  readonly nameIds: Uint32Array;
  readonly scopeIndexes: Uint32Array;
  readonly spanStarts: Uint32Array;
  readonly spanEnds: Uint32Array;
  /** Word of the service, start, end, word of the schema URL of each resource. */
  readonly resources: Uint32Array;
  /** Index of the resource, start, end, word of the schema URL of each scope. */
  readonly scopes: Uint32Array;
  readonly words: readonly string[];
}

/** Packs a batch. The columns are those of the batch, not copies. */
export function packBatch(batch: SpanBatch): PackedBatch {
  const words = new WordList();
  const wordOfName = new Map<number, number>();
  const nameIds = batch.nameIds.map((id) => {
    let word = wordOfName.get(id);
    if (word === undefined) {
      word = words.indexOf(batch.dictionary.text(id));
      wordOfName.set(id, word);
    }
    return word;
  });
  const { resources, scopes, dictionary: _dictionary, ...columns } = batch;
  return {
    ...columns,
    nameIds,
    resources: Uint32Array.from(
      resources.flatMap(({ serviceName, start, end, schemaUrl }) => [
        words.indexOf(serviceName),
        start,
        end,
        words.indexOf(schemaUrl),
      ]),
    ),
    scopes: Uint32Array.from(
      scopes.flatMap(({ resourceIndex, start, end, schemaUrl }) => [
        resourceIndex,
        start,
        end,
        words.indexOf(schemaUrl),
      ]),
    ),
    words: words.texts,
  };
}

/** The batch again, with a dictionary of its own. */
export function unpackBatch(packed: PackedBatch): SpanBatch {
  const { words, resources: resourceTable, scopes: scopeTable, ...columns } = packed;
  const resources: ResourceEntry[] = [];
  for (let at = 0; at < resourceTable.length; at += 4) {
    resources.push({
      serviceName: words[resourceTable[at] as number] as string,
      start: resourceTable[at + 1] as number,
      end: resourceTable[at + 2] as number,
      schemaUrl: words[resourceTable[at + 3] as number] as string,
    });
  }
  const scopes: ScopeEntry[] = [];
  for (let at = 0; at < scopeTable.length; at += 4) {
    scopes.push({
      resourceIndex: scopeTable[at] as number,
      start: scopeTable[at + 1] as number,
      end: scopeTable[at + 2] as number,
      schemaUrl: words[scopeTable[at + 3] as number] as string,
    });
  }
  const dictionary = { text: (id: number): string => words[id] as string, size: words.length };
  return { ...columns, resources, scopes, dictionary };
}

/** The buffers of a packed batch, each once, for a transfer; whoever gives them away cannot use the batch any more. */
export function buffersOf(packed: PackedBatch): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const column of Object.values(packed)) {
    if (ArrayBuffer.isView(column) && column.buffer instanceof ArrayBuffer) buffers.add(column.buffer);
  }
  return [...buffers];
}

/** Words by number; number 0 is the empty one, as in every dictionary. */
class WordList {
  readonly texts: string[] = [""];
  readonly #indexes = new Map<string, number>([["", 0]]);

  indexOf(text: string): number {
    const known = this.#indexes.get(text);
    if (known !== undefined) return known;
    this.#indexes.set(text, this.texts.length);
    this.texts.push(text);
    return this.texts.length - 1;
  }
}
