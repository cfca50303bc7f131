/** The one place that touches files for durable data, behind a port so that tests can be the disk. */

import * as fs from "node:fs";
import { dirname, resolve } from "node:path";
import { promisify } from "node:util";

/**
 * How a file is opened: `read` (must exist), `update` (read and write, must exist), `create` (read and write, made
 * when missing, emptied when there).
 */
export type FileOpenMode = "read" | "update" | "create";

/** What `stat` tells. */
export interface FileStat {
  readonly sizeBytes: number;
  readonly isDirectory: boolean;
  readonly modifiedUnixMillis: number;
}

/** An open file; all offsets are bytes from the start, there is no cursor. */
export interface OpenFile {
  /** Writes every byte of the buffers one after the other from `offset` on (one gathered write where possible). */
  write(buffers: readonly Uint8Array[], offset: number): Promise<void>;
  /** Fills `target` from `offset` on; the bytes read, fewer than asked only at the end of the file. */
  read(target: Uint8Array, offset: number): Promise<number>;
  /** Resolves once the content (and the length) written before the call is on the disk. */
  datasync(): Promise<void>;
  truncate(lengthBytes: number): Promise<void>;
  sizeBytes(): Promise<number>;
  close(): Promise<void>;
}

/**
 * Files and folders of durable data. A name (made, renamed, removed) is durable once `syncDirectory` of its folder has
 * resolved, content once `datasync` of the file has. Failures are Node's errors with their `code` (`ENOSPC`, ...).
 */
export interface FileLayer {
  open(path: string, mode: FileOpenMode): Promise<OpenFile>;
  readFile(path: string): Promise<Uint8Array>;
  /** Undefined when there is nothing under that path. */
  stat(path: string): Promise<FileStat | undefined>;
  /** Names in a folder, sorted; empty when the folder is missing. */
  list(directory: string): Promise<readonly string[]>;
  /** Makes the folder and its parents; nothing happens when it is there. */
  makeDirectory(directory: string): Promise<void>;
  /** Atomic; replaces a file of the new name. Works for folders when the new name is free. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file, or a folder with all it holds; a missing one is fine. */
  remove(path: string): Promise<void>;
  syncDirectory(directory: string): Promise<void>;
}

const OPEN_FLAGS: Readonly<Record<FileOpenMode, string>> = Object.freeze({
  read: "r",
  update: "r+",
  create: "w+",
});

// Callbacks on file numbers: about half the CPU of FileHandle objects for each write and sync.
const openFd = promisify(fs.open);
const closeFd = promisify(fs.close);
const datasyncFd = promisify(fs.fdatasync);
const syncFd = promisify(fs.fsync);
const truncateFd = promisify(fs.ftruncate);
const statFd = promisify(fs.fstat);

/** The machine's own file system. */
export const nodeFileLayer: FileLayer = Object.freeze({
  open: async (path: string, mode: FileOpenMode): Promise<OpenFile> =>
    openFileOf(await openFd(path, OPEN_FLAGS[mode])),
  readFile: (path: string): Promise<Uint8Array> => fs.promises.readFile(path),
  stat: async (path: string): Promise<FileStat | undefined> => {
    const stat = await fs.promises.stat(path).catch(undefinedWhenMissing);
    if (stat === undefined) return undefined;
    return { sizeBytes: stat.size, isDirectory: stat.isDirectory(), modifiedUnixMillis: stat.mtimeMs };
  },
  list: async (directory: string): Promise<readonly string[]> =>
    ((await fs.promises.readdir(directory).catch(undefinedWhenMissing)) ?? []).sort(),
  makeDirectory: async (directory: string): Promise<void> => {
    await fs.promises.mkdir(directory, { recursive: true });
  },
  rename: (from: string, to: string): Promise<void> => fs.promises.rename(from, to),
  remove: (path: string): Promise<void> => fs.promises.rm(path, { recursive: true, force: true }),
  syncDirectory: async (directory: string): Promise<void> => {
    // Windows has no such call: names are durable there once the file system's own journal is.
    if (process.platform === "win32") return;
    const fd = await openFd(directory, "r");
    try {
      await syncFd(fd);
    } finally {
      await closeFd(fd);
    }
  },
});

