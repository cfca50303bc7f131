/** From decoded batches to the tables of a segment: spans by trace, one summary and the links of each trace. */

import type { DuckDBConnection } from "@duckdb/node-api";
import { dependencyLinks } from "../../analysis/dependency-links.ts";
import { distinctRows } from "../../batch/distinct-rows.ts";
import { serviceNameOf } from "../../batch/row-names.ts";
import type { SpanRow } from "../../batch/span-batch.ts";
import { lazySpan } from "../../batch/span-from-row.ts";
import type { StringDictionary } from "../../batch/string-dictionary.ts";
import { rowSummary } from "../../hot/row-summary.ts";
import type { TraceSummary } from "../../model/trace-summary.ts";
import { ColumnAppender } from "./column-appender.ts";
import { ResourceTable } from "./resource-table.ts";
import { LINKS_TABLE, RESOURCES_TABLE, SCOPES_TABLE, SPANS_TABLE, TRACES_TABLE } from "./segment-format.ts";
import { appendRemainder } from "./span-remainder.ts";
import type { TraceGroups } from "./trace-groups.ts";

/** The traces of a segment. */
export interface SegmentTraces {
  readonly traceCount: number;
  /** 16 bytes a trace, ascending. */
  readonly traceIds: Uint8Array;
  /** Start of each trace, in the order of the ids. */
  readonly traceStarts: BigUint64Array;
}

/** What was put into the tables. */
export interface SegmentContent extends SegmentTraces {
  readonly spanCount: number;
}

/** Creates and fills the tables of {@link SEGMENT_TABLES} in the database of `connection`. */
export async function fillSegmentTables(
  connection: DuckDBConnection,
  groups: TraceGroups,
): Promise<SegmentContent> {
  const spans = await ColumnAppender.create(connection, SPANS_TABLE);
  const traces = await ColumnAppender.create(connection, TRACES_TABLE);
  const links = await ColumnAppender.create(connection, LINKS_TABLE);
  const resources = new ResourceTable(
    await ColumnAppender.create(connection, RESOURCES_TABLE),
    await ColumnAppender.create(connection, SCOPES_TABLE),
  );
  const writer = new SegmentTableWriter(spans, traces, links, resources);
  const traceStarts = new BigUint64Array(groups.traceCount);
  for (let group = 0; group < groups.traceCount; group++) {
    traceStarts[group] = writer.addTrace(groups.rows(group));
  }
  for (const table of [spans, traces, links]) table.close();
  resources.close();
  return {
    spanCount: writer.spanCount,
    traceCount: groups.traceCount,
    traceIds: groups.traceIds,
    traceStarts,
  };
}

class SegmentTableWriter {
  spanCount = 0;
  readonly #spans: ColumnAppender;
  readonly #traces: ColumnAppender;
  readonly #links: ColumnAppender;
  readonly #resources: ResourceTable;
  readonly #texts = new TextBytes();

  constructor(
    spans: ColumnAppender,
    traces: ColumnAppender,
    links: ColumnAppender,
    resources: ResourceTable,
  ) {
    this.#spans = spans;
    this.#traces = traces;
    this.#links = links;
    this.#resources = resources;
  }

