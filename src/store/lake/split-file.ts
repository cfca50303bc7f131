/** The list of traces of a segment that older segments hold spans of as well. */

import { crc32 } from "node:zlib";
import { bytesFromHex, hexFromBytes } from "../../base/bytes.ts";
import { TracAggError } from "../../base/errors.ts";
import { ByteSink } from "./byte-sink.ts";

const MAGIC = 0x50534754; // "TGSP" in the file
const SPLITS_VERSION = 1;
const CHECKSUM_BYTES = 4;

/** The part of a trace that one segment holds. */
export interface TracePlace {
  readonly segment: string;
  /** Earliest start among the trace's spans in that segment. */
  readonly startTimeUnixNano: bigint;
}

/** A trace that lies in more than one segment, with its places, the new segment's own first. */
export interface SplitTrace {
  readonly traceId: string;
  readonly places: readonly TracePlace[];
}

/**
 * File form: magic, version, length of a JSON list of segment names, the list, number of traces; then for each trace
 * its 16 bytes, the number of places, and for each place index of the name and start; CRC-32 of all before. Numbers
 * are 32-bit (starts 64-bit), least significant byte first.
 */
export function encodeSplits(splits: readonly SplitTrace[]): Uint8Array {
  const names = [...new Set(splits.flatMap(({ places }) => places.map(({ segment }) => segment)))];
  const indexes = new Map(names.map((name, index) => [name, index]));
  const list = new TextEncoder().encode(JSON.stringify(names));
  const sink = new ByteSink();
  for (const word of [MAGIC, SPLITS_VERSION, list.length]) appendUint32(sink, word);
  sink.append(list);
  appendUint32(sink, splits.length);
  for (const { traceId, places } of splits) {
    sink.append(bytesFromHex(traceId)!);
    appendUint32(sink, places.length);
    for (const { segment, startTimeUnixNano } of places) {
      appendUint32(sink, indexes.get(segment)!);
      sink.appendFixed64(startTimeUnixNano);
    }
  }
  appendUint32(sink, crc32(sink.bytes.subarray(0, sink.length)));
  return sink.copy();
}

function appendUint32(sink: ByteSink, value: number): void {
  for (let shift = 0; shift < 32; shift += 8) sink.appendByte((value >>> shift) & 0xff);
}

/**
 * Reads what {@link encodeSplits} wrote.
 *
 * @throws TracAggError `data_corrupt` when the checksum does not match.
 */
export function decodeSplits(file: Uint8Array): SplitTrace[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const body = file.length - CHECKSUM_BYTES;
  const isIntact =
    body >= 16 &&
    view.getUint32(0, true) === MAGIC &&
    view.getUint32(4, true) === SPLITS_VERSION &&
    crc32(file.subarray(0, body)) === view.getUint32(body, true);
  if (!isIntact)
    throw new TracAggError("data_corrupt", "split list: magic number or checksum does not match");
  const listEnd = 12 + view.getUint32(8, true);
  const names = JSON.parse(new TextDecoder().decode(file.subarray(12, listEnd))) as string[];
  const splits: SplitTrace[] = [];
  let at = listEnd + 4;
  for (let left = view.getUint32(listEnd, true); left > 0; left--) {
    const traceId = hexFromBytes(file, at, at + 16);
    const places: TracePlace[] = [];
    const placeCount = view.getUint32(at + 16, true);
    at += 20;
    for (let place = 0; place < placeCount; place++, at += 12) {
      places.push({
        segment: names[view.getUint32(at, true)]!,
        startTimeUnixNano: view.getBigUint64(at + 4, true),
      });
    }
    splits.push({ traceId, places });
  }
  return splits;
}

/**
 * The splits of a segment that some segments are merged into: the traces that older ones than those hold spans of too.
 *
 * @param known where traces lie that lie in several segments
 */
export function mergedSplits(
  name: string,
  segments: { readonly inputs: ReadonlySet<string>; readonly older: ReadonlySet<string> },
  known: ReadonlyMap<string, readonly TracePlace[]>,
): SplitTrace[] {
  const splits: SplitTrace[] = [];
  for (const [traceId, places] of known) {
    const older = places.filter(({ segment }) => segments.older.has(segment));
    const own = places.filter(({ segment }) => segments.inputs.has(segment));
    if (older.length === 0 || own.length === 0) continue;
    let earliest = own[0]!.startTimeUnixNano;
    for (const { startTimeUnixNano: start } of own) if (start < earliest) earliest = start;
    splits.push({ traceId, places: [{ segment: name, startTimeUnixNano: earliest }, ...older] });
  }
  return splits;
}
