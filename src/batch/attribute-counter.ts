/** Counts the attributes of spans as they lie in batches. */

import { ByteTable } from "../base/byte-table.ts";
import { ProtobufReader } from "../base/protobuf-reader.ts";
import type { Steps } from "../base/time-slice.ts";
import { textFromUtf8 } from "../base/utf8.ts";
import type {
  AttributeLevel,
  AttributeValueFacts,
  ListedIntrinsic,
  ListedType,
} from "../model/attribute-facts.ts";
import type { Attributes } from "../model/attribute-value.ts";
import { UNKNOWN_SERVICE } from "../model/span.ts";
import type { AttributeCounts, KeyCount, ValueCounts } from "./attribute-counts.ts";
import { typeBit } from "./attribute-counts.ts";
import { keyValueFrom } from "./attribute-decode.ts";
import type { ListedValues } from "./listed-values.ts";
import { listedValuesOf } from "./listed-values.ts";
import { OtlpFieldNumber } from "./otlp-schema.ts";
import { resourceFrom, scopeFrom } from "./row-envelope.ts";
import { nameOf, scopeEntryOf, serviceNameOf } from "./row-names.ts";
import type { ScopeEntry, SpanBatch, SpanRow } from "./span-batch.ts";

/** Keys of all levels: far above what instrumentation makes, far below what keys made of ids could fill. */
const MAX_KEYS = 4_096;
/** Values of one key; the others of it are counted with the key alone. */
const MAX_VALUES_PER_KEY = 4_096;
/** Attributes that are known by their bytes: others are decoded whenever they come. */
const MAX_KNOWN_PAIRS = 65_536;
const MAX_KNOWN_BYTES = 8 * 1024 * 1024;
/** Spans counted between two chances for others to run: one takes about a microsecond. */
const ROWS_PER_STEP = 256;

const SPAN = OtlpFieldNumber.Span;
const EVENT = OtlpFieldNumber.Event;
const LENGTH = 2;
const ATTRIBUTES_TAG = (SPAN.attributes << 3) | LENGTH;
const EVENTS_TAG = (SPAN.events << 3) | LENGTH;
const LINKS_TAG = (SPAN.links << 3) | LENGTH;
const EVENT_NAME_TAG = (EVENT.name << 3) | LENGTH;
const EVENT_ATTRIBUTES_TAG = (EVENT.attributes << 3) | LENGTH;
const LINK_ATTRIBUTES_TAG = (OtlpFieldNumber.Link.attributes << 3) | LENGTH;
const SERVICE_NAME = "service.name";

interface CountedValue {
  readonly type: ListedType;
  readonly text: string;
  count: number;
}

interface CountedKey {
  readonly level: AttributeLevel;
  readonly key: string;
  types: number;
  count: number;
  isWhole: boolean;
  /** By type and text. */
  readonly values: Map<string, CountedValue>;
}

/** A key with values that are counted together. */
interface CountedPair {
  readonly key: CountedKey;
  readonly values: readonly CountedValue[];
}

/** Spans of one scope, whose attributes are read once for all of them. */
interface Origin {
  readonly batch: SpanBatch;
  spans: number;
}

/** How a counter counts. */
export interface AttributeCounterOptions {
  /** Whether spans without a parent count as roots of their traces. Default true. */
  readonly countsRoots?: boolean;
}