  /** Adds one trace; returns its start. */
  addTrace(all: readonly SpanRow[]): bigint {
    const rows = all.length === 1 ? all : distinctRows(all);
    for (const row of rows) this.#addSpan(row);
    this.spanCount += rows.length;
    const summary = rowSummary(rows);
    const { batch, row } = rows[0]!;
    const idStart = row * 16;
    this.#addSummary(batch.traceIds, idStart, summary);
    for (const link of dependencyLinks(rows.map(lazySpan))) {
      const links = this.#links;
      links.setBytes(0, batch.traceIds, idStart, idStart + 16);
      links.setU64(1, summary.startTimeUnixNano);
      links.setBytes(2, this.#texts.bytesOf(link.fromService));
      links.setBytes(3, this.#texts.bytesOf(link.toService));
      links.setBytes(4, this.#texts.bytesOf(link.type));
      links.setNumber(5, link.callCount);
      links.setNumber(6, link.errorCount);
      links.endRow();
    }
    return summary.startTimeUnixNano;
  }

  #addSpan({ batch, row }: SpanRow): void {
    const spans = this.#spans;
    const nameId = batch.nameIds[row]!;
    const name = this.#texts.nameOf(batch.dictionary, nameId);
    const scopeIndex = batch.scopeIndexes[row]!;
    const ids = this.#resources.idsOf(batch, scopeIndex, row);
    spans.setBytes(0, batch.traceIds, row * 16, row * 16 + 16);
    spans.setU64(1, bigEndian64(batch.spanIds, row * 8));
    spans.setU64(2, bigEndian64(batch.parentSpanIds, row * 8));
    spans.setU64(3, batch.startTimesUnixNano[row]!);
    spans.setU64(4, batch.endTimesUnixNano[row]!);
    spans.setNumber(5, batch.kinds[row]!);
    spans.setNumber(6, batch.statusCodes[row]!);
    spans.setBytes(7, name.bytes);
    const serviceName = serviceNameOf({ batch, row });
    spans.setBytes(8, this.#texts.bytesOf(serviceName));
    spans.setNumber(9, ids.resourceId);
    spans.setNumber(10, ids.scopeId);
    spans.writeBytes(11, (sink) => {
      appendRemainder(batch.payload, batch.spanStarts[row]!, batch.spanEnds[row]!, name.isLossy, sink);
    });
    spans.endRow();
  }

  #addSummary(ids: Uint8Array, idStart: number, summary: TraceSummary): void {
    const traces = this.#traces;
    const { startTimeUnixNano, endTimeUnixNano } = summary;
    traces.setBytes(0, ids, idStart, idStart + 16);
    traces.setU64(1, startTimeUnixNano);
    traces.setU64(2, endTimeUnixNano);
    traces.setU64(3, endTimeUnixNano - startTimeUnixNano);
    traces.setNumber(4, summary.spanCount);
    traces.setNumber(5, summary.errorCount);
    traces.setBytes(6, this.#texts.bytesOf(summary.rootServiceName));
    traces.setBytes(7, this.#texts.bytesOf(summary.rootOperationName));
    const services = summary.services.map(({ name, spanCount, errorCount }) => [name, spanCount, errorCount]);
    traces.setBytes(8, this.#texts.encode(JSON.stringify(services)));
    traces.endRow();
  }
}

function bigEndian64(bytes: Uint8Array, at: number): bigint {
  const high = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  const low = (bytes[at + 4]! << 24) | (bytes[at + 5]! << 16) | (bytes[at + 6]! << 8) | bytes[at + 7]!;
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}

interface NameBytes {
  readonly bytes: Uint8Array;
  /** True when the text holds a replacement character: the bytes sent may have been no valid UTF-8. */
  readonly isLossy: boolean;
}

/** UTF-8 of strings that come again and again. Lives for one seal. */
class TextBytes {
  /** Distinct texts kept; a seal with more distinct names only encodes more. */
  static readonly #maxTexts = 50_000;
  readonly #encoder = new TextEncoder();
  readonly #texts = new Map<string, Uint8Array>();
  readonly #names = new Map<StringDictionary, (NameBytes | undefined)[]>();

  encode(text: string): Uint8Array {
    return this.#encoder.encode(text);
  }

  bytesOf(text: string): Uint8Array {
    let bytes = this.#texts.get(text);
    if (bytes === undefined) {
      bytes = this.#encoder.encode(text);
      if (this.#texts.size < TextBytes.#maxTexts) this.#texts.set(text, bytes);
    }
    return bytes;
  }

  nameOf(dictionary: StringDictionary, id: number): NameBytes {
    let names = this.#names.get(dictionary);
    if (names === undefined) {
      names = [];
      this.#names.set(dictionary, names);
    }
    let name = names[id];
    if (name === undefined) {
      const text = dictionary.text(id);
      name = { bytes: this.#encoder.encode(text), isLossy: text.includes("\uFFFD") };
      names[id] = name;
    }
    return name;
  }
}
