/** Root operations of profiles, and the call paths below each, under numbers that stay. */

import { MAX_PATH_DEPTH } from "../analysis/profile/call-path-profile.ts";
import { OVERFLOW_FRAME } from "../analysis/profile/frame-table.ts";
import type { PathBudget } from "../analysis/profile/path-table.ts";
import { FIRST_PATH, PathTable } from "../analysis/profile/path-table.ts";
import type { ByteReader, ByteWriter } from "../base/varint-bytes.ts";
import type { OperationFrames } from "./operation-frames.ts";

/** Bounds of {@link ProfileRoots}. */
export interface ProfileRootsOptions {
  /** Root operations told apart; further ones are one named `(other)`. Default 1,000. */
  readonly maxRoots?: number;
  /** Call paths told apart, of all root operations together; further ones are `(other)` of theirs. Default 20,000. */
  readonly maxPaths?: number;
}

const DEFAULT_MAX_ROOTS = 1_000;
const DEFAULT_MAX_PATHS = 20_000;

/** A root operation: what its traces came in with. */
export interface ProfileRoot {
  readonly number: number;
  /** Untraced for traces without a root span, overflow for those beyond the bound. */
  readonly frame: number;
  readonly paths: PathTable;
}

/** How much of the tables was stored. */
export interface RootsMark {
  readonly roots: number;
  /** Nodes of each root's table. */
  readonly paths: readonly number[];
}

const NOTHING: RootsMark = Object.freeze({ roots: 0, paths: [] });

/** Numbers for root operations and call paths, bounded: what is beyond is counted together. */
export class ProfileRoots {
  readonly #frames: OperationFrames;
  readonly #maxRoots: number;
  readonly #budget: PathBudget;
  readonly #maxPaths: number;
  readonly #roots: ProfileRoot[] = [];
  readonly #byFrame: Map<number, ProfileRoot> = new Map();
  /** Traces of root operations that found no room. */
  overflowedRoots = 0;

  constructor(frames: OperationFrames, options: ProfileRootsOptions = {}) {
    this.#frames = frames;
    this.#maxRoots = options.maxRoots ?? DEFAULT_MAX_ROOTS;
    this.#maxPaths = options.maxPaths ?? DEFAULT_MAX_PATHS;
    this.#budget = { left: this.#maxPaths };
  }

  /** Root operations known. */
  get count(): number {
    return this.#roots.length;
  }

  /** Call paths known. */
  get pathCount(): number {
    return this.#maxPaths - this.#budget.left;
  }

  /** Root operations below which some call path found no room. */
  get fullCount(): number {
    return this.#roots.filter(({ paths }) => paths.isFull).length;
  }

  /** All root operations, by number. */
  all(): readonly ProfileRoot[] {
    return this.#roots;
  }

  /** The root operation with a number. */
  at(number: number): ProfileRoot {
    return this.#roots[number] as ProfileRoot;
  }

  /** The root operation of a frame. */
  ofFrame(frame: number): ProfileRoot {
    const known = this.#byFrame.get(frame);
    if (known !== undefined) return known;
    if (this.#roots.length < this.#maxRoots) return this.#add(frame);
    this.overflowedRoots++;
    return this.#byFrame.get(OVERFLOW_FRAME) ?? this.#add(OVERFLOW_FRAME);
  }

  /** What is there now, to be stored. */
  mark(): RootsMark {
    return { roots: this.#roots.length, paths: this.#roots.map(({ paths }) => paths.count) };
  }

  /** Writes what came after a mark; all without one. */
  writeSince(writer: ByteWriter, mark: RootsMark = NOTHING): void {
    const fresh = this.#roots.slice(mark.roots);
    writer.varint(mark.roots);
    writer.varint(fresh.length);
    for (const { frame } of fresh) writer.varint(this.#frames.codeOf(frame));
    const grown = this.#roots.filter(({ number, paths }) => paths.count > firstOf(mark, number));
    writer.varint(grown.length);
    for (const { number, paths } of grown) {
      const first = firstOf(mark, number);
      writer.varint(number);
      writer.varint(first);
      writer.varint(paths.count - first);
      for (let path = first; path < paths.count; path++) {
        writer.varint(paths.parentOf(path));
        writer.varint(this.#frames.codeOf(paths.frameOf(path)));
      }
    }
  }

  /** Takes in what {@link writeSince} wrote, with the numbers it had; what is known already is passed over. */
  restore(reader: ByteReader): void {
    let number = reader.varint();
    for (let left = reader.varint(); left > 0; left--, number++) {
      const frame = this.#frames.frameOfCode(reader.varint());
      if (number >= this.#roots.length) this.#add(frame);
    }
    for (let left = reader.varint(); left > 0; left--) {
      const { paths } = this.at(reader.varint());
      let path = reader.varint();
      for (let nodes = reader.varint(); nodes > 0; nodes--, path++) {
        const parent = reader.varint();
        const frame = this.#frames.frameOfCode(reader.varint());
        if (path >= paths.count) paths.restore(parent, frame);
      }
    }
  }

  #add(frame: number): ProfileRoot {
    const paths = new PathTable(this.#maxPaths, MAX_PATH_DEPTH, this.#budget);
    const root = { number: this.#roots.length, frame, paths };
    this.#roots.push(root);
    this.#byFrame.set(frame, root);
    return root;
  }
}

function firstOf({ paths }: RootsMark, root: number): number {
  return paths[root] ?? FIRST_PATH;
}
