/** Call-path profiles as traces complete: in windows of time, with events about bottlenecks. */

import type { BottleneckDetectorOptions } from "../analysis/profile/bottleneck-events.ts";
import { UNTRACED_FRAME } from "../analysis/profile/frame-table.ts";
import { TracePaths } from "../analysis/profile/trace-paths.ts";
import { ByteWriter } from "../base/varint-bytes.ts";
import type { Operations } from "../window/operations.ts";
import { sortedRows } from "../window/row-order.ts";
import type { TraceNews, TraceWindow } from "../window/trace-window.ts";
import { secondsAt } from "../window/window-rows.ts";
import type { BottleneckFeedOptions } from "./bottleneck-feed.ts";
import { BottleneckFeed } from "./bottleneck-feed.ts";
import { BottleneckWatch } from "./bottleneck-watch.ts";
import { CutTraces } from "./cut-traces.ts";
import { OperationFrames } from "./operation-frames.ts";
import type { ProfileChanges } from "./profile-record.ts";
import { restoreProfiles, writeProfiles } from "./profile-record.ts";
import type { ProfileRoot, ProfileRootsOptions, RootsMark } from "./profile-roots.ts";
import { ProfileRoots } from "./profile-roots.ts";
import type { ProfilePiece } from "./profile-windows.ts";
import { ProfileWindows } from "./profile-windows.ts";
import type { SecondsRange } from "./rollup-level.ts";
import type { ProfileParts } from "./root-profile.ts";
import { RootProfile } from "./root-profile.ts";
import { WindowColumns } from "./window-columns.ts";

/** Spans of traces that are not complete which an answer takes in besides: some milliseconds of work. */
const MAX_OPEN_SPANS = 8_192;

/** Bounds of profiles and events. */
export interface LiveProfilesOptions extends ProfileRootsOptions {
  /** Bytes of windows of profiles at rest. Default 128 MiB. */
  readonly maxProfileBytes?: number;
  readonly bottlenecks?: BottleneckDetectorOptions;
  readonly feed?: BottleneckFeedOptions;
}

/** Where a trace belongs. */
interface Place {
  readonly seconds: number;
  readonly root: ProfileRoot;
  readonly weight: number;
}

/** Counts the critical path of every complete trace once, in the window its start lies in. */
export class LiveProfiles {
  readonly frames: OperationFrames;
  readonly roots: ProfileRoots;
  readonly windows: ProfileWindows;
  readonly feed: BottleneckFeed;
  readonly watch: BottleneckWatch;
  /** Traces beyond the cap of spans, whose parts say nothing of the whole. */
  readonly cut: CutTraces = new CutTraces();
  readonly #window: TraceWindow;
  readonly #columns: WindowColumns;
  readonly #parts: ProfileParts;
  #stored: RootsMark | undefined;
  #storedEventId = 0;

