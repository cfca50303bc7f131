/** What spans are told apart by and what is measured of them, as columns of a segment. */

import type { DuckDBValue } from "@duckdb/node-api";
import { DuckDBBlobValue } from "@duckdb/node-api";
import { attributeIn } from "../../batch/attribute-scan.ts";
import { OtlpFieldNumber } from "../../batch/otlp-schema.ts";
import { attributeKey } from "../../filter/evaluator/trace-view.ts";
import type { Value } from "../../filter/evaluator/values.ts";
import { KIND_VALUES, STATUS_VALUES, valueOfAttribute } from "../../filter/evaluator/values.ts";
import type { AttributeField, Field } from "../../filter/query-model.ts";
import type { AttributeValue } from "../../model/attribute-value.ts";
import type { AttributeColumn } from "./attribute-columns.ts";
import { quoteName } from "./column-appender.ts";
import type { ResourceMessages } from "./condition-sql.ts";
import { encodedText } from "./encoded-text.ts";
import type { SegmentAttributes } from "./exact-sql.ts";
import { valueFromText } from "./span-page.ts";

/** Labels in SQL. */
export interface SqlLabels {
  /** Select list over `spans.parquet`. */
  readonly selected: readonly string[];
  /** Names of those columns. */
  readonly grouped: readonly string[];
  /** The columns in the form that {@link SqlLabels.read} takes. */
  readonly shown: readonly string[];
  read(cells: readonly (DuckDBValue | undefined)[]): readonly Value[];
}

interface LabelColumn {
  /** Over a row of `spans.parquet`. */
  readonly sql: string;
  readonly isText: boolean;
}

interface SqlLabel {
  readonly columns: readonly LabelColumn[];
  read(cells: readonly (DuckDBValue | undefined)[]): Value;
}

/** Labels for some fields; undefined when columns do not tell one of them. */
export function sqlLabels(fields: readonly Field[], segment: SegmentAttributes): SqlLabels | undefined {
  const labels: SqlLabel[] = [];
  for (const field of fields) {
    const label = field.node === "attribute" ? attributeLabel(field, segment) : INTRINSIC_LABELS[field.name];
    if (label === undefined) return undefined;
    labels.push(label);
  }
  const columns = labels.flatMap((label) => label.columns);
  const names = columns.map((_, index) => `label_${index}`);
  return {
    selected: columns.map(({ sql }, index) => `${sql} AS ${names[index]}`),
    grouped: names,
    shown: columns.map(({ isText }, index) => (isText ? `encode(${names[index]})` : `${names[index]}`)),
    read: (cells) => {
      let at = 0;
      return labels.map((label) => {
        const own = cells.slice(at, at + label.columns.length);
        at += label.columns.length;
        return label.read(own);
      });
    },
  };
}

/** What is measured, in SQL. */
export function measuredColumn(field: Field, { keyOf }: SegmentAttributes): string | "absent" | "elsewhere" {
  if (field.node === "intrinsic") return field.name === "span:duration" ? "duration_nanos" : "elsewhere";
  if (field.scope !== "span") return "elsewhere";
  const place = keyOf(field.key);
  if (typeof place === "string") return place;
  const isNumber = place.type === "i64" || place.type === "f64";
  // Texts and truth values are not measured; of several types some may be.
  if (isNumber) return quoteName(place.column);
  return place.valueTypes.length === 1 ? "absent" : "elsewhere";
}

const SERVICE: SqlLabel = {
  columns: [{ sql: "service_name", isText: true }],
  read: ([cell]) => encodedText(cell),
};

const INTRINSIC_LABELS: Readonly<Record<string, SqlLabel>> = Object.freeze({
  "span:name": { columns: [{ sql: "name", isText: true }], read: ([cell]) => encodedText(cell) },
  "span:kind": {
    columns: [{ sql: "kind", isText: false }],
    read: ([cell]) => KIND_VALUES[cell as number] ?? KIND_VALUES[0],
  },
  "span:status": {
    columns: [{ sql: "status_code", isText: false }],
    read: ([cell]) => STATUS_VALUES[cell as number] ?? STATUS_VALUES[0],
  },
});

function attributeLabel({ scope, key }: AttributeField, segment: SegmentAttributes): SqlLabel | undefined {
  const ofResource = key === "service.name" ? SERVICE : resourceLabel(key, segment.resources);
  if (scope === "resource") return ofResource;
  const place = segment.keyOf(key);
  if (place === "elsewhere") return undefined;
  if (scope === "span") return place === "absent" ? NONE : columnLabel(place);
  if (place === "absent" || ofResource === undefined) return ofResource;
  const own = columnLabel(place);
  return {
    columns: [...own.columns, ...ofResource.columns],
    read: (cells) => own.read(cells) ?? ofResource.read(cells.slice(own.columns.length)),
  };
}

const NONE: SqlLabel = { columns: [], read: () => undefined };

function columnLabel({ column, type, typeColumn }: AttributeColumn): SqlLabel {
  const value = { sql: quoteName(column), isText: type === "text" };
  if (typeColumn !== undefined) {
    return {
      columns: [value, { sql: quoteName(typeColumn), isText: false }],
      read: ([cell, valueType]) =>
        cell instanceof DuckDBBlobValue
          ? valueOfAttribute(valueFromText(encodedText(cell), valueType as number))
          : undefined,
    };
  }
  return {
    columns: [value],
    read: ([cell]) => {
      if (cell instanceof DuckDBBlobValue) return encodedText(cell);
      return valueOfAttribute((cell ?? undefined) as AttributeValue | undefined);
    },
  };
}

/** By the number of the resource: those that have the same value are one group once they are read. */
function resourceLabel(key: string, resources: ResourceMessages | undefined): SqlLabel | undefined {
  if (resources === undefined) return undefined;
  const { utf8 } = attributeKey(key);
  const known = new Map<number, Value>();
  return {
    columns: [{ sql: "resource_id", isText: false }],
    read: ([cell]) => {
      const id = cell as number;
      if (!known.has(id)) {
        const message = resources.get(id) ?? new Uint8Array(0);
        const attributes = OtlpFieldNumber.Resource.attributes;
        known.set(id, valueOfAttribute(attributeIn(message, 0, message.length, attributes, utf8)));
      }
      return known.get(id);
    },
  };
}
