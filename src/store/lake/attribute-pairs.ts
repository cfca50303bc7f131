/** Distinct attributes (key and value) of the spans of one seal, numbered by their bytes. */

import { base64FromBytes } from "../../base/base64.ts";
import { ProtobufReader } from "../../base/protobuf-reader.ts";
import { textFromUtf8 } from "../../base/utf8.ts";
import { keyValueFrom } from "../../batch/attribute-decode.ts";
import { ByteDictionary } from "../../batch/byte-dictionary.ts";
import type { AttributeValue } from "../../model/attribute-value.ts";
import type { ByteSink } from "./byte-sink.ts";

/** What kind of value a pair has; `OTHER` is everything that is no scalar in the form encoders write. */
export const PairType: {
  readonly STRING: 1;
  readonly INT: 2;
  readonly DOUBLE: 4;
  readonly BOOL: 8;
  readonly OTHER: 16;
} = Object.freeze({ STRING: 1, INT: 2, DOUBLE: 4, BOOL: 8, OTHER: 16 });

/** Longest string, in UTF-8 bytes, that goes into a column: longer ones are no values people search by equality. */
export const MAX_COLUMN_TEXT_BYTES = 256;
/** Characters of a text that are kept where values that fit no column are listed. */
export const MAX_LISTED_TEXT_LENGTH = 256;

const INITIAL_PAIRS = 4_096;

/** Numbers for `KeyValue` bodies; equal bytes have one number. Keeps no copy: pairs point into the payloads. */
export class AttributePairs {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #scratch = new DataView(new ArrayBuffer(8));
  readonly #seed = (Math.random() * 0x1_0000_0000) | 0;
  readonly #keys = new ByteDictionary();
  #slots = new Uint32Array(INITIAL_PAIRS * 2);
  #hashes = new Int32Array(INITIAL_PAIRS);
  #starts = new Uint32Array(INITIAL_PAIRS);
  #ends = new Uint32Array(INITIAL_PAIRS);
  /** Key of each pair: a number for {@link AttributePairs.keyText}. */
  keyIds: Uint32Array = new Uint32Array(INITIAL_PAIRS);
  /** One value of {@link PairType} a pair. */
  types: Uint8Array = new Uint8Array(INITIAL_PAIRS);
  /** Of a STRING its bytes; of the other scalars the low and high word of the value. */
  #valueA = new Uint32Array(INITIAL_PAIRS);
  #valueB = new Uint32Array(INITIAL_PAIRS);
  count = 0;

  /** @param bytes what the ranges given later lie in. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Distinct keys, key 0 being "". */
  get keyCount(): number {
    return this.#keys.size;
  }

  /** Text of a key; what is no UTF-8 reads as U+FFFD. */
  keyText(keyId: number): string {
    return this.#keys.text(keyId);
  }