  constructor(operations: Operations, window: TraceWindow, options: LiveProfilesOptions = {}) {
    this.frames = new OperationFrames(operations);
    this.#window = window;
    this.#columns = new WindowColumns(window, this.frames);
    this.#parts = { frames: this.frames, working: new TracePaths() };
    this.roots = new ProfileRoots(this.frames, options);
    this.windows = new ProfileWindows(this.roots, this.#parts, options.maxProfileBytes);
    this.feed = new BottleneckFeed(options.feed);
    this.watch = new BottleneckWatch({
      windows: this.windows,
      roots: this.roots,
      frames: this.frames.table,
      feed: this.feed,
      ...(options.bottlenecks === undefined ? {} : { options: options.bottlenecks }),
    });
  }

  /**
   * Hears of a trace as a listener of the window does.
   *
   * @param sorted its rows by start and span id
   * @param latestSeconds - when it starts at the latest, whatever it claims
   * @param isCounted - false when it was counted before a restart
   */
  tell(
    sorted: Int32Array,
    { trace, news, latestSeconds }: { trace: number; news: TraceNews; latestSeconds: number },
    isCounted: boolean,
  ): void {
    if (sorted.length >= this.#window.maxTraceSpans) this.cut.add(this.#window.table.hex(trace));
    if (!isCounted || this.#isCut(trace)) return;
    const { seconds, root, weight } = this.#placeOf(sorted, latestSeconds);
    const columns = this.#columns.of(sorted, trace);
    this.windows.add(seconds, root, columns, weight, news === "retract" ? -1 : 1);
  }

  /** Lets time go on. */
  tick(nowSeconds: number): void {
    this.windows.tick(nowSeconds);
    this.watch.tick(nowSeconds);
  }

  /**
   * Everything in a range as it is now, traces that are not complete yet among it, one piece for each root operation
   * and window.
   *
   * @param range in whole windows, see {@link ProfileWindows.widened}
   */
  pieces(range: SecondsRange, isWanted: (root: number) => boolean, latestSeconds: number): ProfilePiece[] {
    return [...this.windows.pieces(range, isWanted), ...this.#openPieces(range, isWanted, latestSeconds)];
  }

  /** An empty profile of a root operation, to add pieces to. */
  emptyProfile(root: number): RootProfile {
    return new RootProfile(this.roots.at(root), this.#parts);
  }

  /** What is to be stored: all, or what changed since the last time. Nothing may be awaited until it is asked for bytes. */
  changes(isWhole: boolean): ProfileChanges {
    const all = [...this.windows.all()];
    const windows = isWhole ? all : all.filter(({ window }) => window.isDirty);
    const mark = this.roots.mark();
    const { lastId } = this.feed;
    const firstEventId = isWhole ? 0 : this.#storedEventId;
    return {
      isNew: windows.length > 0 || lastId > firstEventId,
      bytes: () => {
        const writer = new ByteWriter();
        writeProfiles(writer, this, {
          windows,
          ...(isWhole || this.#stored === undefined ? {} : { since: this.#stored }),
          events: this.feed.after(firstEventId).events,
        });
        for (const { window } of windows) window.isDirty = false;
        return writer.finish();
      },
      stored: () => {
        this.#stored = mark;
        this.#storedEventId = lastId;
      },
      failed: () => {
        for (const { window } of windows) window.isDirty = true;
      },
    };
  }

  /** Takes in what was stored; the operations it names are restored before. @throws TracAggError `data_corrupt` */
  restore(bytes: Uint8Array): void {
    restoreProfiles(bytes, this);
    this.#stored = this.roots.mark();
    this.#storedEventId = this.feed.lastId;
  }

  #openPieces(
    { start, end }: SecondsRange,
    isWanted: (root: number) => boolean,
    latestSeconds: number,
  ): ProfilePiece[] {
    const open = new Map<number, RootProfile>();
    for (const { trace, rows } of this.#window.untold(MAX_OPEN_SPANS)) {
      const sorted = sortedRows(rows, this.#window.spans.columns);
      const { seconds, root, weight } = this.#placeOf(sorted, latestSeconds);
      if (seconds < start || seconds >= end || !isWanted(root.number) || this.#isCut(trace)) continue;
      const profile = open.get(root.number) ?? this.emptyProfile(root.number);
      open.set(root.number, profile);
      profile.add(this.#columns.of(sorted, trace), weight, 1);
    }
    return [...open].map(([root, profile]) => {
      const writer = new ByteWriter();
      profile.writeTo(writer);
      return { root, bytes: writer.finish() };
    });
  }

  #isCut(trace: number): boolean {
    return !this.cut.isEmpty && this.cut.has(this.#window.table.hex(trace));
  }

  /** The earliest span without a parent is the root; a trace without one counts once. */
  #placeOf(sorted: Int32Array, latestSeconds: number): Place {
    const { columns, weights } = this.#window.spans;
    const { parentIds, operations, kinds, starts } = columns;
    const seconds = Math.min(secondsAt(starts, sorted[0] as number), latestSeconds);
    const row = sorted.find((one) => parentIds[one * 2] === 0 && parentIds[one * 2 + 1] === 0);
    if (row === undefined) return { seconds, root: this.roots.ofFrame(UNTRACED_FRAME), weight: 1 };
    const frame = this.frames.frameOf(operations[row] as number, kinds[row] as number);
    return { seconds, root: this.roots.ofFrame(frame), weight: weights.get(row) ?? 1 };
  }
}
