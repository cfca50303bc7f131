/** Profiles as bytes, to be kept in windows of time. */

import { TracAggError } from "../../base/errors.ts";
import type { Steps } from "../../base/time-slice.ts";
import { atOnce } from "../../base/time-slice.ts";
import { ByteReader, ByteWriter } from "../../base/varint-bytes.ts";
import { numberFromSpanKind, spanKindFromNumber } from "../../model/span-kind.ts";
import { LatencySketch } from "../latency-sketch.ts";
import { WEIGHT_STEPS } from "../weight-steps.ts";
import type { CallPathProfileOptions, ProfileTotals } from "./call-path-profile.ts";
import { CallPathProfile } from "./call-path-profile.ts";
import type { ProfileFrame } from "./frame-table.ts";
import { compareFrames, OVERFLOW_FRAME, UNTRACED_FRAME } from "./frame-table.ts";
import { isWholeSum, readSum, readTraceIds, writeSum, writeTraceIds } from "./path-sum-bytes.ts";
import { OVERFLOW_PATH, ROOT_PATH } from "./path-table.ts";
import type { ProfileNode } from "./profile-tree.ts";
import { profileTree } from "./profile-tree.ts";

const FORMAT = 1;
const IS_FULL = 1;
/** All weights are whole, so every sum is a multiple of 1,024 and is written without it. */
const IS_WHOLE = 2;

/** Words of a profile, each once, by number. */
interface Tables {
  /** Sorted, so that equal profiles have equal bytes. */
  readonly texts: readonly string[];
  readonly frames: readonly ProfileFrame[];
  readonly traceIds: readonly string[];
  readonly isWhole: boolean;
}

/**
 * The bytes of a profile. Profiles with the same content have the same bytes, whatever order it came in.
 *
 * @example
 * const again = profileFromBytes(profileToBytes(profile));
 */
export function profileToBytes(profile: CallPathProfile): Uint8Array {
  const tree = profileTree(profile);
  const { frames } = profile;
  const durations = [...profile.durations()];
  durations.sort(([left], [right]) => compareFrames(frames.frame(left), frames.frame(right)));
  const used = new Set([
    ...tree.nodes.map(({ path }) => profile.paths.frameOf(path)),
    ...durations.map(([frame]) => frame),
  ]);
  const sorted = [...used].sort((left, right) => compareFrames(frames.frame(left), frames.frame(right)));
  const tables = tablesOf(
    tree.nodes,
    sorted.map((frame) => frames.frame(frame)),
  );
  const writer = new ByteWriter();
  writer.varint(FORMAT);
  writer.varint((profile.paths.isFull ? IS_FULL : 0) + (tables.isWhole ? IS_WHOLE : 0));
  writeTotals(writer, tree.totals, tables);
  writeTables(writer, tables);
  const frameNumbers = new Map(sorted.map((frame, number) => [frame, number]));
  const traceNumbers = new Map(tables.traceIds.map((id, number) => [id, number]));
  const factor = tables.isWhole ? WEIGHT_STEPS : 1;
  writer.varint(durations.length);
  for (const [frame, sketch] of durations) {
    writer.varint(frameNumbers.get(frame) as number);
    sketch.writeTo(writer);
  }
  writer.varint(tree.nodes.length);
  for (const node of tree.nodes) {
    writer.varint(node.depth);
    writer.varint(frameNumbers.get(profile.paths.frameOf(node.path)) as number);
    writeSum(writer, node, factor, traceNumbers);
  }
  return writer.finish();
}

/**
 * The profile that {@link profileToBytes} wrote.
 *
 * @throws TracAggError `data_corrupt` when the bytes are none of a profile.
 */
export function profileFromBytes(bytes: Uint8Array, options: CallPathProfileOptions = {}): CallPathProfile {
  return atOnce(profileFromBytesInSteps(bytes, options));
}

