import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { LogFields, Logger } from "../../../src/base/logger.ts";
import { formatCheckedJson } from "../../../src/io/checked-json.ts";
import type { LakeStoreOptions } from "../../../src/store/lake/lake-options.ts";
import { createLakeStore } from "../../../src/store/lake/lake-store.ts";
import type { SegmentMeta } from "../../../src/store/lake/segment-meta.ts";
import type { TraceStore } from "../../../src/store/trace-store.ts";

/** A log line of a store under test. */
export interface LoggedLine {
  readonly level: "info" | "warn" | "error";
  readonly message: string;
  readonly fields: LogFields;
}

/** A data folder with the stores opened over it, one after the other. */
export class LakeFolder {
  readonly dataDir: string;
  readonly lines: LoggedLine[] = [];
  nowMillis = 1_700_000_000_000;
  /** Runs what the store does once a second. */
  tick: () => void = () => {};
  #store: TraceStore | undefined;

  private constructor(dataDir: string) {
    this.dataDir = dataDir;
  }

  static async create(): Promise<LakeFolder> {
    const folder = new LakeFolder(await mkdtemp(join(tmpdir(), "tracagg-lake-")));
    onTestFinished(async () => {
      await folder.close();
      await rm(folder.dataDir, { recursive: true, force: true });
    });
    return folder;
  }

  /** Path inside the folder. */
  path(...parts: string[]): string {
    return join(this.dataDir, ...parts);
  }

  /** Changes members of a segment's `meta.json`, as whoever wrote it could have written them. */
  async editMeta(segment: string, changes: Readonly<Record<string, unknown>>): Promise<void> {
    const path = this.path("segments", segment, "meta.json");
    const { crc32: _, ...members } = JSON.parse(await readFile(path, "utf8")) as Record<string, unknown>;
    await writeFile(path, formatCheckedJson({ ...members, ...changes }, 2));
  }

  /** What a segment's `meta.json` says. */
  async readMeta(segment: string): Promise<SegmentMeta> {
    return JSON.parse(await readFile(this.path("segments", segment, "meta.json"), "utf8")) as SegmentMeta;
  }

  /** Starts a store; stops the one before. */
  async open(options: Partial<LakeStoreOptions> = {}): Promise<TraceStore> {
    await this.close();
    const store = createLakeStore({
      dataDir: this.dataDir,
      version: "1.2.3-test",
      mergeQuietMillis: 0,
      logger: this.#logger(),
      clock: { nowMillis: () => this.nowMillis },
      schedule: (_, task) => {
        this.tick = task;
        return () => {};
      },
      ...options,
    });
    await store.start();
    this.#store = store;
    return store;
  }

  async close(): Promise<void> {
    await this.#store?.stop();
    this.#store = undefined;
  }

  #logger(): Logger {
    const at =
      (level: LoggedLine["level"]) =>
      (message: string, fields: LogFields = {}): void => {
        this.lines.push({ level, message, fields });
      };
    return { info: at("info"), warn: at("warn"), error: at("error") };
  }
}

/** Lets a store merge until there is nothing left to merge. */
export async function mergeAll(folder: LakeFolder, store: TraceStore): Promise<void> {
  while (store.gauges()["compacting"] === 1) {
    folder.tick();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Names of the segments in use, oldest first. */
export async function segmentNames(folder: LakeFolder): Promise<string[]> {
  const names = await readdir(folder.path("segments"));
  return names.filter((name) => /^\d/.test(name)).sort();
}

/** Changes one byte of a file. */
export async function flipByte(path: string, at: (size: number) => number): Promise<void> {
  const bytes = await readFile(path);
  const place = at(bytes.length);
  bytes[place] = bytes[place]! ^ 0xff;
  await writeFile(path, bytes);
}
