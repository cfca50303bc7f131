/** The spans of a table, as analyses read them. */

import { isAllZero } from "../base/bytes.ts";
import { textFromUtf8 } from "../base/utf8.ts";
import type { Span } from "../model/span.ts";
import type { SpanKind } from "../model/span-kind.ts";
import { spanKindFromNumber } from "../model/span-kind.ts";
import type { SpanStatus } from "../model/span-status.ts";
import { spanStatusFromNumber } from "../model/span-status.ts";
import { durationMsBetween } from "../model/time.ts";
import { textsOf } from "./packed-texts.ts";
import type { SpanBody } from "./span-body.ts";
import { spanBodyFrom } from "./span-body.ts";
import type { SpanTable } from "./span-table.ts";

/** What a table tells of a span. */
type TableSpanFields = Pick<
  Span,
  | "traceId"
  | "spanId"
  | "parentSpanId"
  | "kind"
  | "name"
  | "serviceName"
  | "status"
  | "startTimeUnixNano"
  | "endTimeUnixNano"
  | "durationMs"
  | "attributes"
  | "links"
>;

/** A span of a {@link SpanTable}; attributes and links are there in tables with bodies. */
export interface TableSpan extends TableSpanFields {
  /** Its row in the table. */
  readonly index: number;
  /** "" in tables without hosts, so that one clock stamped all. */
  readonly hostKey: string;
}

const NO_BODY: Pick<SpanBody, "attributes" | "links"> = Object.freeze({ attributes: {}, links: [] });

/** Decodes the body asked for last and no other: a million decoded ones would not fit into a thread. */
class LastBody {
  readonly #table: SpanTable;
  #index = -1;
  #body: Pick<SpanBody, "attributes" | "links"> = NO_BODY;

  constructor(table: SpanTable) {
    this.#table = table;
  }

  of(index: number): Pick<SpanBody, "attributes" | "links"> {
    if (index === this.#index) return this.#body;
    this.#index = index;
    this.#body = this.#decoded(index);
    return this.#body;
  }

  #decoded(index: number): Pick<SpanBody, "attributes" | "links"> {
    const { bodies } = this.#table;
    const start = bodies?.places[index * 3 + 1] ?? 0;
    const end = bodies?.places[index * 3 + 2] ?? 0;
    const buffer = bodies?.buffers[bodies.places[index * 3] as number];
    return buffer === undefined || start === end ? NO_BODY : spanBodyFrom(buffer, start, end);
  }
}

/** What all spans of a table are read from. */
interface TableTexts {
  readonly table: SpanTable;
  readonly texts: readonly string[];
  /** Every id of the column, one after another: a piece of one text costs far less than a text made digit by digit. */
  readonly spanIds: string;
  readonly parentSpanIds: string;
  readonly bodies: LastBody;
}

class RowSpan implements TableSpan {
  readonly index: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly kind: SpanKind;
  readonly name: string;
  readonly serviceName: string;
  readonly status: SpanStatus;
  readonly startTimeUnixNano: bigint;
  readonly endTimeUnixNano: bigint;
  readonly hostKey: string;
  readonly #bodies: LastBody;

  constructor(index: number, { table, texts, spanIds, parentSpanIds, bodies }: TableTexts) {
    const isRoot = isAllZero(table.parentSpanIds, index * 8, index * 8 + 8);
    const at = index * 16;
    this.index = index;
    this.traceId = table.traceId;
    this.spanId = spanIds.slice(at, at + 16);
    this.parentSpanId = isRoot ? undefined : parentSpanIds.slice(at, at + 16);
    this.kind = spanKindFromNumber(table.kinds[index] as number);
    this.name = texts[table.nameTexts[index] as number] as string;
    this.serviceName = texts[table.serviceTexts[index] as number] as string;
    this.status = spanStatusFromNumber(table.statusCodes[index] as number);
    this.startTimeUnixNano = table.startTimesUnixNano[index] as bigint;
    this.endTimeUnixNano = table.endTimesUnixNano[index] as bigint;
    this.hostKey = texts[table.hostTexts?.[index] ?? -1] ?? "";
    this.#bodies = bodies;
  }

  get durationMs(): number {
    return durationMsBetween(this.startTimeUnixNano, this.endTimeUnixNano);
  }

  get attributes(): TableSpan["attributes"] {
    return this.#bodies.of(this.index).attributes;
  }

  get links(): TableSpan["links"] {
    return this.#bodies.of(this.index).links;
  }
}

/** Every span of a table, by row. */
export function spansOfTable(table: SpanTable): TableSpan[] {
  const texts: TableTexts = {
    table,
    texts: textsOf(table.texts),
    spanIds: hexColumn(table.spanIds),
    parentSpanIds: hexColumn(table.parentSpanIds),
    bodies: new LastBody(table),
  };
  return Array.from({ length: table.rowCount }, (_, index) => new RowSpan(index, texts));
}

/** Tells the host key of each span of a table that was made with hosts, by row. */
export function hostKeysOfTable({ texts, hostTexts }: SpanTable): (span: TableSpan) => string {
  const keys = textsOf(texts);
  return ({ index }) => keys[hostTexts?.[index] ?? -1] ?? "";
}

function hexColumn(bytes: Uint8Array): string {
  const digits = new Uint8Array(bytes.length * 2);
  for (const [index, byte] of bytes.entries()) {
    digits[index * 2] = hexDigit(byte >>> 4);
    digits[index * 2 + 1] = hexDigit(byte & 15);
  }
  return textFromUtf8(digits);
}

/** The character of a number below 16. */
function hexDigit(value: number): number {
  return value < 10 ? 0x30 + value : 0x57 + value;
}