  /** The number of the pair with the `KeyValue` body `[start, end)`, which is well formed. */
  idOf(start: number, end: number): number {
    const hash = this.#hash(start, end);
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (let found = this.#slots[slot]!; found !== 0; found = this.#slots[slot]!) {
      if (this.#hashes[found - 1] === hash && this.#isSame(found - 1, start, end)) return found - 1;
      slot = (slot + 1) & mask;
    }
    return this.#add(hash, slot, start, end);
  }

  /** True when the pair's bytes are `[start, end)`: cheaper than asking for the number of what is likely the same. */
  isPair(pair: number, start: number, end: number): boolean {
    return this.#isSame(pair, start, end);
  }

  /** The whole `KeyValue` body, a character for each byte. */
  bodyText(pair: number): string {
    const start = this.#starts[pair]!;
    const { buffer, byteOffset } = this.#bytes;
    return Buffer.from(buffer, byteOffset + start, this.#ends[pair]! - start).toString("latin1");
  }

  /** Where the `KeyValue` body lies. */
  rangeOf(pair: number): readonly [start: number, end: number] {
    return [this.#starts[pair]!, this.#ends[pair]!];
  }

  /** First byte of a STRING, or the low word of another scalar. */
  valueLow(pair: number): number {
    return this.#valueA[pair]!;
  }

  /** One past the last byte of a STRING, or the high word of another scalar. */
  valueHigh(pair: number): number {
    return this.#valueB[pair]!;
  }

  /** Text of a scalar: a string as it is, numbers and booleans as JSON has them. */
  scalarText(pair: number): string {
    const low = this.#valueA[pair]!;
    const high = this.#valueB[pair]!;
    switch (this.types[pair]) {
      case PairType.STRING:
        return textFromUtf8(this.#bytes, low, high);
      case PairType.INT:
        return high === 0 ? String(low) : String(BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low)));
      case PairType.BOOL:
        return low === 0 ? "false" : "true";
      default:
        this.#scratch.setUint32(0, low, true);
        this.#scratch.setUint32(4, high, true);
        return String(this.#scratch.getFloat64(0, true));
    }
  }

  /** Appends the bytes of a STRING that is plain ASCII; false for any other pair. */
  appendPlainText(pair: number, sink: ByteSink): boolean {
    if (this.types[pair] !== PairType.STRING) return false;
    const start = this.#valueA[pair]!;
    const end = this.#valueB[pair]!;
    for (let at = start; at < end; at++) if (this.#bytes[at]! >= 0x80) return false;
    sink.append(this.#bytes, start, end);
    return true;
  }

  /** Every text that equals the value in a search, cut to {@link MAX_LISTED_TEXT_LENGTH}. */
  listedTexts(pair: number): readonly string[] {
    if (this.types[pair] !== PairType.OTHER) return [listedText(this.scalarText(pair))];
    const reader = new ProtobufReader(this.#bytes, this.#starts[pair]!, this.#ends[pair]!);
    return listedTextsOf(keyValueFrom(reader).value);
  }

  #hash(start: number, end: number): number {
    const view = this.#view;
    let hash = this.#seed ^ (end - start);
    let at = start;
    for (; at + 4 <= end; at += 4) {
      hash = Math.imul(hash ^ view.getInt32(at, true), 0x9e37_79b1);
      hash ^= hash >>> 15;
    }
    for (; at < end; at++) hash = Math.imul(hash ^ this.#bytes[at]!, 0x0100_0193);
    hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
    return hash ^ (hash >>> 13);
  }

  #isSame(pair: number, start: number, end: number): boolean {
    const first = this.#starts[pair]!;
    if (this.#ends[pair]! - first !== end - start) return false;
    const view = this.#view;
    const shift = first - start;
    // From the end: the beginning is the key, which likely pairs share.
    let at = end - 4;
    for (; at >= start; at -= 4)
      if (view.getInt32(at, true) !== view.getInt32(at + shift, true)) return false;
    for (at += 3; at >= start; at--) if (this.#bytes[at] !== this.#bytes[at + shift]) return false;
    return true;
  }

  #add(hash: number, slot: number, start: number, end: number): number {
    if (this.count === this.#starts.length) this.#grow();
    const pair = this.count++;
    this.#hashes[pair] = hash;
    this.#starts[pair] = start;
    this.#ends[pair] = end;
    this.#slots[slot] = pair + 1;
    this.#read(pair, start, end);
    if (this.count * 2 > this.#slots.length) this.#rehash();
    return pair;
  }

  /** Key and value in the form every encoder writes; whatever else is legal is OTHER. */
  #read(pair: number, start: number, end: number): void {
    const bytes = this.#bytes;
    const keyEnd = start + 2 + bytes[start + 1]!;
    const isUsual = end - start >= 2 && bytes[start] === 0x0a && bytes[start + 1]! < 0x80 && keyEnd <= end;
    if (!isUsual || !this.#readValue(pair, keyEnd, end)) {
      this.types[pair] = PairType.OTHER;
      const { key } = keyValueFrom(new ProtobufReader(bytes, start, end));
      const encoded = new TextEncoder().encode(key);
      this.keyIds[pair] = this.#keys.idOf(encoded, 0, encoded.length);
      return;
    }
    this.keyIds[pair] = this.#keys.idOf(bytes, start + 2, keyEnd);
  }

  /** Reads `value` at `[start, end)`; false when it is not one scalar that fills it. */
  #readValue(pair: number, start: number, end: number): boolean {
    const bytes = this.#bytes;
    if (end - start < 4 || bytes[start] !== 0x12) return false;
    const body = lengthAt(bytes, start + 1, end);
    if (body < 0 || end - body < 2) return false;
    switch (bytes[body]) {
      case 0x0a:
        return this.#readString(pair, body + 1, end);
      case 0x10:
        this.types[pair] = PairType.BOOL;
        this.#valueA[pair] = bytes[body + 1]!;
        return end - body === 2 && bytes[body + 1]! <= 1;
      case 0x18:
        return this.#readInt(pair, body, end);
      case 0x21:
        this.types[pair] = PairType.DOUBLE;
        this.#valueA[pair] = end - body === 9 ? this.#view.getUint32(body + 1, true) : 0;
        this.#valueB[pair] = end - body === 9 ? this.#view.getUint32(body + 5, true) : 0;
        return end - body === 9;
      default:
        return false;
    }
  }

  #readString(pair: number, at: number, end: number): boolean {
    const textStart = lengthAt(this.#bytes, at, end);
    if (textStart < 0 || end - textStart > MAX_COLUMN_TEXT_BYTES) return false;
    this.types[pair] = PairType.STRING;
    this.#valueA[pair] = textStart;
    this.#valueB[pair] = end;
    return true;
  }

  #readInt(pair: number, body: number, end: number): boolean {
    const reader = new ProtobufReader(this.#bytes, body, end);
    const tag = reader.tag();
    reader.skip(tag);
    if (reader.position !== end) return false;
    reader.position = body + 1;
    reader.int64();
    this.types[pair] = PairType.INT;
    this.#valueA[pair] = reader.low;
    this.#valueB[pair] = reader.high;
    return true;
  }

  #grow(): void {
    const capacity = this.#starts.length * 2;
    const grown = (array: Uint32Array): Uint32Array<ArrayBuffer> => {
      const larger = new Uint32Array(capacity);
      larger.set(array);
      return larger;
    };
    this.#starts = grown(this.#starts);
    this.#ends = grown(this.#ends);
    this.keyIds = grown(this.keyIds);
    this.#valueA = grown(this.#valueA);
    this.#valueB = grown(this.#valueB);
    const hashes = new Int32Array(capacity);
    hashes.set(this.#hashes);
    this.#hashes = hashes;
    const types = new Uint8Array(capacity);
    types.set(this.types);
    this.types = types;
  }

  #rehash(): void {
    const slots = new Uint32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let pair = 0; pair < this.count; pair++) {
      let slot = this.#hashes[pair]! & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = pair + 1;
    }
    this.#slots = slots;
  }
}

/** Reads a length of one or two bytes that reaches exactly to `end`; where what it counts begins, or -1. */
function lengthAt(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at]!;
  if (first < 0x80) return at + 1 + first === end ? at + 1 : -1;
  const second = bytes[at + 1]!;
  const length = (first & 0x7f) | (second << 7);
  return second < 0x80 && at + 2 + length === end ? at + 2 : -1;
}

/** A text as it stands in lists of values. */
export function listedText(text: string): string {
  return text.length > MAX_LISTED_TEXT_LENGTH ? text.slice(0, MAX_LISTED_TEXT_LENGTH) : text;
}

/** Every text that equals a value in a search, cut to {@link MAX_LISTED_TEXT_LENGTH}. */
export function listedTextsOf(value: AttributeValue): string[] {
  const texts: string[] = [];
  addTexts(value, texts);
  return texts;
}

/** What `matchesAttributeText` compares a text with: maps and empty values equal none. */
function addTexts(value: AttributeValue, into: string[]): void {
  if (value instanceof Uint8Array) into.push(listedText(base64FromBytes(value)));
  else if (Array.isArray(value)) for (const element of value) addTexts(element as AttributeValue, into);
  else if (value !== null && typeof value !== "object") into.push(listedText(String(value)));
}
