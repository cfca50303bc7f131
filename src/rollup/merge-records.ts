/** Stored statistics of several instances as one record. */

import { floorTo } from "../base/whole-steps.ts";
import type { EdgeKey } from "../window/edges.ts";
import { edgeText } from "../window/edges.ts";
import type { CellSums } from "./cells.ts";
import { Cells } from "./cells.ts";
import type { OperationNames, RollupRecord } from "./rollup-record.ts";
import { RollupWindow } from "./rollup-window.ts";
import type { UnfoldedWindow } from "./rollups.ts";
import { RESOLUTIONS } from "./rollups.ts";
import { partsOfSeries, spanSeries } from "./series.ts";
import type { StoredWindow } from "./stored-windows.ts";

/** What the records of one instance add up to. */
interface Chain {
  readonly operations: readonly OperationNames[];
  readonly edges: readonly EdgeKey[];
  readonly windows: readonly StoredWindow[];
  /** Those that are not in longer windows yet. */
  readonly unfolded: ReadonlySet<string>;
}

/** Numbers for texts: those of the sorted list. */
interface Numbers {
  readonly sorted: readonly string[];
  readonly numberOf: ReadonlyMap<string, number>;
}

/**
 * One whole record of what several instances counted, each of them other spans: sums and sketches are those of one that
 * had counted all, to the bit, and of the slowest spans the slowest stay. Instances number names as they meet them, so
 * the names are numbered anew, in their order: neither the order of instances nor merging in steps matters.
 *
 * Positions of logs belong to the instances, so the merged record has none: it covers nothing and resumes at 0.
 *
 * A trace of which two instances saw a part each is two traces to them: its spans add up, its calls between the parts
 * were not seen by either. Call-path profiles and the topology stay out: stored traces have them. Bounds on names hold for each instance; the merged record has all the names that they had.
 *
 * @param instances for each its last whole record and the changes after it, in order, as a `RollupStore` gives them
 *
 * @example
 * const record = mergeRecords([firstInstance.map(decodeRecord), secondInstance.map(decodeRecord)]);
 *
 * @throws TracAggError `data_corrupt` when a window of a record cannot be read.
 */
export function mergeRecords(instances: readonly (readonly RollupRecord[])[]): RollupRecord {
  const chains = instances.map(chainOf);
  const operations = numbersOf(chains.flatMap((chain) => chain.operations.map(operationText)));
  const edges = numbersOf(chains.flatMap((chain) => chain.edges.map(edgeText)));
  const edgeKeys = new Map(chains.flatMap((chain) => chain.edges.map((edge) => [edgeText(edge), edge])));
  const windows = new Map<string, { readonly place: UnfoldedWindow; readonly cells: Cells }>();
  for (const chain of chains) {
    for (const { bytes, ...own } of chain.windows) {
      for (const place of placesOf(own, chain)) {
        const key = windowText(place);
        const merged = windows.get(key) ?? { place, cells: new Cells() };
        windows.set(key, merged);
        const sums = renumbered(merged.cells, chain, { operations, edges });
        new RollupWindow(own.startSeconds, bytes).addTo(sums);
      }
    }
  }
  return {
    coveredPosition: -1,
    resumePosition: 0,
    completeTraces: new Uint8Array(0),
    firstOperation: 0,
    operations: operations.sorted.map((text) => JSON.parse(text) as OperationNames),
    firstEdge: 0,
    edges: edges.sorted.map((text) => edgeKeys.get(text) as EdgeKey),
    windows: [...windows.values()]
      .map(({ place, cells }) => ({ ...place, bytes: bytesOf(place.startSeconds, cells) }))
      .sort(
        (left, right) => left.windowSeconds - right.windowSeconds || left.startSeconds - right.startSeconds,
      ),
    unfolded: [],
    profiles: new Uint8Array(0),
  };
}

/** Where the content of a window belongs: of one that is not folded, into the longer ones too. */
function placesOf(own: UnfoldedWindow, { unfolded }: Chain): UnfoldedWindow[] {
  if (!unfolded.has(windowText(own))) return [own];
  const lengths = RESOLUTIONS.map(({ windowSeconds }) => windowSeconds);
  return lengths
    .filter((windowSeconds) => windowSeconds >= own.windowSeconds)
    .map((windowSeconds) => ({
      windowSeconds,
      startSeconds: floorTo(own.startSeconds, windowSeconds),
    }));
}

/** A change has the names that are new, and the windows that it has in place of those before. */
function chainOf(records: readonly RollupRecord[]): Chain {
  const operations: OperationNames[] = [];
  const edges: EdgeKey[] = [];
  const windows = new Map<string, StoredWindow>();
  for (const record of records) {
    operations.push(...record.operations.slice(operations.length - record.firstOperation));
    edges.push(...record.edges.slice(edges.length - record.firstEdge));
    for (const window of record.windows) windows.set(windowText(window), window);
  }
  const unfolded = new Set((records.at(-1)?.unfolded ?? []).map(windowText));
  return { operations, edges, windows: [...windows.values()], unfolded };
}

function numbersOf(texts: readonly string[]): Numbers {
  const sorted = [...new Set(texts)].sort();
  return { sorted, numberOf: new Map(sorted.map((text, number) => [text, number])) };
}

/** Takes cells under the numbers of an instance and adds them up under the common ones. */
function renumbered(
  cells: Cells,
  chain: Chain,
  numbers: { readonly operations: Numbers; readonly edges: Numbers },
): CellSums {
  const operationAt = (operation: number): number =>
    numbers.operations.numberOf.get(operationText(chain.operations[operation] as OperationNames)) as number;
  return {
    spanCell: (series) => {
      const { operation, kind, statusCode } = partsOfSeries(series);
      return cells.spanCell(spanSeries(operationAt(operation), kind, statusCode));
    },
    edgeCell: (edge) =>
      cells.edgeCell(numbers.edges.numberOf.get(edgeText(chain.edges[edge] as EdgeKey)) as number),
  };
}

/** Cells by their number, so that equal windows have equal bytes. */
function bytesOf(startSeconds: number, { spans, edges }: Cells): Uint8Array {
  const window = new RollupWindow(startSeconds);
  for (const [series, cell] of [...spans].sort(byNumber)) window.spanCell(series).merge(cell);
  for (const [edge, cell] of [...edges].sort(byNumber)) window.edgeCell(edge).merge(cell);
  return window.toBytes();
}

function byNumber([left]: readonly [number, unknown], [right]: readonly [number, unknown]): number {
  return left - right;
}

function operationText(names: OperationNames): string {
  return JSON.stringify(names);
}

function windowText({ windowSeconds, startSeconds }: UnfoldedWindow): string {
  return `${windowSeconds} ${startSeconds}`;
}
