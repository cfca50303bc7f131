/** `/api/search`. */

import type { Queries } from "../../query/queries.ts";
import type { Reply } from "../endpoint.ts";
import { JSON_TYPE } from "../endpoint.ts";
import type { SearchProgress } from "./search-answer.ts";
import { foundTraceBytes, foundTraceJson, searchMetricsBytes, searchMetricsJson } from "./search-answer.ts";
import { searchFromParameters } from "./search-request.ts";
import { TEMPO_MEDIA_TYPES } from "./tempo-parameters.ts";
import type { TempoRequest, TempoRoute } from "./tempo-route.ts";

type Found = Awaited<ReturnType<Queries["findTraceQl"]>>;

/** Routes of the search. */
export function searchRoutes(queries: Queries): readonly TempoRoute[] {
  return [{ method: "GET", path: "/api/search", reply: (request) => search(queries, request) }];
}

async function search(queries: Queries, { search: parameters, form, caller }: TempoRequest): Promise<Reply> {
  const found = await queries.findTraceQl(searchFromParameters(parameters), caller);
  const progress = { counts: found.counts, isDone: true };
  if (form === "protobuf") {
    return { status: 200, contentType: TEMPO_MEDIA_TYPES.protobuf, chunks: messageChunks(found, progress) };
  }
  return { status: 200, contentType: JSON_TYPE, chunks: jsonChunks(found, progress) };
}

function* jsonChunks({ traces }: Found, progress: SearchProgress): Generator<string, void> {
  yield '{"traces":[';
  let separator = "";
  for (const trace of traces) {
    yield separator + JSON.stringify(foundTraceJson(trace));
    separator = ",";
  }
  yield `],"metrics":${JSON.stringify(searchMetricsJson(progress))}}`;
}

function* messageChunks({ traces }: Found, progress: SearchProgress): Generator<Uint8Array, void> {
  for (const trace of traces) yield foundTraceBytes(trace);
  yield searchMetricsBytes(progress);
}
