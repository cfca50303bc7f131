/** Profiles for pprof, by its profile.proto (https://github.com/google/pprof/blob/main/proto/profile.proto). */

import { ProtobufWriter } from "../../base/protobuf-writer.ts";
import { weightOfSteps } from "../weight-steps.ts";
import type { CallPathProfile } from "./call-path-profile.ts";
import { nanosOfSum } from "./exact-sums.ts";
import type { ProfileFrame } from "./frame-table.ts";
import { frameKey, frameLabel } from "./frame-table.ts";
import { framesTo, profileTree } from "./profile-tree.ts";

/** Field numbers of the messages, by message and field. */
const PROFILE = Object.freeze({
  sampleType: 1,
  sample: 2,
  location: 4,
  function: 5,
  stringTable: 6,
  timeNanos: 9,
  durationNanos: 10,
  defaultSampleType: 14,
});
const VALUE_TYPE = Object.freeze({ type: 1, unit: 2 });
const SAMPLE = Object.freeze({ locationId: 1, value: 2 });
const LOCATION = Object.freeze({ id: 1, line: 4 });
const LINE = Object.freeze({ functionId: 1 });
const FUNCTION = Object.freeze({ id: 1, name: 2, systemName: 3, filename: 4 });

/** Which time a profile is of. */
export interface PprofOptions {
  /** Start of the time covered. */
  readonly timeUnixNano?: bigint;
  readonly durationNanos?: bigint;
}

/** Texts by number; number 0 is always "". */
class StringTable {
  readonly texts: string[] = [""];
  readonly #numbers: Map<string, number> = new Map([["", 0]]);

  numberOf(text: string): number {
    let number = this.#numbers.get(text);
    if (number === undefined) {
      number = this.texts.length;
      this.texts.push(text);
      this.#numbers.set(text, number);
    }
    return number;
  }
}

/**
 * A `Profile` message; viewers expect it in gzip. Every call path is a sample of two values: spans (`spans/count`) and
 * critical-path time (`critical_path/nanoseconds`, shown unless another is asked for). Operations are functions, their
 * services the files.
 */
export function pprofBytes(profile: CallPathProfile, options: PprofOptions = {}): Uint8Array {
  const writer = new ProtobufWriter(16 * 1_024);
  const strings = new StringTable();
  const criticalPath = strings.numberOf("critical_path");
  writeValueType(writer, strings.numberOf("spans"), strings.numberOf("count"));
  writeValueType(writer, criticalPath, strings.numberOf("nanoseconds"));
  const locations = new Map<string, { readonly id: number; readonly frame: ProfileFrame }>();
  for (const node of profileTree(profile).nodes) {
    const spans = Math.round(weightOfSteps(node.spanSteps));
    const nanos = Math.round(nanosOfSum(node.self));
    if (spans === 0 && nanos === 0) continue;
    const mark = writer.begin(PROFILE.sample);
    for (const frame of framesTo(node).reverse()) {
      writer.uint32(SAMPLE.locationId, locationOf(locations, frame));
    }
    writer.int64(SAMPLE.value, BigInt(spans));
    writer.int64(SAMPLE.value, BigInt(nanos));
    writer.end(mark);
  }
  for (const { id, frame } of locations.values()) writeLocation(writer, strings, id, frame);
  for (const text of strings.texts) writer.text(PROFILE.stringTable, text);
  if (options.timeUnixNano !== undefined) writer.int64(PROFILE.timeNanos, options.timeUnixNano);
  if (options.durationNanos !== undefined) writer.int64(PROFILE.durationNanos, options.durationNanos);
  writer.uint32(PROFILE.defaultSampleType, criticalPath);
  return writer.finish();
}

function writeValueType(writer: ProtobufWriter, type: number, unit: number): void {
  const mark = writer.begin(PROFILE.sampleType);
  writer.uint32(VALUE_TYPE.type, type);
  writer.uint32(VALUE_TYPE.unit, unit);
  writer.end(mark);
}

/** Ids count from 1: 0 means none. */
function locationOf(
  locations: Map<string, { readonly id: number; readonly frame: ProfileFrame }>,
  frame: ProfileFrame,
): number {
  const key = frameKey(frame);
  let location = locations.get(key);
  if (location === undefined) {
    location = { id: locations.size + 1, frame };
    locations.set(key, location);
  }
  return location.id;
}

/** One function a location, under the same id. */
function writeLocation(writer: ProtobufWriter, strings: StringTable, id: number, frame: ProfileFrame): void {
  const location = writer.begin(PROFILE.location);
  writer.uint32(LOCATION.id, id);
  const line = writer.begin(LOCATION.line);
  writer.uint32(LINE.functionId, id);
  writer.end(line);
  writer.end(location);
  const name = strings.numberOf(frameLabel(frame));
  const mark = writer.begin(PROFILE.function);
  writer.uint32(FUNCTION.id, id);
  writer.uint32(FUNCTION.name, name);
  writer.uint32(FUNCTION.systemName, name);
  writer.uint32(FUNCTION.filename, strings.numberOf(frame.service));
  writer.end(mark);
}
