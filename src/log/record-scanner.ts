/** Walks the records of one log file in windows, over damage to the next intact one. */

import type { OpenFile } from "../io/file-layer.ts";
import type { RecordHeader } from "./record-format.ts";
import {
  bufferOver,
  payloadCrcOf,
  RECORD_HEADER_BYTES,
  RECORD_MAGIC,
  readRecordHeader,
} from "./record-format.ts";

/** Bytes read at once; a longer record gets a window of its own length. */
const WINDOW_BYTES = 1024 * 1024;

/** An intact record and its place in the file. */
export interface ScannedRecord {
  readonly header: RecordHeader;
  readonly payload: Uint8Array;
  readonly offset: number;
  readonly endOffset: number;
}

/** A file read through one moving window; payloads given out stay valid, since each window is memory of its own. */
class FileWindow {
  readonly #file: OpenFile;
  readonly #endOffset: number;
  #bytes: Buffer = Buffer.alloc(0);
  #start = 0;

  constructor(file: OpenFile, endOffset: number) {
    this.#file = file;
    this.#endOffset = endOffset;
  }

  /** The bytes `[offset, offset + length)`, more when at hand; fewer only at the end of the file. */
  async at(offset: number, length: number): Promise<Buffer> {
    const wantedEnd = Math.min(offset + length, this.#endOffset);
    const held = offset >= this.#start && wantedEnd <= this.#start + this.#bytes.length;
    if (!held) await this.#load(offset, Math.max(length, WINDOW_BYTES));
    return this.#bytes.subarray(offset - this.#start);
  }

  async #load(offset: number, length: number): Promise<void> {
    const target = new Uint8Array(Math.max(0, Math.min(length, this.#endOffset - offset)));
    const count = await this.#file.read(target, offset);
    this.#bytes = bufferOver(target).subarray(0, count);
    this.#start = offset;
  }
}

/**
 * Intact records of a file from `startOffset` on, in file order. After a record that does not match its checksum the
 * walk goes on at the next intact one; the caller sees the damage as a step in the positions.
 *
 * @param endOffset - Bytes of the file to look at.
 * @param goOn - Asked at each offset where no intact record is; false ends the walk there.
 */
export async function* scanRecords(
  file: OpenFile,
  fileNumber: number,
  startOffset: number,
  endOffset: number,
  goOn: (offset: number) => boolean,
): AsyncGenerator<ScannedRecord> {
  const window = new FileWindow(file, endOffset);
  let offset = startOffset;
  while (endOffset - offset >= RECORD_HEADER_BYTES) {
    const found = await recordAt(window, fileNumber, offset, endOffset);
    if (found?.record !== undefined) {
      yield found.record;
      offset = found.record.endOffset;
    } else {
      if (!goOn(offset)) return;
      // An intact header says how far a damaged payload reaches; otherwise the next magic is looked for.
      offset = found?.skipTo ?? (await nextMagic(window, offset + 1, endOffset));
    }
  }
}

interface Found {
  readonly record?: ScannedRecord;
  readonly skipTo?: number;
}

async function recordAt(
  window: FileWindow,
  fileNumber: number,
  offset: number,
  endOffset: number,
): Promise<Found | undefined> {
  const header = readRecordHeader(await window.at(offset, RECORD_HEADER_BYTES), 0, fileNumber, offset);
  if (header === undefined) return undefined;
  const recordBytes = RECORD_HEADER_BYTES + header.payloadBytes;
  const recordEnd = offset + recordBytes;
  if (recordEnd > endOffset) return undefined;
  const bytes = await window.at(offset, recordBytes);
  const payload = bytes.subarray(RECORD_HEADER_BYTES, recordBytes);
  if (payload.length < header.payloadBytes || payloadCrcOf(payload) !== header.payloadCrc) {
    return { skipTo: recordEnd };
  }
  return { record: { header, payload, offset, endOffset: recordEnd } };
}

/** Offset of the next bytes that look like the start of a record, or `endOffset`. */
async function nextMagic(window: FileWindow, from: number, endOffset: number): Promise<number> {
  let offset = from;
  while (endOffset - offset >= RECORD_HEADER_BYTES) {
    const bytes = await window.at(offset, RECORD_HEADER_BYTES);
    if (bytes.length < RECORD_HEADER_BYTES) return endOffset;
    const index = bytes.indexOf(RECORD_MAGIC);
    if (index >= 0) return offset + index;
    // The last bytes may be the start of a magic that goes on in the next window.
    offset += bytes.length - RECORD_MAGIC.length + 1;
  }
  return endOffset;
}
