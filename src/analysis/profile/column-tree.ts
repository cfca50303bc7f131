/** The tree of a trace in flat arrays: what `traceTree` builds, without an object for each span. */

import { bigEndian32, HIGH_WORD, LOW_WORD, wordPairsOf } from "../../base/bytes.ts";
import type { TraceColumns } from "../../model/trace-columns.ts";
import { SharedCalls } from "../shared-calls.ts";
import { Parenthood } from "../span-forest.ts";
import type { TimeWords } from "./column-order.ts";
import { orderRows } from "./column-order.ts";
import type { FrameTable } from "./frame-table.ts";
import { IdIndex } from "./id-index.ts";

const TWO_TO_32 = 2 ** 32;
const NONE = -1;
/** Kinds in OTLP's numbers that exist; others count as 0. */
const KINDS = 6;
const SERVER = 2;
const CLIENT = 3;

/**
 * One trace at a time; every array is written over by the next {@link build}. Node numbers below
 * {@link ColumnTree.spanCount} are distinct spans by start, then span id; the rest stand for what is not known.
 */
export class ColumnTree {
  spanCount = 0;
  nodeCount = 0;
  /** Node everything else is under. */
  root = 0;
  /** Row of each node in the columns, -1 for nodes that stand for what is not known. */
  rows: Int32Array = new Int32Array(0);
  /** Nanoseconds after the trace's earliest start, clamped into the parent. */
  starts: Float64Array = new Float64Array(0);
  ends: Float64Array = new Float64Array(0);
  /** end - start before clamping, not below 0. */
  durations: Float64Array = new Float64Array(0);
  /** OTLP number of each node, 0 for what is no span. */
  kinds: Uint8Array = new Uint8Array(0);
  /** -1 for the root. */
  parents: Int32Array = new Int32Array(0);
  /** Children of node n are `children[childStarts[n]]` to before `childStarts[n + 1]`. */
  childStarts: Int32Array = new Int32Array(1);
  children: Int32Array = new Int32Array(0);
  /** All nodes, every parent before its children. */
  parentsFirst: Int32Array = new Int32Array(0);
  /** Halves of span ids, or of the missing id a node stands for. */
  idHighs: Uint32Array = new Uint32Array(0);
  idLows: Uint32Array = new Uint32Array(0);
  /** True when a cycle was cut, so that some parent is not the one its child names. */
  hasCutCycle = false;
  readonly #index: IdIndex = new IdIndex();
  #startTimes: BigUint64Array | undefined;
  #endTimes: BigUint64Array | undefined;
  #times: TimeWords = { starts: new Uint32Array(0), ends: new Uint32Array(0) };
  #parenthood = new Uint8Array(0);
  /** Last walk up that met each span; see {@link ColumnTree.#cutCycles}. */
  #walks = new Int32Array(0);

