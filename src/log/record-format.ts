/** Bytes of a log file: its header, the header before each record, and the checksums that tie them to their place. */

import { crc32 } from "node:zlib";
import type { RecordEncoding } from "./ingest-log.ts";

/** Version of the file format; a file of a newer one is refused with a message that says so. */
export const LOG_FORMAT_VERSION = 1;
/** Records begin after this many bytes. */
export const FILE_HEADER_BYTES = 64;
/** Bytes before each payload. */
export const RECORD_HEADER_BYTES = 40;
/** Bytes (`TRR1`) every record header starts with: what a search for the next intact record looks for. */
export const RECORD_MAGIC: Uint8Array = Uint8Array.of(0x54, 0x52, 0x52, 0x31);

const FILE_MAGIC = "TRACALOG";
const ENCODINGS: readonly RecordEncoding[] = ["identity", "gzip"];
const PLACE_BYTES = 16;

/** First bytes of a file: which file it is now, and which position its first record has. */
export interface FileHeader {
  readonly version: number;
  readonly fileNumber: number;
  /** Position of the first record; it also voids records of earlier files at or after it. */
  readonly firstPosition: number;
}

/** What stands before a payload. */
export interface RecordHeader {
  readonly position: number;
  readonly arrivalUnixMillis: number;
  readonly encoding: RecordEncoding;
  readonly payloadBytes: number;
  readonly payloadCrc: number;
  /** Every record before this position was durable when this one was written: the first position of its group. */
  readonly durableBefore: number;
}

/**
 * Layout, little-endian: magic 8, version u32, crc u32 (over the rest), file number f64, first position f64; zeros to 64.
 */
export function encodeFileHeader(header: FileHeader): Uint8Array {
  const bytes = Buffer.alloc(FILE_HEADER_BYTES);
  bytes.write(FILE_MAGIC, 0, "latin1");
  bytes.writeUInt32LE(header.version, 8);
  bytes.writeDoubleLE(header.fileNumber, 16);
  bytes.writeDoubleLE(header.firstPosition, 24);
  bytes.writeUInt32LE(fileHeaderCrc(bytes), 12);
  return bytes;
}

/** Undefined when the bytes are no intact file header (zeros of a prepared file, damage, too short). */
export function decodeFileHeader(bytes: Uint8Array): FileHeader | undefined {
  if (bytes.length < FILE_HEADER_BYTES) return undefined;
  const buffer = bufferOver(bytes);
  if (buffer.toString("latin1", 0, 8) !== FILE_MAGIC) return undefined;
  if (buffer.readUInt32LE(12) !== fileHeaderCrc(buffer)) return undefined;
  return {
    version: buffer.readUInt32LE(8),
    fileNumber: buffer.readDoubleLE(16),
    firstPosition: buffer.readDoubleLE(24),
  };
}

/** CRC-32 of a payload. */
export function payloadCrcOf(payload: Uint8Array): number {
  return crc32(payload);
}

/**
 * Writes a record header into `target` at `at`.
 *
 * Layout, little-endian: magic 4, crc u32, payload crc u32, payload bytes u32, position f64, arrival millis f64,
 * position minus durableBefore u32, encoding u8, three zero bytes (flags of later versions). The crc covers all of the
 * header (and so, through its crc, the payload), the file number and the offset in the file: what an older use of a
 * recycled file left behind does not match its place any more.
 */
export function writeRecordHeader(
  target: Buffer,
  at: number,
  header: RecordHeader,
  fileNumber: number,
  fileOffset: number,
): void {
  target.set(RECORD_MAGIC, at);
  target.writeUInt32LE(header.payloadCrc, at + 8);
  target.writeUInt32LE(header.payloadBytes, at + 12);
  target.writeDoubleLE(header.position, at + 16);
  target.writeDoubleLE(header.arrivalUnixMillis, at + 24);
  target.writeUInt32LE(header.position - header.durableBefore, at + 32);
  target.writeUInt32LE(ENCODINGS.indexOf(header.encoding), at + 36);
  target.writeUInt32LE(recordHeaderCrc(target, at, fileNumber, fileOffset), at + 4);
}

/** The record header at `at`, or undefined when the bytes there are not an intact one that belongs at this place. */
export function readRecordHeader(
  source: Buffer,
  at: number,
  fileNumber: number,
  fileOffset: number,
): RecordHeader | undefined {
  if (source.length - at < RECORD_HEADER_BYTES || !hasMagic(source, at)) return undefined;
  if (source.readUInt32LE(at + 4) !== recordHeaderCrc(source, at, fileNumber, fileOffset)) return undefined;
  const encoding = ENCODINGS[source.readUInt32LE(at + 36)];
  if (encoding === undefined) return undefined;
  const position = source.readDoubleLE(at + 16);
  return {
    position,
    arrivalUnixMillis: source.readDoubleLE(at + 24),
    encoding,
    payloadBytes: source.readUInt32LE(at + 12),
    payloadCrc: source.readUInt32LE(at + 8),
    durableBefore: position - source.readUInt32LE(at + 32),
  };
}

/** A Buffer over the same memory. */
export function bufferOver(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function hasMagic(source: Buffer, at: number): boolean {
  return RECORD_MAGIC.every((byte, index) => source[at + index] === byte);
}

function fileHeaderCrc(bytes: Buffer): number {
  return crc32(bytes.subarray(16, FILE_HEADER_BYTES), crc32(bytes.subarray(0, 12)));
}

function recordHeaderCrc(source: Buffer, at: number, fileNumber: number, fileOffset: number): number {
  const place = Buffer.allocUnsafe(PLACE_BYTES);
  place.writeDoubleLE(fileNumber, 0);
  place.writeDoubleLE(fileOffset, 8);
  return crc32(source.subarray(at + 8, at + RECORD_HEADER_BYTES), crc32(place));
}
