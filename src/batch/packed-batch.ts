/** A batch in the few flat pieces that another thread can be given without a copy or an object a span. */

import type { ResourceEntry, ScopeEntry, SpanBatch } from "./span-batch.ts";
import { WordList } from "./word-list.ts";

/** A batch on its way between threads. Its words are its own: the dictionary of the batch stays where it is. */
export interface PackedBatch extends Omit<SpanBatch, "resources" | "scopes" | "dictionary"> {
  /** Word of the service, start, end, word of the schema URL of each resource. */
  readonly resources: Uint32Array;
  /** Index of the resource, start, end, word of the schema URL of each scope. */
  readonly scopes: Uint32Array;
  /** What {@link SpanBatch.nameIds} of a packed batch number. */
  readonly words: readonly string[];
}

/** Packs a batch. Nothing but the payload shares memory with another batch, so that its buffers can be given away. */
export function packBatch(batch: SpanBatch): PackedBatch {
  const words = new WordList();
  // Number 0 is the empty one, as in every dictionary.
  words.idOf("");
  const wordOfName = new Map<number, number>();
  const nameIds = batch.nameIds.map((id) => {
    let word = wordOfName.get(id);
    if (word === undefined) {
      word = words.idOf(batch.dictionary.text(id));
      wordOfName.set(id, word);
    }
    return word;
  });
  const { rowCount, payload, resources, scopes, dictionary: _dictionary, ...columns } = batch;
  return {
    rowCount,
    payload,
    ...alone(columns),
    nameIds,
    resources: Uint32Array.from(
      resources.flatMap(({ serviceName, start, end, schemaUrl }) => [
        words.idOf(serviceName),
        start,
        end,
        words.idOf(schemaUrl),
      ]),
    ),
    scopes: Uint32Array.from(
      scopes.flatMap(({ resourceIndex, start, end, schemaUrl }) => [
        resourceIndex,
        start,
        end,
        words.idOf(schemaUrl),
      ]),
    ),
    words: words.texts,
  };
}

/** The columns, copied when their buffer holds those of other batches too, as a decoder lays small ones out. */
function alone<C extends Readonly<Record<keyof C, ArrayBufferView>>>(columns: C): C {
  const views: readonly ArrayBufferView[] = Object.values(columns);
  const usedBytes = views.reduce((sum, { byteLength }) => sum + byteLength, 0);
  return usedBytes === views[0]?.buffer.byteLength ? columns : structuredClone(columns);
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
