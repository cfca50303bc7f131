/** Everything one seal writes as flat columns, without an object a row. */

import { wordPairsOf } from "../../base/bytes.ts";
import type { SpanBatch, SpanRow } from "../../batch/span-batch.ts";
import { WordList } from "../../batch/word-list.ts";

/** Row r of every column describes one span, in the order they came. */
export interface SealRows {
  /** The batch the rows are of: for code that reads whole spans, resources or scopes. */
  readonly batch: SpanBatch;
  readonly rowCount: number;
  /** The payload of the batch. */
  readonly bytes: Uint8Array;
  /** 16 bytes a row. */
  readonly traceIds: Uint8Array;
  /** 8 bytes a row. */
  readonly spanIds: Uint8Array;
  /** 8 bytes a row, all zero for a root. */
  readonly parentSpanIds: Uint8Array;
  /** Two words a row, low first, as on every machine DuckDB runs on. */
  readonly startWords: Uint32Array;
  readonly endWords: Uint32Array;
  readonly kinds: Uint8Array;
  readonly statusCodes: Uint8Array;
  /** Index into {@link SealRows.names}. */
  readonly nameIds: Uint32Array;
  /** The names that rows have, each once. */
  readonly names: readonly string[];
  /** Index of the scope entry of the batch. */
  readonly originIds: Uint32Array;
  /** Index into {@link SealRows.services}, by scope entry. */
  readonly serviceIds: Uint32Array;
  readonly services: readonly string[];
  /** The `Span` body in {@link SealRows.bytes}. */
  readonly spanStarts: Uint32Array;
  readonly spanEnds: Uint32Array;
  spanRow(row: number): SpanRow;
}

/** The rows of a batch as a seal takes them. */
export function sealRowsOf(batch: SpanBatch): SealRows {
  return {
    batch,
    rowCount: batch.rowCount,
    bytes: batch.payload,
    traceIds: batch.traceIds,
    spanIds: batch.spanIds,
    parentSpanIds: batch.parentSpanIds,
    startWords: wordPairsOf(batch.startTimesUnixNano),
    endWords: wordPairsOf(batch.endTimesUnixNano),
    kinds: batch.kinds,
    statusCodes: batch.statusCodes,
    ...namesOf(batch),
    originIds: batch.scopeIndexes,
    ...servicesOf(batch),
    spanStarts: batch.spanStarts,
    spanEnds: batch.spanEnds,
    spanRow: (row) => ({ batch, row }),
  };
}

/** Numbers without gaps: a dictionary has words of other kinds too, and those of other batches. */
function namesOf({ rowCount, nameIds, dictionary }: SpanBatch): Pick<SealRows, "nameIds" | "names"> {
  const numbers = new Uint32Array(dictionary.size);
  const names: string[] = [];
  const numbered = new Uint32Array(rowCount);
  for (let row = 0; row < rowCount; row++) {
    const nameId = nameIds[row]!;
    if (numbers[nameId] === 0) numbers[nameId] = names.push(dictionary.text(nameId));
    numbered[row] = numbers[nameId]! - 1;
  }
  return { nameIds: numbered, names };
}

function servicesOf({ scopes, resources }: SpanBatch): Pick<SealRows, "serviceIds" | "services"> {
  const services = new WordList();
  const serviceIds = Uint32Array.from(scopes, ({ resourceIndex }) =>
    services.idOf(resources[resourceIndex]!.serviceName),
  );
  return { serviceIds, services: services.texts };
}
