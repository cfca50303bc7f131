/** The segments in use: found at start, put in place by seals, removed by retention, set aside when damaged. */

import { basename, join } from "node:path";
import { errorFrom, TracAggError } from "../../base/errors.ts";
import { makeDirectoryDurably } from "../../io/file-layer.ts";
import { numberFromSpanKind } from "../../model/span-kind.ts";
import type { NameCatalogue } from "../name-catalogue.ts";
import { loadPosition, storePosition } from "./position-file.ts";
import { nextReplacement } from "./replacements.ts";
import type { Segment } from "./segment.ts";
import { parquetFilesOf, SegmentFile } from "./segment-format.ts";
import type { LoadedSegment, SegmentLoading } from "./segment-loading.ts";
import { fileDamage, loadSegment, readSegmentMeta } from "./segment-loading.ts";
import type { SegmentMeta } from "./segment-meta.ts";
import { SplitIndex } from "./split-index.ts";

/** Prefix of a folder that is being written; what a crash leaves of one is removed at the next start. */
const UNFINISHED_PREFIX = ".sealing-";
/** Prefix of a folder that is being removed, so that half of one is never taken for a damaged segment. */
const REMOVED_PREFIX = ".removing-";
const QUARANTINE_FOLDER = "segments-quarantine";
const SEGMENTS_FOLDER = "segments";

/** What happened to segments since the start. */
export interface SegmentCounts {
  damaged: number;
  repairedFiles: number;
  expired: number;
  evicted: number;
}

/** All segments of one data folder. */
export class SegmentSet {
  readonly splits: SplitIndex = new SplitIndex();
  readonly counts: SegmentCounts = { damaged: 0, repairedFiles: 0, expired: 0, evicted: 0 };
  readonly #loading: SegmentLoading;
  readonly #dataDir: string;
  readonly #folder: string;
  /** By first position. */
  #segments: readonly Segment[] = [];
  /** Files of which this process knows that they are whole: "segment/file". */
  readonly #verified = new Set<string>();
  /** Folders that got their name, but were not taken in use. */
  readonly #abandoned = new Set<string>();
  #coveredPosition = -1;

