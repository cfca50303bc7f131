/** The summaries of segments' attributes: kept in memory within a bound, read again when asked, made when they lack. */

import { errorFrom } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import { TimeSlice, throwIfAborted } from "../../base/time-slice.ts";
import type { FileLayer } from "../../io/file-layer.ts";
import { writeFileDurably } from "../../io/file-layer.ts";
import { AttributeSummary } from "./attribute-summary.ts";
import { rebuiltSummary } from "./attribute-summary-rebuild.ts";
import type { ReaderPool } from "./reader-pool.ts";
import type { Segment } from "./segment.ts";
import { SegmentFile } from "./segment-format.ts";

/** Bytes of summaries in memory: those of some hundred segments; others are read at each question. */
const MAX_BYTES = 32 * 1024 * 1024;

/** What summaries are read and made with. */
export interface SegmentSummariesOptions {
  readonly layer: FileLayer;
  readonly pool: ReaderPool;
  readonly logger: Logger;
  /** Default 32 MiB. */
  readonly maxBytes?: number;
}

/** Summaries by segment. */
export class SegmentSummaries {
  readonly counts = { rebuilt: 0, failures: 0 };
  readonly #options: SegmentSummariesOptions;
  readonly #maxBytes: number;
  /** Least recently used first. */
  readonly #loaded = new Map<string, AttributeSummary>();
  /** Segments that have a summary, loaded or not. */
  readonly #known = new Set<string>();
  /** Segments whose summary could not be made: until the next start they do without. */
  readonly #failed = new Set<string>();
  readonly #stopping = new AbortController();
  #byteSize = 0;
  #rebuilding: Promise<void> | undefined;

  constructor(options: SegmentSummariesOptions) {
    this.#options = options;
    this.#maxBytes = options.maxBytes ?? MAX_BYTES;
  }

  /** Bytes of summaries in memory. */
  get byteSize(): number {
    return this.#byteSize;
  }

  /** True while one is made. */
  get isRebuilding(): boolean {
    return this.#rebuilding !== undefined;
  }

  /** Forgets segments that are gone. */
  keepOnly(segments: readonly Segment[]): void {
    const names = new Set(segments.map(({ name }) => name));
    for (const name of this.#loaded.keys()) if (!names.has(name)) this.#unload(name);
    for (const name of this.#known) if (!names.has(name)) this.#known.delete(name);
    for (const name of this.#failed) if (!names.has(name)) this.#failed.delete(name);
  }

  /** The summary of a segment that the caller holds; undefined while it has none. */
  async of(segment: Segment): Promise<AttributeSummary | undefined> {
    const { name } = segment;
    const loaded = this.#loaded.get(name);
    if (loaded !== undefined) {
      this.#loaded.delete(name);
      this.#loaded.set(name, loaded);
      return loaded;
    }
    const summary = await this.#read(segment);
    if (summary !== undefined) this.#keep(name, summary);
    return summary;
  }

  /** Segments of a list that are not known to have a summary. */
  unknown(segments: readonly Segment[]): readonly Segment[] {
    return segments.filter(({ name }) => !this.#known.has(name) && !this.#failed.has(name));
  }

  /** Sees to it, a segment at a time, that all of these have a summary. Never throws. */
  begin(segments: readonly Segment[]): void {
    const next = this.unknown(segments)[0];
    if (next === undefined || this.#rebuilding !== undefined || this.#stopping.signal.aborted) return;
    next.hold();
    this.#rebuilding = this.#ensure(next).finally(() => {
      next.release();
      this.#rebuilding = undefined;
    });
  }

  /** Ends what is under way; nothing begins any more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#rebuilding;
  }

  async #ensure(segment: Segment): Promise<void> {
    if ((await this.of(segment)) !== undefined) return;
    const { layer, pool, logger } = this.#options;
    const { signal } = this.#stopping;
    try {
      const slice = new TimeSlice(signal);
      const bytes = await pool.use(signal, (connection) =>
        rebuiltSummary(connection, segment.directory, async (spans) => {
          if (slice.isOver(spans)) await slice.rest();
        }),
      );
      throwIfAborted(signal);
      this.#keep(segment.name, AttributeSummary.decode(bytes));
      this.counts.rebuilt++;
      await writeFileDurably(layer, segment.path(SegmentFile.ATTRIBUTE_SUMMARY), segment.directory, bytes);
    } catch (thrown) {
      if (signal.aborted) return;
      this.counts.failures++;
      this.#failed.add(segment.name);
      logger.warn("the attributes of a segment could not be summarised", {
        segment: segment.name,
        reason: errorFrom(thrown).message,
      });
    }
  }

  async #read(segment: Segment): Promise<AttributeSummary | undefined> {
    const { layer, logger } = this.#options;
    const path = segment.path(SegmentFile.ATTRIBUTE_SUMMARY);
    if ((await layer.stat(path).catch(() => undefined)) === undefined) return undefined;
    try {
      return AttributeSummary.decode(await layer.readFile(path));
    } catch (thrown) {
      this.#known.delete(segment.name);
      logger.warn("segment file is damaged and made again", { path, reason: errorFrom(thrown).message });
      return undefined;
    }
  }

  #keep(name: string, summary: AttributeSummary): void {
    this.#known.add(name);
    this.#unload(name);
    this.#loaded.set(name, summary);
    this.#byteSize += summary.byteSize;
    for (const oldest of this.#loaded.keys()) {
      if (this.#byteSize <= this.#maxBytes) return;
      this.#unload(oldest);
    }
  }

  #unload(name: string): void {
    this.#byteSize -= this.#loaded.get(name)?.byteSize ?? 0;
    this.#loaded.delete(name);
  }
}
