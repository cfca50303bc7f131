/** `/api/search/tags`, `/api/search/tag/{tag}/values`, their second versions, and the streamed calls of the same. */

import type { AttributeValuesQuestion } from "../../query/attribute-questions.ts";
import { MAX_ATTRIBUTES_LISTED } from "../../query/attribute-questions.ts";
import type { Queries } from "../../query/queries.ts";
import type { QueryCaller } from "../../query/query-limiter.ts";
import type { Reply } from "../endpoint.ts";
import { jsonChunksReply } from "../endpoint.ts";
import type { StreamedCall } from "../grpc-calls.ts";
import { sendPieces } from "./message-pieces.ts";
import type { ScopeTags, TagEntry } from "./tag-answer.ts";
import {
  scopeEntries,
  scopeParts,
  scopesOf,
  tagNamesOf,
  tagsEndBytes,
  tagsJsonChunks,
  textEntries,
  valueEntries,
} from "./tag-answer.ts";
import type { TagScope, TagsRequest, TagVersion } from "./tag-request.ts";
import {
  tagsFromMessage,
  tagsFromParameters,
  valuesFromMessage,
  valuesFromParameters,
} from "./tag-request.ts";
import type { TempoForm } from "./tempo-parameters.ts";
import { TEMPO_MEDIA_TYPES } from "./tempo-parameters.ts";
import type { TempoRoute } from "./tempo-route.ts";

/** Routes of tags and their values. */
export function tagRoutes(queries: Queries): readonly TempoRoute[] {
  return [
    ...routesOf(queries, "v1", { tags: "/api/search/tags", values: "/api/search/tag/*tag/values" }),
    ...routesOf(queries, "v2", { tags: "/api/v2/search/tags", values: "/api/v2/search/tag/*tag/values" }),
  ];
}

function routesOf(
  queries: Queries,
  version: TagVersion,
  paths: { readonly tags: string; readonly values: string },
): readonly TempoRoute[] {
  return [
    {
      method: "GET",
      path: paths.tags,
      reply: async ({ search, form, caller }) => {
        const request = tagsFromParameters(search, version);
        const scopes = await scopesFor(queries, request, caller);
        if (version === "v2") return replyOf("scopes", scopeEntries(scopes), form);
        return replyOf("tagNames", textEntries(tagNamesOf(scopes, request.scope)), form);
      },
    },
    {
      method: "GET",
      path: paths.values,
      reply: async ({ search, path, form, caller }) => {
        const question = valuesFromParameters(path["tag"] ?? "", search, version);
        return replyOf("tagValues", await valuesOf(queries, { question, version, caller }), form);
      },
    },
  ];
}

function replyOf(list: string, entries: readonly TagEntry[], form: TempoForm): Reply {
  if (form !== "protobuf") return jsonChunksReply(tagsJsonChunks(list, entries));
  const chunks = [...entries.map(({ bytes }) => bytes), tagsEndBytes()];
  return { status: 200, contentType: TEMPO_MEDIA_TYPES.protobuf, chunks };
}

async function scopesFor(
  queries: Queries,
  request: TagsRequest,
  caller: QueryCaller,
): Promise<readonly ScopeTags[]> {
  return scopesOf(await keysOf(queries, request, caller), request.scope, request.limit);
}

/** All scopes are asked for at once: half a query is run over spans for each question. */
async function keysOf(
  queries: Queries,
  { scope, limit, question }: TagsRequest,
  caller: QueryCaller,
): Promise<Awaited<ReturnType<Queries["attributeKeys"]>>["keys"]> {
  if (hasNoAttributes(scope)) return [];
  const asked = scope === "" || scope === "none" ? { limit: MAX_ATTRIBUTES_LISTED } : { limit, level: scope };
  return (await queries.attributeKeys({ ...question, ...asked }, caller)).keys;
}

function hasNoAttributes(scope: TagScope): scope is "intrinsic" | "trace" {
  return scope === "intrinsic" || scope === "trace";
}

interface ValuesAsked {
  readonly question: AttributeValuesQuestion;
  readonly version: TagVersion;
  readonly caller: QueryCaller;
}

async function valuesOf(
  queries: Queries,
  { question, version, caller }: ValuesAsked,
): Promise<readonly TagEntry[]> {
  return valueEntries((await queries.attributeValues(question, caller)).values, version);
}

/**
 * Answers `StreamingQuerier.SearchTags` or `SearchTagsV2`.
 *
 * @throws TracAggError as the question does
 */
export async function streamTags(queries: Queries, call: StreamedCall, version: TagVersion): Promise<void> {
  const request = tagsFromMessage(call.request, version);
  const scopes = await scopesFor(queries, request, call.caller);
  if (version === "v2") await sendEntries(call, scopeEntries(scopeParts(scopes)));
  else await sendEntries(call, textEntries(tagNamesOf(scopes, request.scope)));
}

/**
 * Answers `StreamingQuerier.SearchTagValues` or `SearchTagValuesV2`.
 *
 * @throws TracAggError as the question does
 */
export async function streamTagValues(
  queries: Queries,
  call: StreamedCall,
  version: TagVersion,
): Promise<void> {
  const question = valuesFromMessage(call.request, version);
  await sendEntries(call, await valuesOf(queries, { question, version, caller: call.caller }));
}

async function sendEntries({ send }: StreamedCall, entries: readonly TagEntry[]): Promise<void> {
  await sendPieces(
    send,
    entries.map(({ bytes }) => bytes),
    tagsEndBytes(),
  );
}
