/** What is looked at of all spans of a trace before the first one is written. */

import { resourceOf } from "../../../batch/row-envelope.ts";
import { parentSpanIdOf, spanIdOf } from "../../../batch/row-ids.ts";
import { resourceEntryOf } from "../../../batch/row-names.ts";
import type { ResourceEntry, SpanRow } from "../../../batch/span-batch.ts";
import type { Attributes } from "../../../model/attribute-value.ts";
import type { SpanKind } from "../../../model/span-kind.ts";
import { spanKindFromNumber } from "../../../model/span-kind.ts";

/** Columns of a trace, one entry a span; ids are what adjusters change. */
export interface AdjustedColumns {
  readonly spanIds: string[];
  readonly parentSpanIds: (string | undefined)[];
  readonly kinds: readonly SpanKind[];
  readonly starts: readonly bigint[];
  readonly ends: readonly bigint[];
  /** Which host stamped the span, "" when its resource does not say. */
  readonly hostKeys: readonly string[];
}

/** The columns of rows. */
export function columnsOfRows(rows: readonly SpanRow[]): AdjustedColumns {
  const hosts = new Map<ResourceEntry, string>();
  const hostOf = (row: SpanRow): string => {
    const entry = resourceEntryOf(row);
    const known = hosts.get(entry) ?? jaegerHostKey(resourceOf(row).attributes);
    hosts.set(entry, known);
    return known;
  };
  return {
    spanIds: rows.map(spanIdOf),
    parentSpanIds: rows.map(parentSpanIdOf),
    kinds: rows.map(({ batch, row }) => spanKindFromNumber(batch.kinds[row] as number)),
    starts: rows.map(({ batch, row }) => batch.startTimesUnixNano[row] as bigint),
    ends: rows.map(({ batch, row }) => batch.endTimesUnixNano[row] as bigint),
    hostKeys: rows.map(hostOf),
  };
}

/** `host.id`, else `host.ip` or the first of its list, else `host.name`; "" without any. */
export function jaegerHostKey(attributes: Attributes): string {
  const { "host.id": id, "host.ip": address, "host.name": name } = attributes;
  if (id !== undefined) return typeof id === "string" ? id : "";
  if (typeof address === "string") return address;
  if (Array.isArray(address) && address.length > 0) return String(address[0]);
  return typeof name === "string" ? name : "";
}
