/** One writing process per data folder, held by sockets that the operating system closes when the process dies. */

import { createHash, randomUUID } from "node:crypto";
import * as fs from "node:fs/promises";
import type { Server } from "node:net";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import type { Clock } from "../base/clock.ts";
import { systemClock } from "../base/clock.ts";
import { TracAggError } from "../base/errors.ts";

/** Longest socket path every supported system takes, in bytes. */
const MAX_SOCKET_PATH_BYTES = 100;
/** Rounds of looking at the socket in the folder before giving up: each is lost only to another starting process. */
const MAX_ROUNDS = 5;
/** What `bind` answers on file systems that know no sockets. */
const NO_SOCKETS = new Set(["EOPNOTSUPP", "ENOTSUP", "EPERM", "EINVAL", "ENOSYS"]);

/** How a folder is locked. */
export interface LockOptions {
  /** An existing folder. */
  readonly directory: string;
  /** Version of the program, for the message another process gives. */
  readonly version: string;
  readonly clock?: Clock;
}

/** A folder held by this process. */
export interface FolderLock {
  /** Gives the folder free; also done by the operating system when the process ends, however it ends. */
  release(): Promise<void>;
}

/**
 * Takes the folder for this process alone.
 *
 * Two things hold it: a name of the kernel's own made from the folder's device and file number (Linux: an abstract
 * socket, Windows: a pipe), which no crash can leave behind, and a listening socket `LOCK.sock` in the folder, which
 * also keeps out containers that share the folder but not the network namespace. `LOCK` says in words who holds it and
 * holds nothing itself.
 *
 * @throws TracAggError `failed_precondition` naming the process that holds the folder.
 * @example
 * const lock = await acquireLock({ directory: "data", version: "1.0.0" });
 */
export async function acquireLock(options: LockOptions): Promise<FolderLock> {
  const directory = await fs.realpath(options.directory);
  const kernelName = await listenOnKernelName(directory);
  let folderSocket: Server | undefined;
  try {
    folderSocket = await listenInFolder(directory, kernelName !== undefined);
    await writeLockFile(directory, options);
  } catch (error) {
    await closeServer(folderSocket);
    await closeServer(kernelName);
    throw error;
  }
  return {
    release: async () => {
      await fs.rm(join(directory, "LOCK"), { force: true });
      if (folderSocket !== undefined) await fs.rm(join(directory, "LOCK.sock"), { force: true });
      await closeServer(folderSocket);
      await closeServer(kernelName);
    },
  };
}

async function listenOnKernelName(directory: string): Promise<Server | undefined> {
  const stat = await fs.stat(directory, { bigint: true });
  const id = createHash("sha256").update(`${stat.dev}:${stat.ino}`).digest("hex").slice(0, 32);
  const names: Partial<Record<NodeJS.Platform, string>> = {
    linux: `\0tracagg-${id}`,
    win32: `\\\\.\\pipe\\tracagg-${id}`,
  };
  const name = names[process.platform];
  if (name === undefined) return undefined;
  try {
    return await listen(name);
  } catch (error) {
    if (codeOf(error) === "EADDRINUSE") throw await heldBy(directory);
    throw error;
  }
}

/** Listens on `LOCK.sock`; undefined when the file system has no sockets and a kernel name holds the folder already. */
async function listenInFolder(directory: string, isHeldOtherwise: boolean): Promise<Server | undefined> {
  if (process.platform === "win32") return undefined;
  const handle = await fs.open(directory, "r");
  try {
    const folder = shortPath(directory, handle.fd);
    for (let round = 0; round < MAX_ROUNDS; round++) {
      await clearStaleSocket(directory, folder);
      const server = await tryListen(directory, folder);
      if (server !== undefined) return server;
    }
    throw await heldBy(directory);
  } catch (error) {
    if (!NO_SOCKETS.has(codeOf(error))) throw error;
    if (isHeldOtherwise) return undefined;
    throw new TracAggError(
      "failed_precondition",
      `the file system of ${directory} cannot hold a lock socket; put the data folder on a local file system`,
      { cause: error },
    );
  } finally {
    await handle.close();
  }
}

/** Linux reaches a folder through its open file too, so a long path is no obstacle there. */
function shortPath(directory: string, fd: number): string {
  if (Buffer.byteLength(directory) + 50 <= MAX_SOCKET_PATH_BYTES) return directory;
  if (process.platform === "linux") return `/proc/self/fd/${fd}`;
  throw new TracAggError(
    "failed_precondition",
    `the path of the data folder is too long for a lock socket (${directory}); choose a shorter one`,
  );
}

/** Moves the socket of a dead process away; a living one is the refusal. */
async function clearStaleSocket(directory: string, folder: string): Promise<void> {
  if (await isAlive(join(folder, "LOCK.sock"))) throw await heldBy(directory);
  const aside = `LOCK.${randomUUID().slice(0, 8)}.old`;
  try {
    await fs.rename(join(directory, "LOCK.sock"), join(directory, aside));
  } catch (error) {
    if (codeOf(error) === "ENOENT") return;
    throw error;
  }
  // Between the look and the rename another process may have put its own, living one there.
  if (await isAlive(join(folder, aside))) {
    await fs.rename(join(directory, aside), join(directory, "LOCK.sock"));
    throw await heldBy(directory);
  }
  await fs.rm(join(directory, aside), { force: true });
}

/** Undefined when another process was quicker. */
async function tryListen(directory: string, folder: string): Promise<Server | undefined> {
  const own = `LOCK.${randomUUID().slice(0, 8)}.sock`;
  const server = await listen(join(folder, own));
  try {
    // A link fails when the name is there, where binding the name itself could not tell dead from living.
    await fs.link(join(directory, own), join(directory, "LOCK.sock"));
    return server;
  } catch (error) {
    await closeServer(server);
    if (codeOf(error) === "EEXIST") return undefined;
    throw error;
  } finally {
    await fs.rm(join(directory, own), { force: true });
  }
}

function listen(path: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", reject);
    server.listen(path, () => {
      server.unref();
      resolve(server);
    });
  });
}

function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", (error) => {
      const code = codeOf(error);
      // A full queue of a busy listener (EAGAIN) is a living one.
      if (code === "ENOENT" || code === "ECONNREFUSED" || code === "ENOTSOCK") resolve(false);
      else if (code === "EAGAIN") resolve(true);
      else reject(error);
    });
  });
}

function closeServer(server: Server | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (server === undefined) resolve();
    else server.close(() => resolve());
  });
}

/** On a full disk the words are left out: the folder is held without them, and what is in it can be read. */
async function writeLockFile(directory: string, options: LockOptions): Promise<void> {
  const started = new Date((options.clock ?? systemClock).nowMillis()).toISOString();
  const text = JSON.stringify({ pid: process.pid, started, version: options.version });
  await fs.writeFile(join(directory, "LOCK"), `${text}\n`).catch((error: unknown) => {
    if (codeOf(error) !== "ENOSPC" && codeOf(error) !== "EDQUOT") throw error;
  });
}

async function heldBy(directory: string): Promise<TracAggError> {
  const holder = await fs
    .readFile(join(directory, "LOCK"), "utf8")
    .then(describeHolder, () => "another process");
  return new TracAggError(
    "failed_precondition",
    `the data folder ${directory} is in use by ${holder}; stop that process or choose another folder with --data`,
  );
}

function describeHolder(text: string): string {
  try {
    const { pid, started, version } = JSON.parse(text) as Record<string, unknown>;
    return `process ${pid} (TracAgg ${version}, started ${started})`;
  } catch {
    return "another process";
  }
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | null)?.code);
}
