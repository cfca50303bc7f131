/** `/api/v2`: names, traces, dependencies. */

import type { Clock } from "../../base/clock.ts";
import { TracAggError } from "../../base/errors.ts";
import type { SpanRow } from "../../batch/span-batch.ts";
import { spanFromRow } from "../../batch/span-from-row.ts";
import type { Queries } from "../../query/queries.ts";
import type { Reply } from "../endpoint.ts";
import { JSON_TYPE, jsonChunksReply } from "../endpoint.ts";
import type { ForeignRequest, ForeignRoute } from "../foreign-api.ts";
import { rowSlices } from "../row-slices.ts";
import { FACADE_REMOTE_KEYS, facadeLinkSpan, facadeRemoteName, facadeSpan } from "./facade-span.ts";
import { zipkinTraceReader } from "./search-matcher.ts";
import {
  dependencyRangeFrom,
  normalisedTraceId,
  refused,
  requiredFrom,
  searchFrom,
} from "./zipkin-parameters.ts";

/** Ids of one request: as many as a request line has room for. */
const MAX_TRACE_IDS = 1_000;
/** Names are cached by browsers from this number of services on: who just begins wants to see new ones at once. */
const MIN_CACHED_NAMES = 4;
const CACHED_NAMES = { "Cache-Control": "max-age=300, must-revalidate" };

/** What the routes work with. */
export interface QueryRoutesOptions {
  readonly queries: Queries;
  readonly clock: Clock;
  readonly strictTraceId: boolean;
  readonly autocompleteKeys: readonly string[];
}

/** Routes of the query API. */
export function queryRoutes(options: QueryRoutesOptions): readonly ForeignRoute[] {
  const get = (
    path: string,
    reply: (options: QueryRoutesOptions, request: ForeignRequest) => Promise<Reply>,
  ): ForeignRoute => ({
    method: "GET",
    path: `/api/v2/${path}`,
    reply: (request) => reply(options, request),
  });
  return [
    get("services", services),
    get("spans", spanNames),
    get("remoteServices", remoteServices),
    get("traces", traces),
    get("trace/:traceId", trace),
    get("traceMany", traceMany),
    get("dependencies", dependencies),
    get("autocompleteKeys", async ({ autocompleteKeys }) => namesReply(autocompleteKeys, true)),
    get("autocompleteValues", autocompleteValues),
  ];
}

function namesReply(names: readonly string[], isCached: boolean): Reply {
  return {
    status: 200,
    contentType: JSON_TYPE,
    chunks: [JSON.stringify(names)],
    ...(isCached ? { headers: CACHED_NAMES } : {}),
  };
}

async function services({ queries }: QueryRoutesOptions, { caller }: ForeignRequest): Promise<Reply> {
  const names = await queries.zipkinServices(caller);
  return namesReply(names, names.length >= MIN_CACHED_NAMES);
}

async function hasManyServices(queries: Queries, { caller }: ForeignRequest): Promise<boolean> {
  return (await queries.zipkinServices(caller)).length >= MIN_CACHED_NAMES;
}

async function spanNames({ queries }: QueryRoutesOptions, request: ForeignRequest): Promise<Reply> {
  const serviceName = requiredFrom(request.search, "serviceName").toLowerCase();
  const names = await queries.zipkinSpanNames(serviceName, request.caller);
  return namesReply(names, await hasManyServices(queries, request));
}

async function remoteServices({ queries }: QueryRoutesOptions, request: ForeignRequest): Promise<Reply> {
  const serviceName = requiredFrom(request.search, "serviceName").toLowerCase();
  const names = await queries.zipkinRemotes(
    { serviceName, remoteKeys: FACADE_REMOTE_KEYS, remoteNameOf: facadeRemoteName },
    request.caller,
  );
  return namesReply(names, await hasManyServices(queries, request));
}

async function autocompleteValues(
  { queries, autocompleteKeys }: QueryRoutesOptions,
  { search, caller }: ForeignRequest,
): Promise<Reply> {
  const key = requiredFrom(search, "key");
  if (key === "") throw refused("key was empty");
  const values = autocompleteKeys.includes(key) ? await queries.zipkinTagValues(key, caller) : [];
  return namesReply(values, values.length >= MIN_CACHED_NAMES);
}

