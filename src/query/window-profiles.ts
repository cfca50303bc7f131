/** Profiles out of the windows of time that every complete trace is counted in. */

import { CallPathProfile } from "../analysis/profile/call-path-profile.ts";
import type { BandCuts } from "../analysis/profile/duration-bands.ts";
import { exemplarsOf } from "../analysis/profile/profile-tree.ts";
import type {
  SlowRootOperation,
  SlowSums,
  SlowTraceComparison,
} from "../analysis/profile/slow-differences.ts";
import { betterExemplar, slowComparison, slowSumsOf } from "../analysis/profile/slow-differences.ts";
import { DEFAULT_MIN_TRACES } from "../analysis/profile/slow-traces.ts";
import { errorFrom } from "../base/errors.ts";
import type { Steps } from "../base/time-slice.ts";
import { inSlices, TimeSlice } from "../base/time-slice.ts";
import { ByteReader } from "../base/varint-bytes.ts";
import type { LiveProfiles } from "../rollup/live-profiles.ts";
import { MAX_AHEAD_SECONDS } from "../rollup/live-statistics.ts";
import type { ProfilePiece } from "../rollup/profile-windows.ts";
import type { SecondsRange } from "../rollup/rollup-level.ts";
import type { RootProfile } from "../rollup/root-profile.ts";
import type { QueryContext } from "./query-context.ts";
import type { RunningQuery } from "./query-limiter.ts";
import type { CoveredRange, TraceFilter } from "./trace-filter.ts";
import { timeRangeFrom, traceQueryFrom } from "./trace-filter.ts";

/** Sums, sketch and exemplars of a call path, of its root operation and in the answer. */
const PATH_BYTES = 4_096;

/** Which windows answer a request. */
interface WindowRequest {
  readonly profiles: LiveProfiles;
  /** In whole windows. */
  readonly range: SecondsRange;
  readonly pieces: readonly ProfilePiece[];
  readonly covered: CoveredRange;
}

/** A profile out of windows. */
export interface WindowedProfile {
  readonly profile: CallPathProfile;
  readonly range: CoveredRange;
}

/** Slow traces against middling ones, out of windows. */
export interface WindowedSlowTraces {
  readonly traceCount: number;
  readonly comparison: SlowTraceComparison;
  readonly range: CoveredRange;
}

/**
 * The profile of every trace in the range, of all root operations or some; undefined when the windows cannot answer: the
 * filter looks at spans or durations, or the range begins before they do, or is open and they hold nothing.
 *
 * @throws TracAggError `invalid_argument` when the filter's range makes no sense.
 */
export async function profileFromWindows(
  context: QueryContext,
  filter: TraceFilter,
  running: RunningQuery,
): Promise<WindowedProfile | undefined> {
  const request = await upToDateRequestOf(context, filter, running);
  if (request === undefined) return undefined;
  const profile = await inSlices(profileOfPieces(request), held(request, running));
  return { profile, range: request.covered };
}

/** What the slow ones of these traces wait for more than the middling ones; undefined as for {@link profileFromWindows}. */
export async function slowTracesFromWindows(
  context: QueryContext,
  filter: TraceFilter,
  running: RunningQuery,
): Promise<WindowedSlowTraces | undefined> {
  const request = await upToDateRequestOf(context, filter, running);
  if (request === undefined) return undefined;
  const answer = await inSlices(slowTracesOfPieces(request), held(request, running));
  return { ...answer, range: request.covered };
}

/** Waits for the windows only where they can answer; stored traces do when they cannot be brought up to date. */
async function upToDateRequestOf(
  context: QueryContext,
  filter: TraceFilter,
  { signal }: RunningQuery,
): Promise<WindowRequest | undefined> {
  const request = windowRequestOf(context, filter);
  if (request === undefined || context.liveUpToDate === undefined) return request;
  try {
    await context.liveUpToDate(signal);
  } catch (thrown) {
    if (errorFrom(thrown).code === "unavailable") return undefined;
    throw thrown;
  }
  return windowRequestOf(context, filter);
}

function held({ profiles, pieces }: WindowRequest, { held: memory, signal }: RunningQuery): TimeSlice {
  for (const root of new Set(pieces.map((piece) => piece.root))) {
    memory.add(profiles.roots.at(root).paths.count * PATH_BYTES);
  }
  return new TimeSlice(signal);
}

