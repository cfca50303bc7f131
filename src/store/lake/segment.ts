/** One sealed segment as the store holds it while it runs. */

import { join } from "node:path";
import { TracAggError } from "../../base/errors.ts";
import type { AttributeFilter } from "./attribute-filter.ts";
import type { SegmentMeta } from "./segment-meta.ts";
import type { SplitTrace } from "./split-file.ts";
import type { TraceFilter } from "./trace-filter.ts";

/** What reading the files of a segment needs to know of it. */
export type StoredSegment = Pick<Segment, "name" | "meta" | "path">;

/** A segment with its small parts in memory; readers hold it with {@link Segment.hold} while they read its files. */
export class Segment {
  readonly name: string;
  readonly directory: string;
  readonly meta: SegmentMeta;
  readonly filter: TraceFilter;
  /** Traces of this segment that older segments hold spans of. */
  readonly splits: readonly SplitTrace[];
  /** Bytes of all its files. */
  readonly byteSize: number;
  readonly #attributeFilter: AttributeFilter | undefined;
  #holders = 0;
  #whenFree: (() => void) | undefined;
  /** True once a file turned out to be damaged: answers leave the segment out. */
  isSetAside = false;

  constructor(
    directory: string,
    name: string,
    meta: SegmentMeta,
    filter: TraceFilter,
    attributeFilter: AttributeFilter | undefined,
    splits: readonly SplitTrace[],
  ) {
    this.directory = directory;
    this.name = name;
    this.meta = meta;
    this.filter = filter;
    this.#attributeFilter = attributeFilter;
    this.splits = splits;
    this.byteSize = Object.values(meta.files).reduce((sum, file) => sum + file.bytes, 0);
  }

  /** The filter over attribute values; segments of format 1 have none. */
  get attributeFilter(): AttributeFilter {
    if (this.#attributeFilter !== undefined) return this.#attributeFilter;
    throw new TracAggError("internal", `segment ${this.name} has no attribute filter`);
  }

  /** Path of one of its files. */
  path(file: string): string {
    return join(this.directory, file);
  }

  /** Keeps the files in place until {@link Segment.release}. */
  hold(): void {
    this.#holders++;
  }

  /** True while somebody reads its files. */
  get isHeld(): boolean {
    return this.#holders > 0;
  }

  release(): void {
    this.#holders--;
    if (this.#holders === 0) this.#whenFree?.();
  }

  /** Resolves once nobody reads its files; asked once, after the segment left the list of the store. */
  async free(): Promise<void> {
    if (this.#holders === 0) return;
    await new Promise<void>((resolve) => {
      this.#whenFree = resolve;
    });
  }
}
