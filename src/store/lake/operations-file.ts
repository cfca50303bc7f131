/** `operations.json`: the services and operations of one segment, so that a start need not read spans. */

import { TracAggError } from "../../base/errors.ts";
import type { SpanKind } from "../../model/span-kind.ts";
import { numberFromSpanKind, SPAN_KIND_BY_NUMBER } from "../../model/span-kind.ts";
import { NameCatalogue } from "../name-catalogue.ts";
import { encodedText } from "./encoded-text.ts";
import type { ReadConnection } from "./reader-pool.ts";

/** An operation of a service: service name, span name, kind. */
export type OperationRow = readonly [serviceName: string, name: string, kind: SpanKind];

/** The file's text for what a catalogue lists. */
export async function formatOperations(names: NameCatalogue): Promise<string> {
  const rows: OperationRow[] = [];
  for (const serviceName of await names.services()) {
    for (const { name, kind } of await names.operations(serviceName)) rows.push([serviceName, name, kind]);
  }
  return JSON.stringify(rows);
}

/** The services and operations of all spans in a `spans.parquet`. */
export async function namesInSpans(connection: ReadConnection, spansFile: string): Promise<NameCatalogue> {
  const names = new NameCatalogue();
  const sql =
    "SELECT encode(service_name), encode(name), kind FROM (SELECT DISTINCT service_name, name, kind FROM read_parquet($1))";
  for await (const chunk of connection.chunks(sql, [spansFile])) {
    for (const [service, name, kind] of chunk.getRows())
      names.add(encodedText(service), encodedText(name), kind as number);
  }
  return names;
}

/**
 * Adds what the file lists to a catalogue.
 *
 * @throws TracAggError `data_corrupt` when the text is not what {@link formatOperations} makes.
 */
export function addOperations(text: string, names: NameCatalogue): void {
  for (const [serviceName, name, kind] of parseRows(text)) {
    names.add(serviceName, name, numberFromSpanKind(kind));
  }
}

function parseRows(text: string): readonly OperationRow[] {
  let rows: unknown;
  try {
    rows = JSON.parse(text);
  } catch {
    rows = undefined;
  }
  if (Array.isArray(rows) && rows.every(isOperationRow)) return rows;
  throw new TracAggError("data_corrupt", "operations: expected a JSON list of [service, name, kind]");
}

function isOperationRow(row: unknown): row is OperationRow {
  return (
    Array.isArray(row) &&
    typeof row[0] === "string" &&
    typeof row[1] === "string" &&
    SPAN_KIND_BY_NUMBER.includes(row[2] as SpanKind)
  );
}