function windowRequestOf(context: QueryContext, filter: TraceFilter): WindowRequest | undefined {
  const { rootServiceName, rootOperationName, start, end, ...conditions } = filter;
  const nowMillis = context.clock.nowMillis();
  const asked = timeRangeFrom(filter, nowMillis);
  traceQueryFrom(filter, asked);
  const profiles = context.live?.().profiles;
  if (profiles === undefined || Object.values(conditions).some((condition) => condition !== undefined)) {
    return undefined;
  }
  const { windows } = profiles;
  const latest = nowMillis / 1_000 + MAX_AHEAD_SECONDS;
  const from = asked.startTimeUnixNano === undefined ? undefined : Number(asked.startTimeUnixNano) / 1e9;
  const isHeld =
    from === undefined ? windows.isComplete(nowMillis / 1_000) : from >= windows.bounds.heldSince;
  if (!isHeld) return undefined;
  const range = windows.widened({
    start: from ?? 0,
    end: asked.endTimeUnixNano === undefined ? latest : Number(asked.endTimeUnixNano) / 1e9,
  });
  const wanted = rootsOf(profiles, rootServiceName, rootOperationName);
  // Names may be counted without the ids in them: stored traces have them as they came.
  if (wanted?.size === 0) return undefined;
  const isWanted = (root: number): boolean => wanted?.has(root) ?? true;
  const pieces = profiles.pieces(range, isWanted, latest);
  if (from === undefined && pieces.length === 0) return undefined;
  const first = from === undefined ? (windows.earliestStart() ?? range.end) : range.start;
  return { profiles, range, pieces, covered: coveredOf({ start: first, end: range.end }, nowMillis) };
}

/** Numbers of the root operations with these names; undefined for all of them. */
function rootsOf(
  { roots, frames }: LiveProfiles,
  rootServiceName: string | undefined,
  rootOperationName: string | undefined,
): ReadonlySet<number> | undefined {
  if (rootServiceName === undefined && rootOperationName === undefined) return undefined;
  const matching = roots.all().filter(({ frame }) => {
    const { role, service, operation } = frames.table.frame(frame);
    const isService = (rootServiceName ?? service) === service;
    return role === "operation" && isService && (rootOperationName ?? operation) === operation;
  });
  return new Set(matching.map(({ number }) => number));
}

/** Nothing after now was looked at, but for traces of clocks ahead. */
function coveredOf({ start, end }: SecondsRange, nowMillis: number): CoveredRange {
  const last = Math.min(end, Math.ceil(nowMillis / 1_000));
  return {
    startTimeUnixNano: BigInt(Math.min(start, last)) * 1_000_000_000n,
    endTimeUnixNano: BigInt(last) * 1_000_000_000n,
  };
}

function* profileOfPieces(request: WindowRequest): Steps<CallPathProfile> {
  const answer = new CallPathProfile({ frames: request.profiles.frames.table });
  for (const [, profile] of yield* rootProfilesOf(request)) yield* answer.mergeInSteps(profile.profile);
  return answer;
}

function* slowTracesOfPieces(request: WindowRequest): Steps<Omit<WindowedSlowTraces, "range">> {
  const answer = new CallPathProfile({ frames: request.profiles.frames.table });
  const rootOperations: SlowRootOperation[] = [];
  const sums = new Map<number, SlowSums>();
  let leftOutCount = 0;
  let traceCount = 0;
  for (const [root, one] of yield* rootProfilesOf(request)) {
    const cuts = one.bands.cuts();
    traceCount += cuts.traceCount;
    if (cuts.traceCount < DEFAULT_MIN_TRACES) {
      leftOutCount += cuts.traceCount;
      continue;
    }
    const { isSlow, isMiddle, ...rest } = cuts;
    const frame = answer.frames.frame(request.profiles.roots.at(root).frame);
    rootOperations.push({ frame, ...rest });
    const places = yield* answer.mergeInSteps(one.profile);
    yield* addBands(sums, one, { isSlow, isMiddle, places });
  }
  return { traceCount, comparison: slowComparison(answer, { rootOperations, leftOutCount, sums }) };
}

/** Adds the time of slow and of middling traces; `places`: numbers of the root operation's call paths in the sums. */
function* addBands(
  sums: Map<number, SlowSums>,
  { bands, profile }: RootProfile,
  { isSlow, isMiddle, places }: Pick<BandCuts, "isSlow" | "isMiddle"> & { readonly places: Int32Array },
): Steps<void> {
  for (const { band, selfNanos } of bands.all()) {
    if (!isSlow(band) && !isMiddle(band)) continue;
    for (const [path, nanos] of selfNanos) {
      const sum = slowSumsOf(sums, places[path] as number);
      if (isMiddle(band)) {
        sum.middle += nanos;
        continue;
      }
      sum.slow += nanos;
      sum.exemplar = betterExemplar(sum.exemplar, exemplarsOf(profile.at(path)).max);
    }
    yield selfNanos.size;
  }
}

/** The pieces of each root operation added up. */
function* rootProfilesOf({ profiles, pieces }: WindowRequest): Steps<Map<number, RootProfile>> {
  const found = new Map<number, RootProfile>();
  for (const { root, bytes } of pieces) {
    const profile = found.get(root) ?? profiles.emptyProfile(root);
    found.set(root, profile);
    yield* profile.mergeFrom(new ByteReader(bytes));
  }
  return found;
}
