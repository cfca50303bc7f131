/** Which columns of a segment tell all that a query reads of spans, if they do. */

import type { TraceFact } from "../../filter/evaluator/trace-facts.ts";
import type { Field, Intrinsic } from "../../filter/query-model.ts";
import type { ViewNeeds } from "../trace-reader.ts";
import type { AttributeColumn } from "./attribute-columns.ts";
import type { Segment } from "./segment.ts";
import type { SegmentMeta } from "./segment-meta.ts";

/** What lies in no column. */
const OUTSIDE_COLUMNS: ReadonlySet<Intrinsic> = new Set<Intrinsic>([
  "span:statusMessage",
  "span:selfTime",
  "span:criticalPath",
  "event:name",
  "event:timeSinceStart",
  "link:traceID",
  "link:spanID",
  "instrumentation:name",
  "instrumentation:version",
]);
/** What is worked out of whole spans. */
const OF_WHOLE_SPANS: readonly TraceFact[] = ["selfTimes", "criticalPath", "wholeSpans"];

/** What a query reads besides the columns that every segment has. */
export interface ColumnSources {
  /** By key; a key that is missing is on no span of the segment. */
  readonly attributes: ReadonlyMap<string, AttributeColumn>;
  readonly needsResources: boolean;
}

/** True when a query reads nothing that no segment has as a column: the columns of one may be asked for then. */
export function readsColumnsOnly({ fields, facts }: ViewNeeds): boolean {
  return !OF_WHOLE_SPANS.some((fact) => facts.has(fact)) && fields.every(mayBeColumn);
}

function mayBeColumn(field: Field): boolean {
  if (field.node === "intrinsic") return !OUTSIDE_COLUMNS.has(field.name);
  return field.scope === "any" || field.scope === "span" || field.scope === "resource";
}

/**
 * The columns of a segment that a query reads; undefined when they do not tell everything.
 *
 * @param listedKeys keys with values in `attributes.parquet`; undefined: not known
 */
export function columnSources(
  { meta }: Pick<Segment, "meta">,
  { fields }: ViewNeeds,
  listedKeys: ReadonlySet<string> | undefined,
): ColumnSources | undefined {
  const attributes = new Map<string, AttributeColumn>();
  let needsResources = false;
  for (const field of fields) {
    if (field.node === "intrinsic") continue;
    const { scope, key } = field;
    if (scope !== "span" && key !== "service.name") needsResources = true;
    if (scope === "resource") continue;
    const place = keyInSegment(meta, key, listedKeys);
    if (place === "elsewhere") return undefined;
    if (place !== "absent") attributes.set(key, place);
  }
  return { attributes, needsResources };
}

/** Where the values of a span attribute are: all of them in one column, on no span at all, or not in columns alone. */
export type KeyInSegment = AttributeColumn | "absent" | "elsewhere";

/** Where the values of a key are in a segment. */
export function keyInSegment(
  meta: SegmentMeta,
  key: string,
  listedKeys: ReadonlySet<string> | undefined,
): KeyInSegment {
  if (mayBeElsewhere(meta, key, listedKeys)) return "elsewhere";
  const column = meta.attributeColumns.find((each) => each.key === key);
  if (column === undefined) return "absent";
  return column.valueTypes.length > 1 && column.typeColumn === undefined ? "elsewhere" : column;
}

/** True when some span may have a value of the key that is in no column. */
function mayBeElsewhere(
  { otherAttributeKeys }: SegmentMeta,
  key: string,
  listedKeys: ReadonlySet<string> | undefined,
): boolean {
  if (listedKeys === undefined || otherAttributeKeys === undefined) return true;
  return listedKeys.has(key) || otherAttributeKeys.includes(key) || key.includes("\uFFFD");
}
