/** Names of a row. */

import type { ResourceEntry, ScopeEntry, SpanRow } from "./span-batch.ts";

/** The span's name, "" when none was sent. */
export function nameOf({ batch, row }: SpanRow): string {
  return batch.dictionary.text(batch.nameIds[row] as number);
}

/** `service.name` of the row's resource, or `unknown_service`. */
export function serviceNameOf(row: SpanRow): string {
  return resourceEntryOf(row).serviceName;
}

/** The scope the row belongs to. */
export function scopeEntryOf({ batch, row }: SpanRow): ScopeEntry {
  return batch.scopes[batch.scopeIndexes[row] as number] as ScopeEntry;
}

/** The resource the row belongs to. */
export function resourceEntryOf(row: SpanRow): ResourceEntry {
  return row.batch.resources[scopeEntryOf(row).resourceIndex] as ResourceEntry;
}
