/** A batch in the few flat pieces that another thread can be given without a copy or an object a span. */

import type { ResourceEntry, ScopeEntry, SpanBatch } from "./span-batch.ts";

/** A batch on its way between threads. Its words are its own: the dictionary of the batch stays where it is. */
export interface PackedBatch extends Omit<SpanBatch, "resources" | "scopes" | "dictionary"> {
  /** Word of the service, start, end, word of the schema URL of each resource. */
  readonly resources: Uint32Array;
  /** Index of the resource, start, end, word of the schema URL of each scope. */
  readonly scopes: Uint32Array;
  /** What {@link SpanBatch.nameIds} of a packed batch number. */
  readonly words: readonly string[];
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