  /**
   * Builds the tree of a trace by the rules of `traceTree`.
   *
   * @throws RangeError when there is no row.
   */
  build(columns: TraceColumns, frames: FrameTable): void {
    if (columns.rowCount === 0) throw new RangeError("a trace tree needs at least one span, got none");
    this.#reserve(columns.rowCount + 1);
    this.spanCount = orderRows(columns, this.#timesOf(columns), frames, this.rows);
    this.nodeCount = this.spanCount;
    this.#fill(columns);
    const repeated = this.#indexIds();
    const shared = repeated === undefined ? undefined : this.#sharedCalls(repeated, columns, frames);
    this.hasCutCycle = false;
    if (this.#findParents(columns, shared)) this.#cutCycles();
    const tops = this.#placeTops();
    this.#listChildren(tops);
    this.#clampParentsFirst();
  }

  /** Order of equally timed siblings. */
  compareIds(left: number, right: number): number {
    const high = (this.idHighs[left] as number) - (this.idHighs[right] as number);
    return high || (this.idLows[left] as number) - (this.idLows[right] as number);
  }

  /** Columns are mostly those of the trace before, written over. */
  #timesOf({ startTimesUnixNano, endTimesUnixNano }: TraceColumns): TimeWords {
    if (this.#startTimes !== startTimesUnixNano || this.#endTimes !== endTimesUnixNano) {
      this.#startTimes = startTimesUnixNano;
      this.#endTimes = endTimesUnixNano;
      this.#times = { starts: wordPairsOf(startTimesUnixNano), ends: wordPairsOf(endTimesUnixNano) };
    }
    return this.#times;
  }

  #fill(columns: TraceColumns): void {
    const { rows, starts, ends, durations, kinds, idHighs, idLows } = this;
    const { starts: startWords, ends: endWords } = this.#times;
    const first = (rows[0] as number) * 2;
    const baseHigh = startWords[first + HIGH_WORD] as number;
    const baseLow = startWords[first + LOW_WORD] as number;
    for (let node = 0; node < this.spanCount; node++) {
      const row = rows[node] as number;
      const at = row * 2;
      const start =
        ((startWords[at + HIGH_WORD] as number) - baseHigh) * TWO_TO_32 +
        ((startWords[at + LOW_WORD] as number) - baseLow);
      const end =
        ((endWords[at + HIGH_WORD] as number) - baseHigh) * TWO_TO_32 +
        ((endWords[at + LOW_WORD] as number) - baseLow);
      starts[node] = start;
      ends[node] = Math.max(end, start);
      durations[node] = Math.max(end, start) - start;
      const kind = columns.kinds[row] as number;
      kinds[node] = kind < KINDS ? kind : 0;
      idHighs[node] = bigEndian32(columns.spanIds, row * 8);
      idLows[node] = bigEndian32(columns.spanIds, row * 8 + 4);
    }
  }

