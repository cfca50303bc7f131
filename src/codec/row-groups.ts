/** Rows put back under the resources and scopes they came with. */

import { resourceEntryOf, scopeEntryOf } from "../batch/row-names.ts";
import type { ResourceEntry, ScopeEntry, SpanBatch, SpanRow } from "../batch/span-batch.ts";

/** Rows of one scope. */
export interface ScopeGroup {
  readonly scope: ScopeEntry;
  /** Row numbers in the batch of the {@link ResourceGroup}. */
  readonly rows: readonly number[];
}

/** Rows of one resource of one batch. */
export interface ResourceGroup {
  readonly batch: SpanBatch;
  readonly resource: ResourceEntry;
  readonly scopes: readonly ScopeGroup[];
}

/** Groups rows by resource, then scope, each in the order first met. */
export function groupRows(rows: Iterable<SpanRow>): ResourceGroup[] {
  const groups: ResourceGroup[] = [];
  const scopesOf = new Map<ResourceEntry, ScopeGroup[]>();
  const rowsOf = new Map<ScopeEntry, number[]>();
  for (const spanRow of rows) {
    const scope = scopeEntryOf(spanRow);
    const known = rowsOf.get(scope);
    if (known !== undefined) {
      known.push(spanRow.row);
      continue;
    }
    const resource = resourceEntryOf(spanRow);
    let scopes = scopesOf.get(resource);
    if (scopes === undefined) {
      scopes = [];
      scopesOf.set(resource, scopes);
      groups.push({ batch: spanRow.batch, resource, scopes });
    }
    const scopeRows = [spanRow.row];
    rowsOf.set(scope, scopeRows);
    scopes.push({ scope, rows: scopeRows });
  }
  return groups;
}
