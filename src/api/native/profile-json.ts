/** Profiles as the native API writes them. */

import type { Exemplar, ProfileExemplars } from "../../analysis/profile/exemplars.ts";
import type { FlameNode } from "../../analysis/profile/flame-graph.ts";
import { flameGraph } from "../../analysis/profile/flame-graph.ts";
import type { ProfileFrame } from "../../analysis/profile/frame-table.ts";
import type { RankBy } from "../../analysis/profile/rankings.ts";
import { rankOperations } from "../../analysis/profile/rankings.ts";
import type { SlowDifference } from "../../analysis/profile/slow-differences.ts";
import { weightOfSteps } from "../../analysis/weight-steps.ts";
import type { ProfileAnswer, ProfiledTraces, SlowTracesAnswer } from "../../query/profile-of.ts";
import type {
  OperationRankingJson,
  ProfiledTracesJson,
  ProfileExemplarJson,
  ProfileExemplarsJson,
  ProfileFrameJson,
  ProfileJson,
  ProfileNodeJson,
  SlowDifferenceJson,
  SlowTracesJson,
} from "../profile-contract.ts";
import { rangeJson } from "./range-json.ts";

/** Most entries of a ranking; what is behind them has no share to speak of. */
const MAX_RANKED = 1_000;

/** {@link ProfileJson} as text in pieces, to be joined. */
export function* profileChunks(answer: ProfileAnswer, maxNodes: number): Generator<string, void> {
  const { profile } = answer;
  const { totals, overflowSpanCount } = profile;
  const { roots, valueNanos, nodeCount, omittedCount } = flameGraph(profile, { maxNodes });
  const head: Omit<ProfileJson, "roots"> = {
    ...analysedJson(answer, totals.traceCount),
    traceWeight: weightOfSteps(totals.traceSteps),
    spanCount: totals.spanCount,
    valueNanos: nanosJson(valueNanos),
    nodeCount,
    omittedCount,
    overflowSpanCount,
  };
  yield `${JSON.stringify(head).slice(0, -1)},"roots":`;
  yield* nodeListChunks(roots);
  yield "}";
}

/** As deep as call paths get, which is 64 levels. */
function* nodeListChunks(nodes: readonly FlameNode[]): Generator<string, void> {
  let separator = "[";
  for (const node of nodes) {
    yield `${separator}${JSON.stringify(nodeJson(node)).slice(0, -1)},"children":`;
    yield* nodeListChunks(node.children);
    yield "}";
    separator = ",";
  }
  yield separator === "[" ? "[]" : "]";
}

function nodeJson(node: FlameNode): Omit<ProfileNodeJson, "children"> {
  return {
    name: node.name,
    ...frameJson(node),
    valueNanos: nanosJson(node.valueNanos),
    selfNanos: nanosJson(node.selfNanos),
    omittedNanos: nanosJson(node.omittedNanos),
    share: node.share,
    spanCount: node.spanCount,
    inclusiveNanos: nanosJson(node.inclusiveNanos),
    p50SelfNanos: nanosJson(node.p50SelfNanos),
    p95SelfNanos: nanosJson(node.p95SelfNanos),
    exemplars: exemplarsJson(node.exemplars),
  };
}

/** Operations by a rank, at most 1,000. */
export function rankingJson(answer: ProfileAnswer, rank: RankBy): OperationRankingJson {
  const ranked = rankOperations(answer.profile, rank).slice(0, MAX_RANKED);
  return {
    rank,
    operations: ranked.map((operation) => ({
      ...frameJson(operation.frame),
      spanCount: operation.spanCount,
      p50Ms: millis(operation.p50Nanos),
      p95Ms: millis(operation.p95Nanos),
      totalMs: millis(operation.totalNanos),
      criticalNanos: nanosJson(operation.criticalNanos),
      criticalMs: millis(operation.criticalNanos),
      criticalShare: operation.criticalShare,
      exemplars: exemplarsJson(operation.exemplars),
    })),
    nextPageToken: "",
    ...analysedJson(answer, answer.profile.totals.traceCount),
  };
}

/** Slow traces against middling ones, at most 1,000 entries a list. */
export function slowTracesJson(answer: SlowTracesAnswer): SlowTracesJson {
  const { rootOperations, operations, paths, ...counts } = answer.comparison;
  return {
    ...counts,
    rootOperations: rootOperations.slice(0, MAX_RANKED).map((root) => ({
      ...frameJson(root.frame),
      traceCount: root.traceCount,
      p40Ms: millis(root.p40Nanos),
      p60Ms: millis(root.p60Nanos),
      p95Ms: millis(root.p95Nanos),
      slowCount: root.slowCount,
      middleCount: root.middleCount,
    })),
    operations: operations.slice(0, MAX_RANKED).map((difference) => ({
      ...frameJson(difference.frames[0] as ProfileFrame),
      ...differenceJson(difference),
    })),
    paths: paths.slice(0, MAX_RANKED).map((difference) => ({
      frames: difference.frames.map(frameJson),
      ...differenceJson(difference),
    })),
    ...analysedJson(answer, answer.traceCount),
  };
}

function differenceJson(difference: SlowDifference): SlowDifferenceJson {
  const { slowShare, middleShare, shareDelta, exemplar } = difference;
  return {
    slowShare,
    middleShare,
    shareDelta,
    slowMeanMs: millis(difference.slowMeanNanos),
    middleMeanMs: millis(difference.middleMeanNanos),
    exemplar: exemplarJson(exemplar),
  };
}

function analysedJson(
  { truncated, correctedTraces, range, source }: ProfiledTraces,
  traceCount: number,
): ProfiledTracesJson {
  return { traceCount, truncated, correctedTraces: correctedTraces ?? null, range: rangeJson(range), source };
}

/** A frame. */
export function frameJson({ role, service, operation, kind }: ProfileFrame): ProfileFrameJson {
  return { role, service, operation, kind };
}

/** Exemplars, null where there is none. */
export function exemplarsJson({ max, p50, p95 }: ProfileExemplars): ProfileExemplarsJson {
  return { max: exemplarJson(max), p50: exemplarJson(p50), p95: exemplarJson(p95) };
}

function exemplarJson(exemplar: Exemplar | undefined): ProfileExemplarJson | null {
  if (exemplar === undefined) return null;
  return { traceId: exemplar.traceId, durationNanos: nanosJson(exemplar.nanos) };
}

/** Digits only, whatever the size. */
function nanosJson(nanos: number): string {
  return BigInt(Math.round(nanos)).toString();
}

function millis(nanos: number): number {
  return nanos / 1e6;
}
