/** Log files written with zeros ahead of need, and used again once every reader is past them. */

import { join } from "node:path";
import { errorFrom } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { FileLayer, OpenFile } from "../io/file-layer.ts";
import type { LogFile } from "./log-file.ts";
import { logFileName } from "./log-file.ts";

const ZEROS = new Uint8Array(1024 * 1024);

/** A file with room for records; its name and its blocks are durable. */
export interface PreparedFile {
  readonly number: number;
  readonly sizeBytes: number;
  readonly file: OpenFile;
}

/** A pool file that lies closed on the disk. */
export interface PooledFile {
  readonly number: number;
  readonly sizeBytes: number;
}

/** What a pool needs. */
export interface FilePoolOptions {
  readonly files: FileLayer;
  readonly directory: string;
  /** Length of the files it prepares. */
  readonly fileBytes: number;
  /** Most files kept ready; what comes back beyond that is deleted. */
  readonly maxFiles: number;
  readonly logger: Logger;
}

/**
 * The pool of ready files. All its work runs one after the other in the background, so numbers and names never race;
 * `take` waits for a file that is being made.
 *
 * A sync of a growing file must also write its new length and blocks; a file written once with zeros needs neither.
 */
export class FilePool {
  readonly #options: FilePoolOptions;
  readonly #ready: PooledFile[] = [];
  #lastNumber = 0;
  #closing = false;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(options: FilePoolOptions) {
    this.#options = options;
  }

  /** Files ready for use. */
  get readyCount(): number {
    return this.#ready.length;
  }

  /** Numbers given from now on are above `number`. */
  reserveNumbersTo(number: number): void {
    this.#lastNumber = Math.max(this.#lastNumber, number);
  }

  /** Takes over a file found at start (numbers ascending); small ones and those beyond the bound are deleted. */
  async adopt(found: PooledFile): Promise<void> {
    if (found.sizeBytes < this.#options.fileBytes || this.#ready.length >= this.#options.maxFiles) {
      await this.#options.files.remove(this.#path(found.number));
      return;
    }
    this.#ready.push(found);
  }

  /**
   * The next file, open. With none ready one of `sizeBytes` is made first.
   *
   * @throws Node's file error (`ENOSPC`, ...) when the disk has no room for it.
   */
  take(sizeBytes: number): Promise<PreparedFile> {
    return this.#inTurn(async () => {
      const ready = this.#ready.shift() ?? (await this.#create(sizeBytes));
      const file = await this.#options.files.open(this.#path(ready.number), "update");
      return { ...ready, file };
    });
  }

  /** Makes one ready in the background when there is none; a failure is logged and tried again at the next need. */
  prepareAhead(): void {
    this.#inBackground("cannot prepare a log file ahead of need", async () => {
      if (this.#closing || this.#ready.length > 0) return;
      this.#ready.push(await this.#create(this.#options.fileBytes));
    });
  }

  /** Takes a file back: renamed to the next number for another use, or deleted when it is of no use. */
  giveBack(log: LogFile): void {
    this.#inBackground("cannot recycle a log file", async () => {
      const { files, directory, fileBytes, maxFiles } = this.#options;
      const useless = log.tainted || log.sizeBytes !== fileBytes || this.#ready.length >= maxFiles;
      if (this.#closing || useless) {
        await files.remove(log.path);
        return;
      }
      this.#lastNumber++;
      const number = this.#lastNumber;
      await files.rename(log.path, this.#path(number));
      // The new name must be durable before a record under the new number can be.
      await files.syncDirectory(directory);
      this.#ready.push({ number, sizeBytes: fileBytes });
    });
  }

  /** Nothing is made ready or recycled from now on; what comes back is deleted. */
  stopPreparing(): void {
    this.#closing = true;
  }

  /** Deletes the ready files and waits for work under way. */
  async close(): Promise<void> {
    this.#closing = true;
    await this.#inTurn(async () => {
      for (const { number } of this.#ready.splice(0)) await this.#options.files.remove(this.#path(number));
    });
  }

  /** Waits until the background work asked for so far is done. */
  async settled(): Promise<void> {
    await this.#inTurn(async () => {});
  }

  async #create(sizeBytes: number): Promise<PooledFile> {
    const { files, directory } = this.#options;
    this.#lastNumber++;
    const number = this.#lastNumber;
    try {
      const file = await files.open(this.#path(number), "create");
      try {
        await this.#fillWithZeros(file, sizeBytes);
        await file.datasync();
      } finally {
        await file.close();
      }
      await files.syncDirectory(directory);
    } catch (error) {
      // A half-made file would keep the last free blocks of a full disk.
      await files.remove(this.#path(number)).catch(() => {});
      throw error;
    }
    return { number, sizeBytes };
  }

  async #fillWithZeros(file: OpenFile, sizeBytes: number): Promise<void> {
    for (let offset = 0; offset < sizeBytes; offset += ZEROS.length) {
      await file.write([ZEROS.subarray(0, Math.min(ZEROS.length, sizeBytes - offset))], offset);
    }
  }

  #path(number: number): string {
    return join(this.#options.directory, logFileName(number));
  }

  #inBackground(failure: string, work: () => Promise<void>): void {
    void this.#inTurn(work).catch((thrown: unknown) => {
      this.#options.logger.warn(failure, { error: errorFrom(thrown).message });
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#tail.then(work);
    this.#tail = done.catch(() => {});
    return done;
  }
}
