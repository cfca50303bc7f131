/** `/api/v1/profile`, `/api/v1/profile/slow` and `/api/v1/bottlenecks`: where the time of many traces goes. */

import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { foldedStacks } from "../../analysis/profile/folded-stacks.ts";
import type { PprofOptions } from "../../analysis/profile/pprof.ts";
import { pprofBytes } from "../../analysis/profile/pprof.ts";
import type { RankBy } from "../../analysis/profile/rankings.ts";
import { speedscopeFile } from "../../analysis/profile/speedscope.ts";
import type { ProfileAnswer, ProfileRequest } from "../../query/profile-of.ts";
import type { Queries } from "../../query/queries.ts";
import type { CoveredRange } from "../../query/trace-filter.ts";
import type { Endpoint, Reply } from "../endpoint.ts";
import { defineEndpoint, jsonAnswer, jsonChunksReply, jsonReply } from "../endpoint.ts";
import { ref } from "../openapi/schema-parts.ts";
import type { ParameterValues } from "../query-parameters.ts";
import { choiceParameter, wholeNumberParameter } from "../query-parameters.ts";
import { bottleneckEventsEndpoint } from "./bottleneck-events-endpoint.ts";
import { CLOCK_PARAMETER, FILTER_PARAMETERS, filterFrom } from "./filter-parameters.ts";
import { profileChunks, rankingJson, slowTracesJson } from "./profile-json.ts";
import { QUERY_ERRORS } from "./query-errors.ts";

type ProfileFormat = "json" | "folded" | "speedscope" | "pprof";

const PROFILE_FORMATS: readonly ProfileFormat[] = Object.freeze(["json", "folded", "speedscope", "pprof"]);
const RANKS: readonly RankBy[] = Object.freeze(["critical", "total", "p95"]);

const DEFAULT_MAX_NODES = 1_000;
/** As many call paths as a profile tells apart. */
const MOST_NODES = 10_000;

const OVER =
  "With no condition but rootService, rootOperation and the range: over every trace, out of windows of a minute " +
  "(three hours) and an hour (two weeks), by times as they were sent, whatever clock says. With others, or for a " +
  "range that begins before: over the newest 10,000 matching traces (5,000,000 spans); truncated says whether more " +
  "match. source says which.";

const gzipInThreadPool = promisify(gzip);

/** Endpoints over profiles. */
export function profileEndpoints(queries: Queries): readonly Endpoint[] {
  return [
    profileEndpoint(queries),
    slowEndpoint(queries),
    rankingEndpoint(queries),
    bottleneckEventsEndpoint(queries),
  ];
}

/** Which traces, and by which times. */
const PROFILED_PARAMETERS = Object.freeze({ ...FILTER_PARAMETERS, clock: CLOCK_PARAMETER });

function profiled(values: ParameterValues<typeof PROFILED_PARAMETERS>): ProfileRequest {
  return { filter: filterFrom(values), clock: values.clock };
}

function profileEndpoint(queries: Queries): Endpoint {
  return defineEndpoint({
    operationId: "getProfile",
    path: "/api/v1/profile",
    tag: "profiles",
    summary: "Critical paths of many traces by call path",
    description:
      `What the matching traces waited for, added up by call path: flame graph data. ${OVER} ` +
      "format=folded gives folded stacks, speedscope a file for that viewer, pprof a gzipped profile.proto.",
    pathParameters: {},
    parameters: {
      ...PROFILED_PARAMETERS,
      format: choiceParameter("How the profile is written.", PROFILE_FORMATS, "json"),
      maxNodes: wholeNumberParameter("Most call paths in format=json: those with most time.", {
        minimum: 1,
        maximum: MOST_NODES,
        default: DEFAULT_MAX_NODES,
      }),
    },
    answers: [
      jsonAnswer(
        {
          anyOf: [
            ref("Profile"),
            {
              type: "object",
              description: "A file of speedscope.",
              properties: { shared: { type: "object" }, profiles: { type: "array" } },
              required: ["shared", "profiles"],
            },
          ],
        },
        "The profile in the format asked for.",
      ),
      { status: 200, description: "Folded stacks.", contentType: "text/plain", schema: { type: "string" } },
      {
        status: 200,
        description: "Gzipped profile.proto.",
        contentType: "application/octet-stream",
        schema: { type: "string", contentEncoding: "binary" },
      },
    ],
    errors: QUERY_ERRORS,
    handle: async ({ values, caller }) =>
      await profileReply(await queries.profile(profiled(values), caller), values.format, values.maxNodes),
  });
}

async function profileReply(answer: ProfileAnswer, format: ProfileFormat, maxNodes: number): Promise<Reply> {
  const { profile, range } = answer;
  switch (format) {
    case "json":
      return jsonChunksReply(profileChunks(answer, maxNodes));
    case "folded":
      return { status: 200, contentType: "text/plain", chunks: foldedStacks(profile) };
    case "speedscope":
      return jsonReply(speedscopeFile(profile));
    case "pprof":
      return {
        status: 200,
        contentType: "application/octet-stream",
        chunks: [],
        bytes: await gzipInThreadPool(pprofBytes(profile, timeOf(range))),
      };
  }
}

/** A range without a start is of no length worth telling. */
function timeOf({ startTimeUnixNano, endTimeUnixNano }: CoveredRange): PprofOptions {
  if (startTimeUnixNano === 0n) return {};
  return { timeUnixNano: startTimeUnixNano, durationNanos: endTimeUnixNano - startTimeUnixNano };
}

function slowEndpoint(queries: Queries): Endpoint {
  return defineEndpoint({
    operationId: "getSlowTraces",
    path: "/api/v1/profile/slow",
    tag: "profiles",
    summary: "What makes slow traces slow",
    description:
      "Shares of the critical paths of slow traces (above the 95th percentile of their root operation) against " +
      `those of middling ones (40th to 60th), by operation and by call path. ${OVER} Root operations with fewer ` +
      "than 20 traces are left out.",
    pathParameters: {},
    parameters: PROFILED_PARAMETERS,
    answers: [jsonAnswer(ref("SlowTraces"), "The differences, largest first, at most 1,000 of each.")],
    errors: QUERY_ERRORS,
    handle: async ({ values, caller }) =>
      jsonReply(slowTracesJson(await queries.slowTraces(profiled(values), caller))),
  });
}

function rankingEndpoint(queries: Queries): Endpoint {
  return defineEndpoint({
    operationId: "rankOperations",
    path: "/api/v1/bottlenecks",
    tag: "profiles",
    summary: "Operations that matter most",
    description:
      "rank=critical: by share of the critical paths, which says what making one faster buys; total: by the time " +
      `of all spans; p95: by the 95th percentile of span durations. ${OVER}`,
    pathParameters: {},
    parameters: {
      ...PROFILED_PARAMETERS,
      rank: choiceParameter("What operations are ranked by.", RANKS, "critical"),
    },
    answers: [jsonAnswer(ref("OperationRanking"), "The operations, highest first, at most 1,000.")],
    errors: QUERY_ERRORS,
    handle: async ({ values, caller }) =>
      jsonReply(rankingJson(await queries.profile(profiled(values), caller), values.rank)),
  });
}