async function traces(
  { queries, clock, strictTraceId }: QueryRoutesOptions,
  { search, caller }: ForeignRequest,
): Promise<Reply> {
  const asked = searchFrom(search, clock.nowMillis());
  const { criteria, endTsMillis, lookbackMillis } = asked;
  const endMicros = endTsMillis * 1_000;
  const range = { startMicros: endMicros - lookbackMillis * 1_000, endMicros };
  const found = await queries.zipkinSearch(
    {
      ...asked,
      isStrict: strictTraceId,
      remoteKeys: FACADE_REMOTE_KEYS,
      read: zipkinTraceReader(criteria, range),
    },
    caller,
  );
  return jsonChunksReply(listChunks(found.map(({ pieces }) => pieces)));
}

async function trace(
  { queries, strictTraceId }: QueryRoutesOptions,
  { path, caller }: ForeignRequest,
): Promise<Reply> {
  const id = normalisedTraceId(path["traceId"] ?? "");
  const request = { traceId: id.padStart(32, "0"), isStrict: strictTraceId };
  const rows = await queries.zipkinTrace(request, caller);
  if (rows.length === 0) throw new TracAggError("not_found", `${id} not found`);
  return jsonChunksReply(traceChunks(rows));
}

async function traceMany(
  { queries, strictTraceId }: QueryRoutesOptions,
  { search, caller }: ForeignRequest,
): Promise<Reply> {
  const ids = traceIdsFrom(requiredFrom(search, "traceIds"));
  const found: Iterable<string>[] = [];
  const ends = new Set<string>();
  for (const id of ids) {
    // Two ids that are one trace are answered once.
    const known = strictTraceId ? id : id.slice(-16);
    if (ends.has(known)) continue;
    ends.add(known);
    const request = { traceId: id.padStart(32, "0"), isStrict: strictTraceId };
    const rows = await queries.zipkinTrace(request, caller);
    if (rows.length > 0) found.push(traceChunks(rows));
  }
  return jsonChunksReply(listChunks(found));
}

function traceIdsFrom(text: string): ReadonlySet<string> {
  if (text === "") throw refused("traceIds parameter is empty");
  const ids = new Set<string>();
  for (const part of text.split(",")) {
    const id = normalisedTraceId(part);
    if (ids.has(id)) throw refused(`redundant traceId: ${part.trim()}`);
    ids.add(id);
  }
  if (ids.size === 1) throw refused("Use /api/v2/trace/{traceId} endpoint to retrieve a single trace");
  if (ids.size > MAX_TRACE_IDS) throw refused(`traceIds: expected at most ${MAX_TRACE_IDS}, got ${ids.size}`);
  return ids;
}

async function dependencies(
  { queries }: QueryRoutesOptions,
  { search, caller }: ForeignRequest,
): Promise<Reply> {
  const { endTsMillis, lookbackMillis } = dependencyRangeFrom(search);
  const range = { start: textOfMillis(endTsMillis - lookbackMillis), end: textOfMillis(endTsMillis + 1) };
  const { links } = await queries.zipkinDependencies({ ...range, linkSpan: facadeLinkSpan }, caller);
  const written = links.map(({ errorCount, ...link }) =>
    JSON.stringify(errorCount === 0 ? link : { ...link, errorCount }),
  );
  return jsonChunksReply([`[${written.join(",")}]`]);
}

/** 1970 to 2554 is what times can be. */
function textOfMillis(millis: number): string {
  return new Date(Math.min(Math.max(millis, 0), 18_446_744_073_709)).toISOString();
}

function* traceChunks(rows: readonly SpanRow[]): Generator<string, void> {
  let separator = "[";
  for (const slice of rowSlices(rows)) {
    const spans = slice.map((row) => facadeSpan(spanFromRow(row)));
    yield separator + JSON.stringify(spans).slice(1, -1);
    separator = ",";
  }
  yield "]";
}

function* listChunks(lists: readonly Iterable<string>[]): Generator<string, void> {
  let separator = "[";
  for (const list of lists) {
    yield separator;
    yield* list;
    separator = ",";
  }
  yield lists.length === 0 ? "[]" : "]";
}
