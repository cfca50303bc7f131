/** A file of lines that is synced after each write and changes its name when it is full. */

import type { FileHandle } from "node:fs/promises";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, resolve } from "node:path";

/** Size at which a file is put aside, as OpenTelemetry Collectors do. */
export const DEFAULT_MAX_EXPORT_FILE_BYTES: number = 100 * 1024 * 1024;

/** How many full files are kept beside the current one; the oldest goes first, so a forgotten export ends at 1 GiB. */
export const DEFAULT_MAX_EXPORT_FILES = 10;

/** Where the lines go and when files change. */
export interface RotatingFileOptions {
  readonly path: string;
  /** @defaultValue 100 MiB */
  readonly maxFileBytes?: number;
  /** Full files kept: `path.1` is the newest, `path.N` the oldest. @defaultValue 10 */
  readonly maxFiles?: number;
}

/** Appends text durably; one writer at a time. */
export class RotatingFile {
  readonly #path: string;
  readonly #maxFileBytes: number;
  readonly #maxFiles: number;
  #handle: FileHandle | undefined;
  #sizeBytes = 0;

  constructor(options: RotatingFileOptions) {
    this.#path = resolve(options.path);
    this.#maxFileBytes = options.maxFileBytes ?? DEFAULT_MAX_EXPORT_FILE_BYTES;
    this.#maxFiles = options.maxFiles ?? DEFAULT_MAX_EXPORT_FILES;
  }

  /** Appends and syncs; a write that would overfill a file which already holds something starts the next one. */
  async append(text: string): Promise<void> {
    const bytes = new TextEncoder().encode(text);
    if (this.#handle === undefined) await this.#open();
    if (this.#sizeBytes > 0 && this.#sizeBytes + bytes.length > this.#maxFileBytes) await this.#rotate();
    const handle = this.#handle as FileHandle | undefined;
    if (handle === undefined) throw new Error(`${this.#path} is closed`);
    // Written at the size that counts: what a failed write left behind is overwritten by the next.
    for (let written = 0; written < bytes.length; ) {
      const { bytesWritten } = await handle.write(
        bytes,
        written,
        bytes.length - written,
        this.#sizeBytes + written,
      );
      written += bytesWritten;
    }
    await handle.datasync();
    this.#sizeBytes += bytes.length;
  }

  /** Closes the file. Idempotent. */
  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  async #open(): Promise<void> {
    await mkdir(dirname(this.#path), { recursive: true });
    const handle = await open(this.#path, "a").then(async (made) => {
      await made.close();
      return open(this.#path, "r+");
    });
    this.#handle = handle;
    this.#sizeBytes = (await handle.stat()).size;
  }

  async #rotate(): Promise<void> {
    await this.close();
    await rm(`${this.#path}.${this.#maxFiles}`, { force: true });
    for (let index = this.#maxFiles - 1; index >= 1; index--) {
      await renameIfThere(`${this.#path}.${index}`, `${this.#path}.${index + 1}`);
    }
    await renameIfThere(this.#path, `${this.#path}.1`);
    await this.#open();
  }
}

async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    // A gap in the numbers is no fault: the file was removed by hand or never made.
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}