/** Counts keys and values of spans, of what they belong to, and of their events and links. */
export class AttributeCounter implements AttributeCounts {
  readonly #countsRoots: boolean;
  readonly #keys = new Map<string, CountedKey>();
  readonly #pairs: Readonly<Record<"span" | "event" | "link", PairMemo>> = {
    span: new PairMemo(),
    event: new PairMemo(),
    link: new PairMemo(),
  };
  readonly #eventNames = new PairMemo();
  readonly #texts: Readonly<Record<ListedIntrinsic, Map<string, CountedPair>>> = {
    "span:name": new Map(),
    "trace:rootName": new Map(),
    "trace:rootService": new Map(),
    "event:name": new Map(),
    "instrumentation:name": new Map(),
    "instrumentation:version": new Map(),
  };
  #origins = new Map<ScopeEntry, Origin>();
  #isWhole = true;
  #earliest: bigint | undefined;
  #newest = 0n;

  constructor({ countsRoots = true }: AttributeCounterOptions = {}) {
    this.#countsRoots = countsRoots;
  }

  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** Start of the earliest span; undefined before the first. */
  get earliestStartUnixNano(): bigint | undefined {
    return this.#earliest;
  }

  /** Start of the newest span; 0 before the first. */
  get newestStartUnixNano(): bigint {
    return this.#newest;
  }

  /** Counts all spans of a batch. */
  *addBatch(batch: SpanBatch): Steps<void> {
    for (let row = 0; row < batch.rowCount; row++) {
      this.addRow({ batch, row });
      if (row % ROWS_PER_STEP === ROWS_PER_STEP - 1) yield ROWS_PER_STEP;
    }
  }

  /** Counts one span. */
  addRow(spanRow: SpanRow): void {
    const { batch, row } = spanRow;
    this.noteStart(batch.startTimesUnixNano[row] as bigint);
    this.addText("span:name", nameOf(spanRow), 1);
    if (this.#countsRoots && isRoot(spanRow)) this.addRoot(nameOf(spanRow), serviceNameOf(spanRow), 1);
    const scope = scopeEntryOf(spanRow);
    const origin = this.#origins.get(scope);
    if (origin === undefined) this.#origins.set(scope, { batch, spans: 1 });
    else origin.spans++;
    this.addSpanBody(batch.payload, batch.spanStarts[row] as number, batch.spanEnds[row] as number);
  }

  /** Notes when a span began. */
  noteStart(startUnixNano: bigint): void {
    if (this.#earliest === undefined || startUnixNano < this.#earliest) this.#earliest = startUnixNano;
    if (startUnixNano > this.#newest) this.#newest = startUnixNano;
  }

  /** Counts attributes, events and links in the `Span` body `bytes[start, end)`. */
  addSpanBody(bytes: Uint8Array, start: number, end: number): void {
    const reader = new ProtobufReader(bytes, start, end);
    while (reader.position < end) {
      const tag = reader.tag();
      if (tag !== ATTRIBUTES_TAG && tag !== EVENTS_TAG && tag !== LINKS_TAG) {
        reader.skip(tag);
        continue;
      }
      const length = reader.length();
      const from = reader.position;
      reader.position = from + length;
      if (tag === ATTRIBUTES_TAG) this.#addPair("span", bytes, from, reader.position);
      else if (tag === EVENTS_TAG) this.addEvent(bytes, from, reader.position);
      else this.addLink(bytes, from, reader.position);
    }
  }

  /** Counts name and attributes of the `Event` body `bytes[start, end)`. */
  addEvent(bytes: Uint8Array, start: number, end: number): void {
    const reader = new ProtobufReader(bytes, start, end);
    let nameStart = end;
    let nameEnd = end;
    while (reader.position < end) {
      const tag = reader.tag();
      if (tag === EVENT_NAME_TAG) {
        nameEnd = reader.length();
        nameStart = reader.position;
        nameEnd += nameStart;
        reader.position = nameEnd;
      } else if (tag === EVENT_ATTRIBUTES_TAG) this.#addNext("event", reader);
      else reader.skip(tag);
    }
    this.#addEventName(bytes, nameStart, nameEnd);
  }

  /** Counts attributes of the `Link` body `bytes[start, end)`. */
  addLink(bytes: Uint8Array, start: number, end: number): void {
    const reader = new ProtobufReader(bytes, start, end);
    while (reader.position < end) {
      const tag = reader.tag();
      if (tag === LINK_ATTRIBUTES_TAG) this.#addNext("link", reader);
      else reader.skip(tag);
    }
  }

  /** Counts a value of an intrinsic; "" is none. */
  addText(intrinsic: ListedIntrinsic, text: string, count: number): void {
    if (text === "" || count === 0) return;
    const known = this.#texts[intrinsic];
    let pair = known.get(text);
    if (pair === undefined) {
      pair = this.#pairOf("intrinsic", intrinsic, listedValuesOf(text));
      if (pair !== undefined && known.size < MAX_VALUES_PER_KEY) known.set(text, pair);
    }
    if (pair !== undefined) addTo(pair, count);
  }

  /** Counts roots of traces. */
  addRoot(name: string, serviceName: string, count: number): void {
    this.addText("trace:rootName", name, count);
    this.addText("trace:rootService", serviceName, count);
  }

  /** Counts spans of the resource with the `Resource` body `bytes[start, end)`. */
  addResource(bytes: Uint8Array, start: number, end: number, serviceName: string, spans: number): void {
    const { attributes } = resourceFrom(new ProtobufReader(bytes, start, end), "");
    const service = serviceName === "" ? UNKNOWN_SERVICE : serviceName;
    this.#addAttributes("resource", { ...attributes, [SERVICE_NAME]: service }, spans);
  }

  /** Counts spans of the scope with the `InstrumentationScope` body `bytes[start, end)`. */
  addScope(bytes: Uint8Array, start: number, end: number, spans: number): void {
    const { name, version, attributes } = scopeFrom(new ProtobufReader(bytes, start, end), "");
    this.addText("instrumentation:name", name, spans);
    this.addText("instrumentation:version", version, spans);
    this.#addAttributes("instrumentation", attributes, spans);
  }

  *keys(): Generator<KeyCount, void> {
    this.#settleOrigins();
    for (const { level, key, types, count } of this.#keys.values()) {
      if (count > 0) yield { level, key, types, count, lastSeenUnixNano: this.#newest };
    }
  }

  values(level: AttributeLevel, key: string): ValueCounts | undefined {
    this.#settleOrigins();
    const counted = this.#keys.get(`${level}:${key}`);
    if (counted === undefined || counted.count === 0) return undefined;
    return { values: this.#factsOf(counted), isWhole: counted.isWhole };
  }

  *#factsOf({ values }: CountedKey): Generator<AttributeValueFacts, void> {
    const lastSeenUnixNano = this.#newest;
    for (const { type, text, count } of values.values()) yield { type, text, count, lastSeenUnixNano };
  }

  #addEventName(bytes: Uint8Array, start: number, end: number): void {
    if (start === end) return;
    let pair = this.#eventNames.get(bytes, start, end);
    if (pair === null) {
      pair = this.#pairOf("intrinsic", "event:name", listedValuesOf(textFromUtf8(bytes, start, end)));
      this.#eventNames.set(bytes, start, end, pair);
    }
    if (pair !== undefined) addTo(pair, 1);
  }

  #addNext(level: "event" | "link", reader: ProtobufReader): void {
    const length = reader.length();
    const start = reader.position;
    reader.position = start + length;
    this.#addPair(level, reader.bytes, start, reader.position);
  }

  #addPair(level: "span" | "event" | "link", bytes: Uint8Array, start: number, end: number): void {
    const memo = this.#pairs[level];
    let pair = memo.get(bytes, start, end);
    if (pair === null) {
      const { key, value } = keyValueFrom(new ProtobufReader(bytes, start, end));
      pair = this.#pairOf(level, key, listedValuesOf(value));
      memo.set(bytes, start, end, pair);
    }
    if (pair !== undefined) addTo(pair, 1);
  }

  #addAttributes(level: AttributeLevel, attributes: Attributes, count: number): void {
    for (const [key, value] of Object.entries(attributes)) {
      const pair = this.#pairOf(level, key, listedValuesOf(value));
      if (pair !== undefined) addTo(pair, count);
    }
  }

  /** The entries that such an attribute is counted in. */
  #pairOf(level: AttributeLevel, key: string, listed: ListedValues): CountedPair | undefined {
    const { type, values, isWhole } = listed;
    const counted = type === undefined ? undefined : this.#keyOf(level, key);
    if (type === undefined || counted === undefined) return undefined;
    counted.types |= typeBit(type);
    counted.isWhole &&= isWhole;
    const known: CountedValue[] = [];
    for (const { type, text } of values) {
      const id = `${type}:${text}`;
      let value = counted.values.get(id);
      if (value === undefined && counted.values.size < MAX_VALUES_PER_KEY) {
        value = { type, text, count: 0 };
        counted.values.set(id, value);
      }
      if (value === undefined) counted.isWhole = false;
      else known.push(value);
    }
    return { key: counted, values: known };
  }

  #keyOf(level: AttributeLevel, key: string): CountedKey | undefined {
    const id = `${level}:${key}`;
    const known = this.#keys.get(id);
    if (known !== undefined) return known;
    if (this.#keys.size >= MAX_KEYS) {
      this.#isWhole = false;
      return undefined;
    }
    const counted: CountedKey = { level, key, types: 0, count: 0, isWhole: true, values: new Map() };
    this.#keys.set(id, counted);
    return counted;
  }

  /** Reads resources and scopes, each for all its spans so far. */
  #settleOrigins(): void {
    for (const [scope, { batch, spans }] of this.#origins) {
      const { payload, resources } = batch;
      const resource = resources[scope.resourceIndex];
      if (resource !== undefined)
        this.addResource(payload, resource.start, resource.end, resource.serviceName, spans);
      this.addScope(payload, scope.start, scope.end, spans);
    }
    this.#origins = new Map();
  }
}

function addTo({ key, values }: CountedPair, count: number): void {
  key.count += count;
  for (const value of values) value.count += count;
}

function isRoot({ batch, row }: SpanRow): boolean {
  for (let at = row * 8; at < row * 8 + 8; at++) if (batch.parentSpanIds[at] !== 0) return false;
  return true;
}

/** Attributes by their bytes, so that what comes again and again is decoded once. */
class PairMemo {
  readonly #table = new ByteTable();
  readonly #pairs: (CountedPair | undefined)[] = [];

  /** Null for bytes that are not known. */
  get(bytes: Uint8Array, start: number, end: number): CountedPair | undefined | null {
    const number = this.#table.find(bytes, start, end);
    return number === -1 ? null : this.#pairs[number];
  }

  set(bytes: Uint8Array, start: number, end: number, pair: CountedPair | undefined): void {
    if (this.#table.count >= MAX_KNOWN_PAIRS || this.#table.byteCount >= MAX_KNOWN_BYTES) return;
    this.#pairs[this.#table.add(bytes, start, end)] = pair;
  }
}