/** {@link profileFromBytes} as work that can be done in slices. */
export function* profileFromBytesInSteps(
  bytes: Uint8Array,
  options: CallPathProfileOptions = {},
): Steps<CallPathProfile> {
  const reader = new ByteReader(bytes);
  const format = reader.varint();
  if (format !== FORMAT) throw corrupt(`expected a profile of format ${FORMAT}, got ${format}`);
  const flags = reader.varint();
  const factor = (flags & IS_WHOLE) === 0 ? 1 : WEIGHT_STEPS;
  const totals = readTotals(reader, factor);
  const profile = new CallPathProfile(options);
  const frames = readFrames(reader).map((frame) => profile.frames.numberOfFrame(frame));
  const traceIds = readTraceIds(reader);
  const durations = new Map<number, LatencySketch>();
  for (let left = reader.varint(); left > 0; left--) {
    const frame = numberAt(frames, reader.varint());
    const sketch = LatencySketch.readFrom(reader);
    sketch.merge(durations.get(frame) ?? new LatencySketch());
    durations.set(frame, sketch);
    yield 1;
  }
  profile.restore(totals, durations, new Map());
  // Numbers of the paths above the one at hand, by depth.
  const above: number[] = [ROOT_PATH];
  for (let left = reader.varint(); left > 0; left--) {
    const depth = reader.varint();
    const parent = above[depth - 1];
    if (parent === undefined) throw corrupt(`a call path of depth ${depth} has none above it`);
    const frame = numberAt(frames, reader.varint());
    const path = frame === OVERFLOW_FRAME ? OVERFLOW_PATH : profile.paths.below(parent, frame);
    above.length = depth;
    above.push(path);
    profile.restorePath(path, readSum(reader, factor, traceIds));
    yield 1;
  }
  if (!reader.isAtEnd) throw corrupt(`a profile is followed by ${bytes.length - reader.position} more bytes`);
  if ((flags & IS_FULL) !== 0) profile.paths.close();
  return profile;
}

function tablesOf(nodes: readonly ProfileNode[], frames: readonly ProfileFrame[]): Tables {
  const texts = new Set<string>();
  for (const { role, service, operation } of frames)
    if (role === "operation") texts.add(service).add(operation);
  const traceIds = new Set<string>();
  for (const { exemplars } of nodes) for (const { traceId } of exemplars?.all() ?? []) traceIds.add(traceId);
  const isWhole = nodes.every(isWholeSum);
  return { texts: [...texts].sort(), frames, traceIds: [...traceIds].sort(), isWhole };
}

function writeTotals(writer: ByteWriter, totals: ProfileTotals, { isWhole }: Tables): void {
  writer.varint(totals.traceCount);
  // Traces of time 0 have weights that no sum of nanoseconds tells of.
  writer.varint(isWhole ? Math.floor(totals.traceSteps / WEIGHT_STEPS) : totals.traceSteps);
  writer.varint(isWhole ? totals.traceSteps % WEIGHT_STEPS : 0);
  writer.varint(totals.spanCount);
}

function readTotals(reader: ByteReader, factor: number): ProfileTotals {
  const traceCount = reader.varint();
  const traceSteps = reader.varint() * factor + reader.varint();
  return { traceCount, traceSteps, spanCount: reader.varint() };
}

function writeTables(writer: ByteWriter, { texts, frames, traceIds }: Tables): void {
  writer.varint(texts.length);
  for (const text of texts) writer.text(text);
  const numbers = new Map(texts.map((text, number) => [text, number]));
  writer.varint(frames.length);
  for (const frame of frames) {
    writer.varint(roleNumber(frame));
    if (frame.role !== "operation") continue;
    writer.varint(numberFromSpanKind(frame.kind));
    writer.varint(numbers.get(frame.service) as number);
    writer.varint(numbers.get(frame.operation) as number);
  }
  writeTraceIds(writer, traceIds);
}

/** Special frames by their number, others by the one after. */
function roleNumber({ role }: ProfileFrame): number {
  if (role === "untraced") return UNTRACED_FRAME;
  return role === "overflow" ? OVERFLOW_FRAME : OVERFLOW_FRAME + 1;
}

function readFrames(reader: ByteReader): ProfileFrame[] {
  const texts: string[] = [];
  for (let left = reader.varint(); left > 0; left--) texts.push(reader.text());
  const frames: ProfileFrame[] = [];
  for (let left = reader.varint(); left > 0; left--) frames.push(readFrame(reader, texts));
  return frames;
}

function readFrame(reader: ByteReader, texts: readonly string[]): ProfileFrame {
  const role = reader.varint();
  if (role === UNTRACED_FRAME) return { role: "untraced", service: "", operation: "", kind: "UNSPECIFIED" };
  if (role === OVERFLOW_FRAME) return { role: "overflow", service: "", operation: "", kind: "UNSPECIFIED" };
  const kind = spanKindFromNumber(reader.varint());
  const service = texts[reader.varint()];
  const operation = texts[reader.varint()];
  if (service === undefined || operation === undefined)
    throw corrupt("a frame names a text that is not listed");
  return { role: "operation", service, operation, kind };
}

function numberAt(numbers: readonly number[], at: number): number {
  const number = numbers[at];
  if (number === undefined) throw corrupt(`expected a frame below ${numbers.length}, got ${at}`);
  return number;
}

function corrupt(message: string): TracAggError {
  return new TracAggError("data_corrupt", message);
}
