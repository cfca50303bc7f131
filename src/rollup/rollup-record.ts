/** What is stored of live statistics: windows that changed, the names in them, and how far in the log they reach. */

import { TracAggError } from "../base/errors.ts";
import { ByteReader, ByteWriter } from "../base/varint-bytes.ts";
import type { EdgeKey, EdgeType } from "../window/edges.ts";
import type { UnfoldedWindow } from "./rollups.ts";
import type { StoredWindow } from "./stored-windows.ts";
import { listOf, readUnfolded, readWindows, writeUnfolded, writeWindows } from "./stored-windows.ts";
import type { TopologyRecord } from "./topology-record.ts";
import { decodeTopology, encodeTopology } from "./topology-record.ts";

const FORMAT = 1;
/** Parts that records had not from the start come last, each with its number and length: unknown ones are passed over. */
const TOPOLOGY_PART = 1;
const PROFILES_PART = 2;
const UNFOLDED_PART = 3;

/** A service and an operation. */
export type OperationNames = readonly [service: string, name: string];

/** One record. */
export interface RollupRecord {
  /** Every span up to this log position is counted; -1 for none. */
  readonly coveredPosition: number;
  /** The traces that were not complete lie from this log position on. */
  readonly resumePosition: number;
  /** Ids of complete traces with spans from there on, 16 bytes each: their calls are counted. */
  readonly completeTraces: Uint8Array;
  /** Numbers of the first of {@link operations} and {@link edges}: those before are in the records before. */
  readonly firstOperation: number;
  readonly operations: readonly OperationNames[];
  readonly firstEdge: number;
  readonly edges: readonly EdgeKey[];
  readonly windows: readonly StoredWindow[];
  /** Which windows are not in longer ones yet; empty in records from before there were any. */
  readonly unfolded: readonly UnfoldedWindow[];
  /** Absent in records of programs that knew none. */
  readonly topology?: TopologyRecord;
  /** What profiles made of themselves; empty in records from before there were any. */
  readonly profiles: Uint8Array;
}

/** The bytes of a record. */
export function encodeRecord(record: RollupRecord): Uint8Array {
  const writer = new ByteWriter();
  writer.varint(FORMAT);
  writer.varint(record.coveredPosition + 1);
  writer.varint(record.resumePosition);
  writer.bytes(record.completeTraces);
  writer.varint(record.firstOperation);
  writer.varint(record.operations.length);
  for (const texts of record.operations) for (const text of texts) writer.text(text);
  writer.varint(record.firstEdge);
  writer.varint(record.edges.length);
  for (const { fromService, toService, type, fromOperation, toOperation } of record.edges) {
    for (const text of [fromService, toService, type, fromOperation, toOperation]) writer.text(text);
  }
  writeWindows(writer, record.windows);
  if (record.unfolded.length > 0) {
    const part = new ByteWriter();
    writeUnfolded(part, record.unfolded);
    writer.varint(UNFOLDED_PART);
    writer.bytes(part.finish());
  }
  if (record.topology !== undefined) {
    writer.varint(TOPOLOGY_PART);
    writer.bytes(encodeTopology(record.topology));
  }
  if (record.profiles.length > 0) {
    writer.varint(PROFILES_PART);
    writer.bytes(record.profiles);
  }
  return writer.finish();
}

/** @throws TracAggError `data_corrupt` when the bytes are no record, or one of a later format. */
export function decodeRecord(bytes: Uint8Array): RollupRecord {
  const reader = new ByteReader(bytes);
  const format = reader.varint();
  if (format !== FORMAT) {
    throw new TracAggError("data_corrupt", `expected stored statistics of format ${FORMAT}, got ${format}`);
  }
  return {
    coveredPosition: reader.varint() - 1,
    resumePosition: reader.varint(),
    completeTraces: reader.bytes(),
    firstOperation: reader.varint(),
    operations: listOf(reader, () => [reader.text(), reader.text()]),
    firstEdge: reader.varint(),
    edges: listOf(reader, () => ({
      fromService: reader.text(),
      toService: reader.text(),
      type: reader.text() as EdgeType,
      fromOperation: reader.text(),
      toOperation: reader.text(),
    })),
    windows: readWindows(reader),
    ...laterPartsIn(reader),
  };
}

type LaterParts = Pick<RollupRecord, "topology" | "profiles" | "unfolded">;

function laterPartsIn(reader: ByteReader): LaterParts {
  let parts: LaterParts = { profiles: new Uint8Array(0), unfolded: [] };
  while (!reader.isAtEnd) {
    const part = reader.varint();
    const bytes = reader.bytes();
    if (part === TOPOLOGY_PART) parts = { ...parts, topology: decodeTopology(new ByteReader(bytes)) };
    // A copy: a view would keep the whole record.
    if (part === PROFILES_PART) parts = { ...parts, profiles: Uint8Array.from(bytes) };
    if (part === UNFOLDED_PART) parts = { ...parts, unfolded: readUnfolded(new ByteReader(bytes)) };
  }
  return parts;
}
