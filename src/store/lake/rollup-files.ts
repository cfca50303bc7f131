/** Statistics by time as files: a whole record, and the changes since, each with its checksum. */

import { join } from "node:path";
import { crc32 } from "node:zlib";
import { errorFrom, TracAggError } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import type { FileLayer } from "../../io/file-layer.ts";
import { makeDirectoryDurably, writeFileDurably } from "../../io/file-layer.ts";
import type { RollupRecordKind, RollupStore } from "../rollup-store.ts";

const FOLDER = "rollups";
/** "TGRU" in the file. */
const MAGIC = 0x55524754;
const HEADER_BYTES = 8;
const NAME = /^(\d{16})\.(whole|change)$/;

/** Where the files lie and who hears of damage. */
export interface RollupFilesOptions {
  readonly dataDir: string;
  readonly layer: FileLayer;
  readonly logger: Logger;
}

interface RecordFile {
  readonly name: string;
  readonly number: number;
  readonly kind: RollupRecordKind;
}

/** File form: magic, CRC-32 of the record, the record. Numbers are 32-bit, least significant byte first. */
export function createRollupFiles(options: RollupFilesOptions): RollupStore {
  return new RollupFiles(options);
}

class RollupFiles implements RollupStore {
  readonly #options: RollupFilesOptions;
  readonly #folder: string;
  #lastNumber = -1;

  constructor(options: RollupFilesOptions) {
    this.#options = options;
    this.#folder = join(options.dataDir, FOLDER);
  }

  /** A data folder is of one instance. */
  async load(): Promise<readonly (readonly Uint8Array[])[]> {
    const files = await this.#files();
    const wholes = files.filter(({ kind }) => kind === "whole");
    // An older whole record is left only when a crash came between writing its successor and removing it.
    for (const whole of wholes.reverse()) {
      const records = await this.#chain(files.filter(({ number }) => number >= whole.number));
      if (records.length > 0) return [records];
    }
    return [];
  }

  async save(kind: RollupRecordKind, record: Uint8Array): Promise<void> {
    const { layer } = this.#options;
    if (this.#lastNumber === -1) {
      await makeDirectoryDurably(layer, this.#folder);
      this.#lastNumber = Math.max(0, ...(await this.#files()).map(({ number }) => number));
    }
    const number = this.#lastNumber + 1;
    const path = join(this.#folder, `${String(number).padStart(16, "0")}.${kind}`);
    try {
      await writeFileDurably(layer, path, this.#folder, withChecksum(record));
      this.#lastNumber = number;
      if (kind === "whole") await this.#removeBefore(number);
    } catch (thrown) {
      throw new TracAggError("unavailable", `statistics cannot be stored: ${errorFrom(thrown).message}`);
    }
  }

  /** Records from a whole one on, up to the first that is damaged. */
  async #chain(files: readonly RecordFile[]): Promise<Uint8Array[]> {
    const records: Uint8Array[] = [];
    for (const { name } of files) {
      const path = join(this.#folder, name);
      const record = checkedRecord(await this.#options.layer.readFile(path));
      if (record === undefined) {
        this.#options.logger.error(
          "stored statistics are damaged; they are counted again from the ingest log",
          { path },
        );
        break;
      }
      records.push(record);
    }
    return records;
  }

  async #removeBefore(number: number): Promise<void> {
    for (const file of await this.#files()) {
      if (file.number < number) await this.#options.layer.remove(join(this.#folder, file.name));
    }
  }

  /** By number. */
  async #files(): Promise<RecordFile[]> {
    const names = await this.#options.layer.list(this.#folder);
    return names.flatMap((name) => {
      const [, number, kind] = NAME.exec(name) ?? [];
      return number === undefined ? [] : [{ name, number: Number(number), kind: kind as RollupRecordKind }];
    });
  }
}

function withChecksum(record: Uint8Array): Uint8Array {
  const file = new Uint8Array(HEADER_BYTES + record.length);
  const view = new DataView(file.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, crc32(record), true);
  file.set(record, HEADER_BYTES);
  return file;
}

function checkedRecord(file: Uint8Array): Uint8Array | undefined {
  if (file.length < HEADER_BYTES) return undefined;
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const record = file.subarray(HEADER_BYTES);
  const isIntact = view.getUint32(0, true) === MAGIC && view.getUint32(4, true) === crc32(record);
  return isIntact ? record : undefined;
}
