/** Distinct resources and scopes of a segment, each stored once. */

import type { SpanBatch } from "../../batch/span-batch.ts";
import { spanFromRow } from "../../batch/span-from-row.ts";
import type { AttributeValue } from "../../model/attribute-value.ts";
import type { ColumnAppender } from "./column-appender.ts";

/** Numbers of a span's resource and scope within its segment. */
export interface OriginIds {
  readonly resourceId: number;
  readonly scopeId: number;
}

/** Numbers resources and scopes by content (bytes and schema URL) and appends each new one to its table. */
export class ResourceTable {
  readonly #resources: ColumnAppender;
  readonly #scopes: ColumnAppender;
  readonly #resourceIds = new Map<string, number>();
  readonly #scopeIds = new Map<string, number>();
  readonly #known = new WeakMap<SpanBatch, OriginIds[]>();
  readonly #encoder = new TextEncoder();

  constructor(resources: ColumnAppender, scopes: ColumnAppender) {
    this.#resources = resources;
    this.#scopes = scopes;
  }

  /** The numbers for a scope entry of a batch; `row` is any row under it. */
  idsOf(batch: SpanBatch, scopeIndex: number, row: number): OriginIds {
    let known = this.#known.get(batch);
    if (known === undefined) {
      known = [];
      this.#known.set(batch, known);
    }
    let ids = known[scopeIndex];
    if (ids === undefined) {
      ids = {
        resourceId: this.#resourceId(batch, scopeIndex, row),
        scopeId: this.#scopeId(batch, scopeIndex, row),
      };
      known[scopeIndex] = ids;
    }
    return ids;
  }

  close(): void {
    this.#resources.close();
    this.#scopes.close();
  }

  #resourceId(batch: SpanBatch, scopeIndex: number, row: number): number {
    const { resourceIndex } = batch.scopes[scopeIndex]!;
    const { start, end, schemaUrl, serviceName } = batch.resources[resourceIndex]!;
    const key = `${contentKey(batch.payload, start, end)}\u0000${schemaUrl}`;
    const known = this.#resourceIds.get(key);
    if (known !== undefined) return known;
    const id = this.#resourceIds.size;
    this.#resourceIds.set(key, id);
    const table = this.#resources;
    table.setNumber(0, id);
    table.setBytes(1, this.#encoder.encode(serviceName));
    table.setBytes(2, this.#encoder.encode(schemaUrl));
    const { attributes } = spanFromRow({ batch, row }).resource;
    table.setBytes(3, this.#encoder.encode(JSON.stringify(readable(attributes))));
    table.setBytes(4, batch.payload, start, end);
    table.endRow();
    return id;
  }

  #scopeId(batch: SpanBatch, scopeIndex: number, row: number): number {
    const { start, end, schemaUrl } = batch.scopes[scopeIndex]!;
    const key = `${contentKey(batch.payload, start, end)}\u0000${schemaUrl}`;
    const known = this.#scopeIds.get(key);
    if (known !== undefined) return known;
    const id = this.#scopeIds.size;
    this.#scopeIds.set(key, id);
    const table = this.#scopes;
    const { name, version } = spanFromRow({ batch, row }).scope;
    table.setNumber(0, id);
    table.setBytes(1, this.#encoder.encode(name));
    table.setBytes(2, this.#encoder.encode(version));
    table.setBytes(3, this.#encoder.encode(schemaUrl));
    table.setBytes(4, batch.payload, start, end);
    table.endRow();
    return id;
  }
}

function contentKey(payload: Uint8Array, start: number, end: number): string {
  return Buffer.from(payload.buffer, payload.byteOffset + start, end - start).toString("latin1");
}

/** Attribute values as other tools expect them in JSON; the exact ones are in the bytes beside. */
function readable(value: AttributeValue): unknown {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (Array.isArray(value)) return value.map(readable);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, readable(item)]));
}
