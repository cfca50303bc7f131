/** Distinct resources and scopes of a segment, each stored once. */

import type { AttributeCounter } from "../../batch/attribute-counter.ts";
import { resourceOf, scopeOf } from "../../batch/row-envelope.ts";
import type { SpanBatch } from "../../batch/span-batch.ts";
import type { AttributeValue } from "../../model/attribute-value.ts";
import { listedTextsOf } from "./attribute-pairs.ts";
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
  readonly #known: OriginIds[] = [];
  readonly #encoder = new TextEncoder();
  readonly #attributeTexts = new Map<string, [key: string, text: string]>();

  constructor(resources: ColumnAppender, scopes: ColumnAppender) {
    this.#resources = resources;
    this.#scopes = scopes;
  }

  /** The numbers for a row of the batch of a seal; always the same batch. */
  idsOf(batch: SpanBatch, row: number): OriginIds {
    const scopeIndex = batch.scopeIndexes[row]!;
    let ids = this.#known[scopeIndex];
    if (ids === undefined) {
      ids = {
        resourceId: this.#resourceId(batch, scopeIndex, row),
        scopeId: this.#scopeId(batch, scopeIndex, row),
      };
      this.#known[scopeIndex] = ids;
    }
    return ids;
  }

  /** Every attribute value of the resources seen, as `listedTextsOf` has them. */
  attributeTexts(): readonly [key: string, text: string][] {
    return [...this.#attributeTexts.values()];
  }

  /** Counts spans by resource and scope. @param spans - by scope entry of the batch, all of which were numbered. */
  countInto(counter: AttributeCounter, batch: SpanBatch, spans: Uint32Array): void {
    const resources = new Map<number, Counted>();
    const scopes = new Map<number, Counted>();
    for (const [scopeIndex, count] of spans.entries()) {
      const ids = this.#known[scopeIndex];
      if (ids === undefined) continue;
      addCount(resources, ids.resourceId, scopeIndex, count);
      addCount(scopes, ids.scopeId, scopeIndex, count);
    }
    const { payload } = batch;
    for (const { scopeIndex, count } of resources.values()) {
      const { start, end, serviceName } = batch.resources[batch.scopes[scopeIndex]!.resourceIndex]!;
      counter.addResource(payload, start, end, serviceName, count);
    }
    for (const { scopeIndex, count } of scopes.values()) {
      const { start, end } = batch.scopes[scopeIndex]!;
      counter.addScope(payload, start, end, count);
    }
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
    const { attributes } = resourceOf({ batch, row });
    for (const [key, value] of Object.entries(attributes)) {
      for (const text of listedTextsOf(value)) this.#attributeTexts.set(`${key}\0${text}`, [key, text]);
    }
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
    const { name, version } = scopeOf({ batch, row });
    table.setNumber(0, id);
    table.setBytes(1, this.#encoder.encode(name));
    table.setBytes(2, this.#encoder.encode(version));
    table.setBytes(3, this.#encoder.encode(schemaUrl));
    table.setBytes(4, batch.payload, start, end);
    table.endRow();
    return id;
  }
}

/** Spans of one resource or scope, and an entry of the batch that has it. */
interface Counted {
  readonly scopeIndex: number;
  count: number;
}

function addCount(all: Map<number, Counted>, id: number, scopeIndex: number, count: number): void {
  const known = all.get(id);
  if (known === undefined) all.set(id, { scopeIndex, count });
  else known.count += count;
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
