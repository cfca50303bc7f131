/** Which versions of a service are compared, and which traces ran which. */

import type { TraceSides } from "./trace-sides.ts";
import { TraceSide } from "./trace-sides.ts";

/** The two versions of a comparison; undefined where none was found. */
export interface VersionPick {
  readonly selection: string | undefined;
  readonly baseline: string | undefined;
}

/** What is known of the version that a trace ran. */
export interface TraceVersion {
  /** Undefined where the service is not in the trace, names no version, or ran in several. */
  readonly version: string | undefined;
  readonly startTimeUnixNano: bigint;
}

/** Which traces are compared, and on which side each of them is. */
export interface VersionSides {
  /** Whether each trace ran one of the two versions. */
  readonly isCompared: readonly boolean[];
  /** Sides of the traces compared, in their order. */
  readonly sides: TraceSides;
}

/**
 * Picks the versions that were not named: the newest one is the selection, the next one the baseline.
 *
 * Where all are numbers with dots (`2.10.1`, `v3-rc1`), the larger one is newer and a pre-release older than its release.
 * Otherwise, as with commit hashes, the one whose first trace started last is.
 */
export function pickVersions(traces: readonly TraceVersion[], named: Partial<VersionPick> = {}): VersionPick {
  const firstStarts = new Map<string, bigint>();
  for (const { version, startTimeUnixNano } of traces) {
    if (version === undefined) continue;
    const first = firstStarts.get(version);
    if (first === undefined || startTimeUnixNano < first) firstStarts.set(version, startTimeUnixNano);
  }
  const newestFirst = [...firstStarts.keys()].sort(newerFirst(firstStarts));
  const newestBut = (other: string | undefined): string | undefined =>
    newestFirst.find((version) => version !== other);
  const selection = named.selection ?? newestBut(named.baseline);
  return { selection, baseline: named.baseline ?? newestBut(selection) };
}

/** Traces of one version against those of another; whatever else they ran, the others are on neither side. */
export function tracesByVersion(traces: readonly TraceVersion[], pick: VersionPick): VersionSides {
  const isCompared = traces.map(
    ({ version }) => version !== undefined && (version === pick.selection || version === pick.baseline),
  );
  const compared = traces.filter((_, trace) => isCompared[trace] === true);
  const sides = Uint8Array.from(compared, ({ version }) =>
    version === pick.selection ? TraceSide.SELECTION : TraceSide.BASELINE,
  );
  let selectionSize = 0;
  for (const side of sides) selectionSize += side;
  return { isCompared, sides: { sides, selectionSize, baselineSize: sides.length - selectionSize } };
}

function newerFirst(firstStarts: ReadonlyMap<string, bigint>): (left: string, right: string) => number {
  const numbers = new Map([...firstStarts.keys()].map((version) => [version, versionNumber(version)]));
  const areNumbers = [...numbers.values()].every((number) => number !== undefined);
  return (left, right) => {
    const order = areNumbers ? compareNumbers(numbers.get(left)!, numbers.get(right)!) : 0;
    if (order !== 0) return -order;
    const [leftStart, rightStart] = [firstStarts.get(left)!, firstStarts.get(right)!];
    if (leftStart !== rightStart) return leftStart > rightStart ? -1 : 1;
    return left < right ? -1 : 1;
  };
}

interface VersionNumber {
  readonly parts: readonly number[];
  /** "" for a release. */
  readonly preRelease: string;
}

function versionNumber(version: string): VersionNumber | undefined {
  const match = /^v?(\d{1,9}(?:\.\d{1,9})*)(?:-([0-9a-z.-]+))?(?:\+.*)?$/i.exec(version);
  if (match === null) return undefined;
  return { parts: (match[1] as string).split(".").map(Number), preRelease: match[2] ?? "" };
}

function compareNumbers(left: VersionNumber, right: VersionNumber): number {
  for (let at = 0; at < Math.max(left.parts.length, right.parts.length); at++) {
    const difference = (left.parts[at] ?? 0) - (right.parts[at] ?? 0);
    if (difference !== 0) return difference;
  }
  if (left.preRelease === right.preRelease) return 0;
  if (left.preRelease === "" || right.preRelease === "") return left.preRelease === "" ? 1 : -1;
  return left.preRelease.localeCompare(right.preRelease, "en", { numeric: true });
}