  constructor(dataDir: string, loading: Omit<SegmentLoading, "onRepair">) {
    this.#dataDir = dataDir;
    this.#folder = join(dataDir, SEGMENTS_FOLDER);
    this.#loading = {
      ...loading,
      onRepair: () => {
        this.counts.repairedFiles++;
      },
    };
  }

  /** The segments in use, by first position; a list that is never changed, only replaced. */
  get segments(): readonly Segment[] {
    return this.#segments;
  }

  /** Bytes of all segments in use. */
  get byteSize(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.byteSize, 0);
  }

  /** The last log position that a segment covers, or ever covered. */
  get coveredPosition(): number {
    return this.#coveredPosition;
  }

  /** The folder a seal writes into before it is put in place. */
  unfinishedPath(name: string): string {
    return join(this.#folder, UNFINISHED_PREFIX + name);
  }

  /**
   * Opens what is there: removes what a crash left half made, finishes replacements, sets damaged segments aside.
   *
   * @param names takes the names of all segments in
   * @throws TracAggError `failed_precondition` when a segment is in a newer format
   */
  async start(names: NameCatalogue): Promise<void> {
    const { layer } = this.#loading;
    // The log forgets what lies in a segment: the folder of all segments must not be lost with its name.
    await makeDirectoryDurably(layer, this.#folder);
    this.#coveredPosition = await loadPosition({ ...this.#loading, folder: this.#folder });
    const metas = new Map<string, SegmentMeta>();
    for (const name of await layer.list(this.#folder)) {
      const directory = join(this.#folder, name);
      if (name.startsWith(UNFINISHED_PREFIX) || name.startsWith(REMOVED_PREFIX))
        await layer.remove(directory);
      else if ((await layer.stat(directory))?.isDirectory) {
        const meta = await this.#orQuarantine(directory, () => readSegmentMeta(layer, directory));
        if (meta !== undefined) metas.set(name, meta);
      }
    }
    await this.#finishReplacements(metas);
    for (const [name, meta] of metas) await this.#open(name, meta, names);
  }

  /** Makes the files of a segment that is written, but has no name yet, durable. */
  async syncUnfinished(name: string, meta: SegmentMeta): Promise<void> {
    await this.#sync(this.unfinishedPath(name), [...Object.keys(meta.files), SegmentFile.META]);
  }

  /**
   * Gives a finished segment, synced by {@link SegmentSet.syncUnfinished}, its name. It is not in use before
   * {@link SegmentSet.add} or {@link SegmentSet.replace}.
   *
   * @returns the opened segment
   */
  async publish(name: string, meta: SegmentMeta): Promise<LoadedSegment> {
    const { layer } = this.#loading;
    const directory = join(this.#folder, name);
    for (const abandoned of this.#abandoned) await layer.remove(abandoned);
    // Should anything below fail, the spans are written again under another name: this folder must not come back.
    this.#abandoned.add(directory);
    await layer.rename(this.unfinishedPath(name), directory);
    await layer.syncDirectory(this.#folder);
    const loaded = await loadSegment(this.#loading, directory, name, meta, this.#segments);
    this.#abandoned.clear();
    // The thread that wrote the files read them back for their checksums.
    for (const file of parquetFilesOf(meta.formatVersion)) this.#verified.add(`${name}/${file}`);
    return loaded;
  }

  /** Puts a published segment in use; synchronous, so that no query sees its spans twice or not at all. */
  add(segment: Segment): void {
    this.#segments = [...this.#segments, segment];
    this.splits.add(segment.splits, this.#segments);
    this.#coveredPosition = Math.max(this.#coveredPosition, segment.meta.lastPosition);
  }

  /** True while all of these are in use. */
  has(segments: readonly Segment[]): boolean {
    return segments.every((segment) => this.#segments.includes(segment));
  }

  /**
   * Puts a published segment in use in place of those it was merged from; synchronous, as {@link SegmentSet.add}. Their
   * folders stay until {@link SegmentSet.discardReplaced}.
   */
  replace(segment: Segment, inputs: readonly Segment[]): void {
    const others = this.#segments.filter((other) => !inputs.includes(other));
    this.#segments = [...others, segment].sort(
      (left, right) => left.meta.firstPosition - right.meta.firstPosition,
    );
    for (const input of inputs) this.#forget(input);
    this.splits.rebuild(this.#segments);
  }

  /** Removes the folders of replaced segments once nobody reads them; waits for those that nobody reads now. */
  async discardReplaced(inputs: readonly Segment[]): Promise<void> {
    for (const input of inputs) {
      const removal = input.free().then(() => this.#discard(input.name));
      const settled = removal.catch((thrown: unknown) => {
        // The next start finds it named by the segment that replaces it, and removes it.
        this.#loading.logger.warn("segment could not be removed", {
          segment: input.name,
          reason: errorFrom(thrown).message,
        });
      });
      if (!input.isHeld) await settled;
    }
  }

  /** Removes what is left of a segment that did not come in use, under whichever name it has by now. */
  async abandon(name: string): Promise<void> {
    const { layer } = this.#loading;
    await layer.remove(this.unfinishedPath(name));
    const directory = join(this.#folder, name);
    if ((await layer.stat(directory)) === undefined) return;
    // Until this has worked, it is done before the next segment gets its name.
    this.#abandoned.add(directory);
    await this.#discard(name);
    this.#abandoned.delete(directory);
  }

  /**
   * Removes segments, oldest arrival first, while one is older than the age or all are larger than the limit.
   *
   * @param limits 0 means no limit
   */
  async retain(limits: { oldestArrivalUnixMillis: number; maxBytes: number }): Promise<void> {
    const byArrival = [...this.#segments].sort(
      (left, right) => left.meta.lastArrivalUnixMillis - right.meta.lastArrivalUnixMillis,
    );
    let bytes = this.byteSize;
    for (const segment of byArrival) {
      const isOld = segment.meta.lastArrivalUnixMillis < limits.oldestArrivalUnixMillis;
      const isTooMuch = limits.maxBytes > 0 && bytes > limits.maxBytes;
      if (!isOld && !isTooMuch) return;
      bytes -= segment.byteSize;
      await this.#remove(segment, isOld ? "expired" : "evicted");
    }
  }

  /**
   * Makes sure that files of a segment are what was written, at their first use in this process.
   *
   * @returns false when the segment is damaged; it is then out of use
   */
  async verify(segment: Segment, files: readonly string[]): Promise<boolean> {
    for (const file of files) {
      const key = `${segment.name}/${file}`;
      if (this.#verified.has(key)) continue;
      const damage = await fileDamage(this.#loading.layer, segment, file);
      if (damage !== undefined) {
        await this.setAside(segment, damage);
        return false;
      }
      this.#verified.add(key);
    }
    return !segment.isSetAside;
  }

  /** After a query failed: looks for damage again. True when there is some; the segment is then out of use. */
  async isDamaged(segment: Segment): Promise<boolean> {
    const files = parquetFilesOf(segment.meta.formatVersion);
    this.#forgetVerified(segment);
    return !(await this.verify(segment, files));
  }

  /** Takes a damaged segment out of use; its folder moves away once nobody reads it. */
  async setAside(segment: Segment, reason: string): Promise<void> {
    if (segment.isSetAside) return;
    segment.isSetAside = true;
    this.counts.damaged++;
    this.#loading.logger.error("segment is damaged and set aside", { segment: segment.name, reason });
    this.#takeOut(segment);
    await this.#storePosition().catch((thrown: unknown) => {
      // Then the log, if it still can, brings its spans back at the next start.
      this.#loading.logger.warn("the position of the segments could not be stored", {
        reason: errorFrom(thrown).message,
      });
    });
    void segment.free().then(() => this.#quarantine(segment.directory));
  }

  /** Makes the files of a folder durable, and their names in it. */
  async #sync(directory: string, files: readonly string[]): Promise<void> {
    const { layer } = this.#loading;
    for (const name of files) {
      const file = await layer.open(join(directory, name), "update");
      try {
        await file.datasync();
      } finally {
        await file.close();
      }
    }
    await layer.syncDirectory(directory);
  }

  #takeOut(segment: Segment): void {
    this.#segments = this.#segments.filter((other) => other !== segment);
    this.splits.rebuild(this.#segments);
    this.#forget(segment);
  }

  #forget(segment: Segment): void {
    this.#forgetVerified(segment);
    this.#loading.pool.filesGone(parquetFilesOf(segment.meta.formatVersion).length);
  }

  #forgetVerified({ name, meta }: Segment): void {
    for (const file of parquetFilesOf(meta.formatVersion)) this.#verified.delete(`${name}/${file}`);
  }

  async #remove(segment: Segment, ending: "expired" | "evicted"): Promise<void> {
    const { logger } = this.#loading;
    await this.#storePosition().catch((thrown: unknown) => {
      // On a full disk removing is what helps. Unless it is the last one, the segments left tell the position as well.
      if (!this.#segments.some((other) => other !== segment && this.#isLast(other))) throw thrown;
    });
    this.#takeOut(segment);
    this.counts[ending]++;
    const removal = segment.free().then(() => this.#discard(segment.name));
    const settled = removal.catch((thrown: unknown) => {
      logger.warn("segment could not be removed", {
        segment: segment.name,
        reason: errorFrom(thrown).message,
      });
    });
    const reason =
      ending === "expired" ? "its spans are older than the retention age" : "retention bytes are used up";
    logger.info("segment removed", { segment: segment.name, reason });
    // A long read keeps its files; retention goes on without it.
    if (!segment.isHeld) await settled;
  }

  /** Removes a segment's folder so that a crash on the way leaves the whole segment or none. */
  async #discard(name: string): Promise<void> {
    const { layer } = this.#loading;
    const removed = join(this.#folder, REMOVED_PREFIX + name);
    await layer.rename(join(this.#folder, name), removed);
    await layer.syncDirectory(this.#folder);
    await layer.remove(removed);
  }

  #isLast(segment: Segment): boolean {
    return segment.meta.lastPosition >= this.#coveredPosition;
  }

  async #open(name: string, meta: SegmentMeta, names: NameCatalogue): Promise<void> {
    const directory = join(this.#folder, name);
    const loaded = await this.#orQuarantine(directory, () =>
      loadSegment(this.#loading, directory, name, meta, this.#segments),
    );
    if (loaded === undefined) return;
    this.add(loaded.segment);
    await addNames(names, loaded.names);
  }

  /**
   * A crash between putting a segment in place and removing what it replaces leaves both. The new one is looked through
   * before the others go: they are the only copy when it is damaged.
   */
  async #finishReplacements(metas: Map<string, SegmentMeta>): Promise<void> {
    for (let next = nextReplacement(metas); next !== undefined; next = nextReplacement(metas)) {
      const { name, meta, replaced } = next;
      const directory = join(this.#folder, name);
      const isWhole = await this.#orQuarantine(directory, () => this.#checkWhole(directory, meta));
      if (isWhole === undefined) metas.delete(name);
      for (const other of isWhole === undefined ? [] : replaced) {
        metas.delete(other);
        await this.#discard(other);
      }
    }
  }

  async #checkWhole(directory: string, meta: SegmentMeta): Promise<true> {
    const files = { meta, path: (file: string) => join(directory, file) };
    for (const file of parquetFilesOf(meta.formatVersion)) {
      const damage = await fileDamage(this.#loading.layer, files, file);
      if (damage !== undefined) throw new TracAggError("data_corrupt", damage);
    }
    return true;
  }

  async #orQuarantine<T>(directory: string, read: () => Promise<T>): Promise<T | undefined> {
    try {
      return await read();
    } catch (thrown) {
      const cause = errorFrom(thrown);
      if (cause.code !== "data_corrupt") throw cause;
      this.counts.damaged++;
      this.#loading.logger.error("segment is damaged and set aside", {
        segment: basename(directory),
        reason: cause.message,
      });
      await this.#quarantine(directory);
      return undefined;
    }
  }

  async #quarantine(directory: string): Promise<void> {
    const { layer, logger } = this.#loading;
    const folder = join(this.#dataDir, QUARANTINE_FOLDER);
    try {
      await layer.makeDirectory(folder);
      const taken = new Set(await layer.list(folder));
      let name = basename(directory);
      for (let count = 2; taken.has(name); count++) name = `${basename(directory)}.${count}`;
      await layer.rename(directory, join(folder, name));
    } catch (thrown) {
      // The folder stays where it is and is found damaged again at the next start.
      logger.warn("segment could not be moved away", { directory, reason: errorFrom(thrown).message });
    }
  }

  /** Without this, the log would bring back what a segment no longer in use had covered. */
  async #storePosition(): Promise<void> {
    if (this.#coveredPosition < 0) return;
    await storePosition({ layer: this.#loading.layer, folder: this.#folder }, this.#coveredPosition);
  }
}

async function addNames(target: NameCatalogue, source: NameCatalogue): Promise<void> {
  for (const service of await source.services()) {
    for (const { name, kind } of await source.operations(service)) {
      target.add(service, name, numberFromSpanKind(kind));
    }
  }
}
