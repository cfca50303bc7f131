/** Requests that can be sent again and again with fresh ids and current times, without being encoded anew. */

import { ProtobufReader } from "../src/base/protobuf-reader.ts";

/** Where a request's bytes have to change. All patched fields keep their width. */
export interface PayloadTemplate {
  readonly bytes: Uint8Array;
  readonly spanCount: number;
  /** Offsets of 16-byte trace ids (spans and links). */
  readonly traceIdOffsets: readonly number[];
  /** Offsets of fixed64 times (span start and end, event time). */
  readonly timeOffsets: readonly number[];
  /** Latest span end. */
  readonly lastTimeUnixNano: bigint;
}

interface Found {
  spanCount: number;
  readonly traceIdOffsets: number[];
  readonly timeOffsets: number[];
  lastTimeUnixNano: bigint;
}

/** Field numbers of trace.proto that matter here: where to descend and what to patch. */
interface Fields {
  readonly [field: number]: Fields | "trace_id" | "time";
}
const LINK: Fields = { 1: "trace_id" };
const EVENT: Fields = { 1: "time" };
const SPAN: Fields = { 1: "trace_id", 7: "time", 8: "time", 11: EVENT, 13: LINK };
const REQUEST: Fields = { 1: { 2: { 2: SPAN } } };

/** Finds every place to patch. */
export function templateFromPayload(bytes: Uint8Array): PayloadTemplate {
  const found: Found = { spanCount: 0, traceIdOffsets: [], timeOffsets: [], lastTimeUnixNano: 0n };
  scan(new ProtobufReader(bytes), REQUEST, found);
  return { bytes, ...found };
}

/** Several requests as one: concatenated messages read as one message. */
export function mergedTemplates(
  templates: readonly PayloadTemplate[],
  spansPerRequest: number,
): PayloadTemplate[] {
  const merged: PayloadTemplate[] = [];
  let group: Uint8Array[] = [];
  let spanCount = 0;
  for (const [index, template] of templates.entries()) {
    group.push(template.bytes);
    spanCount += template.spanCount;
    if (spanCount >= spansPerRequest || index === templates.length - 1) {
      merged.push(templateFromPayload(new Uint8Array(Buffer.concat(group))));
      group = [];
      spanCount = 0;
    }
  }
  return merged;
}

function scan(reader: ProtobufReader, fields: Fields, found: Found): void {
  if (fields === SPAN) found.spanCount++;
  while (reader.position < reader.end) {
    const tag = reader.tag();
    const action = fields[tag >>> 3];
    if (action === "time") noteTime(reader, found);
    else if (action === "trace_id") noteTraceId(reader, found);
    else if (action !== undefined) scan(reader.message(), action, found);
    else reader.skip(tag);
  }
}

function noteTime(reader: ProtobufReader, found: Found): void {
  found.timeOffsets.push(reader.position);
  const time = new DataView(reader.bytes.buffer, reader.bytes.byteOffset).getBigUint64(reader.position, true);
  if (time > found.lastTimeUnixNano) found.lastTimeUnixNano = time;
  reader.fixed64();
}

function noteTraceId(reader: ProtobufReader, found: Found): void {
  if (reader.view().length === 16) found.traceIdOffsets.push(reader.position - 16);
}

/**
 * A copy with every trace id xored with `mask` (16 bytes; the same mask keeps a trace together over requests) and every
 * time shifted by `shiftNanos`. Works on 32-bit halves, which takes half the time of a BigInt for each time.
 */
export function patchedPayload(template: PayloadTemplate, mask: Uint8Array, shiftNanos: bigint): Uint8Array {
  const bytes = template.bytes.slice();
  const view = new DataView(bytes.buffer);
  const maskView = new DataView(mask.buffer, mask.byteOffset);
  for (const offset of template.traceIdOffsets) {
    for (let at = 0; at < 16; at += 4) {
      view.setUint32(offset + at, view.getUint32(offset + at) ^ maskView.getUint32(at));
    }
  }
  const shift = BigInt.asUintN(64, shiftNanos);
  const shiftLow = Number(shift & 0xffff_ffffn);
  const shiftHigh = Number(shift >> 32n);
  for (const offset of template.timeOffsets) {
    const low = view.getUint32(offset, true) + shiftLow;
    const carry = low > 0xffff_ffff ? 1 : 0;
    view.setUint32(offset, low, true);
    view.setUint32(offset + 4, view.getUint32(offset + 4, true) + shiftHigh + carry, true);
  }
  return bytes;
}