/**
 * Replaces a small file so that after a crash either the old or the new content is there, whole.
 *
 * @param path - The file; `<path>.tmp` is used on the way, so two calls for one path must not overlap.
 * @param directory - The folder of `path`, synced at the end.
 */
export async function writeFileDurably(
  layer: FileLayer,
  path: string,
  directory: string,
  content: Uint8Array,
): Promise<void> {
  const temporary = `${path}.tmp`;
  const file = await layer.open(temporary, "create");
  try {
    await file.write([content], 0);
    await file.datasync();
  } finally {
    await file.close();
  }
  await layer.rename(temporary, path);
  await layer.syncDirectory(directory);
}

/**
 * Makes a folder and its missing parents, and makes their names durable.
 *
 * A folder that is there already has its name synced again: whoever made it may have ended before its own sync.
 */
export async function makeDirectoryDurably(layer: FileLayer, directory: string): Promise<void> {
  const parents: string[] = [];
  let path = resolve(directory);
  let isThere = false;
  while (!isThere && path !== dirname(path)) {
    isThere = (await layer.stat(path)) !== undefined;
    path = dirname(path);
    parents.push(path);
  }
  await layer.makeDirectory(directory);
  for (const parent of parents) await layer.syncDirectory(parent).catch(undefinedWhenForbidden);
}

function openFileOf(fd: number): OpenFile {
  return {
    write: (buffers, offset) => writeAll(fd, buffers, offset),
    read: (target, offset) => readAll(fd, target, offset),
    datasync: () => datasyncFd(fd),
    truncate: (lengthBytes) => truncateFd(fd, lengthBytes),
    sizeBytes: async () => (await statFd(fd)).size,
    close: () => closeFd(fd),
  };
}

/** A write may take fewer bytes than given (signals, quotas); what is left is written again from there. */
async function writeAll(fd: number, buffers: readonly Uint8Array[], offset: number): Promise<void> {
  let remaining = buffers;
  let position = offset;
  while (remaining.length > 0) {
    const written = await writeOnce(fd, remaining, position);
    position += written;
    remaining = buffersAfter(remaining, written);
  }
}

function writeOnce(fd: number, buffers: readonly Uint8Array[], position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.writev(fd, buffers, position, (error, written) => {
      if (error) reject(error);
      else resolve(written);
    });
  });
}

function buffersAfter(buffers: readonly Uint8Array[], writtenBytes: number): readonly Uint8Array[] {
  let skip = writtenBytes;
  let index = 0;
  while (index < buffers.length && skip >= (buffers[index] as Uint8Array).length) {
    skip -= (buffers[index] as Uint8Array).length;
    index++;
  }
  if (index === buffers.length) return [];
  return [(buffers[index] as Uint8Array).subarray(skip), ...buffers.slice(index + 1)];
}

async function readAll(fd: number, target: Uint8Array, offset: number): Promise<number> {
  let filled = 0;
  while (filled < target.length) {
    const count = await readOnce(fd, target, filled, offset + filled);
    if (count === 0) break;
    filled += count;
  }
  return filled;
}

function readOnce(fd: number, target: Uint8Array, start: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.read(fd, target, start, target.length - start, position, (error, count) => {
      if (error) reject(error);
      else resolve(count);
    });
  });
}

function undefinedWhenMissing(error: unknown): undefined {
  if ((error as { code?: unknown }).code === "ENOENT") return undefined;
  throw error;
}

/** A folder this process may enter but not list was set up by somebody else, who has to see to its names. */
function undefinedWhenForbidden(error: unknown): undefined {
  const { code } = error as { code?: unknown };
  if (code === "EACCES" || code === "EPERM") return undefined;
  throw error;
}