  /** Of different spans with one id the longest is found, the first of equally long ones. Returns such spans' slots. */
  #indexIds(): Set<number> | undefined {
    const { idHighs, idLows, durations } = this;
    let repeated: Set<number> | undefined;
    const index = this.#index;
    // Room for the missing ids too.
    index.reset(this.spanCount * 2);
    for (let node = 0; node < this.spanCount; node++) {
      const slot = index.slotOf(idHighs[node] as number, idLows[node] as number, idHighs, idLows);
      const other = index.nodeAt(slot);
      if (other !== NONE) repeated = (repeated ?? new Set()).add(slot);
      if (other === NONE || (durations[node] as number) > (durations[other] as number)) index.put(slot, node);
    }
    return repeated;
  }

  /** By slot. */
  #sharedCalls(repeated: ReadonlySet<number>, columns: TraceColumns, frames: FrameTable): SharedSlots {
    const { idHighs, idLows, durations, kinds } = this;
    const groups = new Map<number, number[]>([...repeated].map((slot) => [slot, []]));
    for (let node = 0; node < this.spanCount; node++) {
      const slot = this.#index.slotOf(idHighs[node] as number, idLows[node] as number, idHighs, idLows);
      groups.get(slot)?.push(node);
    }
    const serviceName = (node: number): string =>
      frames.frame(columns.frames[this.rows[node] as number] as number).service;
    const calls = new SharedCalls(groups, {
      isClient: (node) => kinds[node] === CLIENT,
      isServer: (node) => kinds[node] === SERVER,
      serviceName,
      isLonger: (first, second) => (durations[first] as number) > (durations[second] as number),
    });
    return { calls, serviceName };
  }

  /** The client above a server that has its id from it, -1 for other spans. */
  #clientAbove(node: number, { calls }: SharedSlots): number {
    const { idHighs, idLows } = this;
    if (this.kinds[node] !== SERVER) return NONE;
    const slot = this.#index.slotOf(idHighs[node] as number, idLows[node] as number, idHighs, idLows);
    return calls.clientOf(slot, node);
  }

  /** True when some parent does not come before its child: only then can there be a cycle. */
  #findParents(columns: TraceColumns, shared: SharedSlots | undefined): boolean {
    let mayCycle = false;
    for (let node = 0; node < this.spanCount; node++) {
      const parent = this.#parentOf(node, columns, shared);
      if (parent === NONE) {
        this.#parenthood[node] = Parenthood.ROOT;
        this.parents[node] = NONE;
        continue;
      }
      this.parents[node] = parent;
      const isKnown = parent < this.spanCount;
      this.#parenthood[node] = isKnown ? Parenthood.HAS_PARENT : Parenthood.PARENT_MISSING;
      if (!isKnown) this.#stretch(parent, node);
      else if (parent >= node) mayCycle = true;
    }
    return mayCycle;
  }

  /** A node for what is not known where the parent is missing; -1 for a root. */
  #parentOf(node: number, columns: TraceColumns, shared: SharedSlots | undefined): number {
    const client = shared === undefined ? NONE : this.#clientAbove(node, shared);
    if (client !== NONE) return client;
    const at = (this.rows[node] as number) * 8;
    const high = bigEndian32(columns.parentSpanIds, at);
    const low = bigEndian32(columns.parentSpanIds, at + 4);
    if (high === 0 && low === 0) return NONE;
    const slot = this.#index.slotOf(high, low, this.idHighs, this.idLows);
    const meant = shared === undefined ? NONE : shared.calls.parentFor(slot, shared.serviceName(node));
    if (meant !== NONE) return meant;
    const known = this.#index.nodeAt(slot);
    if (known !== NONE) return known;
    const unknown = this.#addUnknown(high, low);
    this.#index.put(slot, unknown);
    return unknown;
  }

  #addUnknown(idHigh: number, idLow: number): number {
    const node = this.nodeCount++;
    this.#reserve(this.nodeCount + 1);
    this.rows[node] = NONE;
    this.starts[node] = Number.POSITIVE_INFINITY;
    this.ends[node] = 0;
    this.durations[node] = 0;
    this.kinds[node] = 0;
    this.parents[node] = NONE;
    this.idHighs[node] = idHigh;
    this.idLows[node] = idLow;
    return node;
  }

  #stretch(over: number, node: number): void {
    if ((this.starts[node] as number) < (this.starts[over] as number)) {
      this.starts[over] = this.starts[node] as number;
    }
    if ((this.ends[node] as number) > (this.ends[over] as number))
      this.ends[over] = this.ends[node] as number;
  }

  /** Walks up from every span; meeting the present walk again means a cycle, which loses its earliest span's parent. */
  #cutCycles(): void {
    const walks = this.#walks;
    walks.fill(0, 0, this.spanCount);
    for (let start = 0; start < this.spanCount; start++) {
      let at = start;
      while (at !== NONE && walks[at] === 0) {
        walks[at] = start + 1;
        at = this.#spanAbove(at);
      }
      if (at === NONE || walks[at] !== start + 1) continue;
      const earliest = this.#earliestOfCycle(at);
      this.parents[earliest] = NONE;
      this.#parenthood[earliest] = Parenthood.CYCLE_CUT;
      this.hasCutCycle = true;
    }
  }

  #spanAbove(node: number): number {
    const parent = this.parents[node] as number;
    return parent < this.spanCount ? parent : NONE;
  }

  #earliestOfCycle(member: number): number {
    let earliest = member;
    for (let at = this.parents[member] as number; at !== member; at = this.parents[at] as number) {
      if (at < earliest) earliest = at;
    }
    return earliest;
  }

  /** Finds or makes the root; returns the nodes it takes besides those that name it as their parent. */
  #placeTops(): number[] {
    const roots: number[] = [];
    const detached: number[] = [];
    for (let node = 0; node < this.spanCount; node++) {
      if (this.#parenthood[node] === Parenthood.ROOT) roots.push(node);
      else if (this.#parenthood[node] === Parenthood.CYCLE_CUT) detached.push(node);
    }
    for (let node = this.spanCount; node < this.nodeCount; node++) detached.push(node);
    let tops = detached;
    if (roots.length === 1) this.root = roots[0] as number;
    else if (roots.length === 0 && detached.length === 1) {
      this.root = detached[0] as number;
      return [];
    } else {
      tops = roots.concat(detached);
      this.root = this.#addUnknown(0, 0);
      for (const node of tops) this.#stretch(this.root, node);
    }
    for (const node of tops) this.parents[node] = this.root;
    return tops;
  }

  /** Children come by start and span id, those of the root beside `tops` too. */
  #listChildren(tops: readonly number[]): void {
    const { childStarts, parents } = this;
    childStarts.fill(0, 0, this.nodeCount + 1);
    for (let node = 0; node < this.nodeCount; node++) {
      const parent = parents[node] as number;
      if (parent !== NONE) childStarts[parent + 1] = (childStarts[parent + 1] as number) + 1;
    }
    for (let node = 0; node < this.nodeCount; node++) {
      childStarts[node + 1] = (childStarts[node + 1] as number) + (childStarts[node] as number);
    }
    // Each start moves to the end of its node's children, which is the start of the next node's; then all shift by one.
    for (let node = 0; node < this.spanCount; node++) {
      const parenthood = this.#parenthood[node];
      const isPlain = parenthood === Parenthood.HAS_PARENT || parenthood === Parenthood.PARENT_MISSING;
      if (isPlain) this.#appendChild(parents[node] as number, node);
    }
    for (const node of tops) this.#appendChild(this.root, node);
    childStarts.copyWithin(1, 0, this.nodeCount);
    childStarts[0] = 0;
    if (tops.length > 0) {
      const { starts } = this;
      this.children
        .subarray(childStarts[this.root] as number, childStarts[this.root + 1] as number)
        .sort(
          (left, right) =>
            (starts[left] as number) - (starts[right] as number) || this.compareIds(left, right),
        );
    }
  }

  #appendChild(parent: number, child: number): void {
    const at = this.childStarts[parent] as number;
    this.children[at] = child;
    this.childStarts[parent] = at + 1;
  }

  #clampParentsFirst(): void {
    const { parentsFirst, children, childStarts, starts, ends } = this;
    parentsFirst[0] = this.root;
    let filled = 1;
    for (let done = 0; done < filled; done++) {
      const node = parentsFirst[done] as number;
      const low = starts[node] as number;
      const high = ends[node] as number;
      const end = childStarts[node + 1] as number;
      for (let at = childStarts[node] as number; at < end; at++) {
        const child = children[at] as number;
        starts[child] = Math.min(Math.max(starts[child] as number, low), high);
        ends[child] = Math.min(Math.max(ends[child] as number, low), high);
        parentsFirst[filled++] = child;
      }
    }
  }

  /** Makes room for so many nodes; what is in the arrays stays. */
  #reserve(nodes: number): void {
    const { length } = this.rows;
    if (nodes <= length) return;
    const room = Math.max(nodes, length * 2, 64);
    this.rows = grown(this.rows, new Int32Array(room));
    this.starts = grown(this.starts, new Float64Array(room));
    this.ends = grown(this.ends, new Float64Array(room));
    this.durations = grown(this.durations, new Float64Array(room));
    this.kinds = grown(this.kinds, new Uint8Array(room));
    this.parents = grown(this.parents, new Int32Array(room));
    this.childStarts = grown(this.childStarts, new Int32Array(room + 1));
    this.children = grown(this.children, new Int32Array(room));
    this.parentsFirst = grown(this.parentsFirst, new Int32Array(room));
    this.idHighs = grown(this.idHighs, new Uint32Array(room));
    this.idLows = grown(this.idLows, new Uint32Array(room));
    this.#parenthood = grown(this.#parenthood, new Uint8Array(room));
    this.#walks = grown(this.#walks, new Int32Array(room));
  }
}

/** Shared calls by the slot of their id, and what is asked with. */
interface SharedSlots {
  readonly calls: SharedCalls<number>;
  readonly serviceName: (node: number) => string;
}

type Column = Int32Array | Uint32Array | Uint8Array | Float64Array;

function grown<C extends Column>(old: C, larger: C): C {
  larger.set(old);
  return larger;
}
