/** `/api/traces/{id}`, `/api/v2/traces/{id}` and the difference of two traces. */

import { TracAggError } from "../../base/errors.ts";
import { textFromUtf8 } from "../../base/utf8.ts";
import type { FilteredTrace, SpanFilter } from "../../query/filtered-trace.ts";
import type { Queries } from "../../query/queries.ts";
import type { Reply } from "../endpoint.ts";
import { jsonReply } from "../endpoint.ts";
import type { DiffFormat } from "./diff-answer.ts";
import { DIFF_FORMATS, diffJson } from "./diff-answer.ts";
import { badRequest } from "./tempo-error.ts";
import { secondsRange, truth, wholeNumberUpTo } from "./tempo-parameters.ts";
import type { TempoRequest, TempoRoute } from "./tempo-route.ts";
import type { TraceEnvelope } from "./trace-answer.ts";
import { traceReply } from "./trace-answer.ts";

/** Levels above or below a match that may be asked for: deeper than traces are. */
const MAX_DEPTH = 10_000;
/** Call paths of a patch. */
const MAX_PATCH_OPERATIONS = 1_000;

/** Routes of single traces. */
export function traceRoutes(queries: Queries): readonly TempoRoute[] {
  return [
    // Before the id, which it could be read as.
    { method: "POST", path: "/api/v2/traces/diff", reply: (request) => traceDiff(queries, request) },
    { method: "GET", path: "/api/traces/:traceId", reply: (request) => bareTrace(queries, request) },
    { method: "GET", path: "/api/v2/traces/:traceId", reply: (request) => envelopedTrace(queries, request) },
  ];
}

/** An id of up to 32 hex digits in either case, as lists give it without the zeros in front. */
export function tempoTraceId(text: string): string {
  if (/^[0-9a-f]{1,32}$/i.test(text) && !/^0+$/.test(text)) return text.toLowerCase().padStart(32, "0");
  throw badRequest(
    `invalid trace id: expected up to 32 hex digits, not all zero, got ${JSON.stringify(text)}`,
  );
}

async function bareTrace(queries: Queries, { path, search, form, caller }: TempoRequest): Promise<Reply> {
  const traceId = tempoTraceId(path["traceId"] ?? "");
  checkRange(search);
  const found = await queries.filteredTrace({ traceId, filter: filterFrom(search) }, caller);
  if (found.trace === undefined) throw new TracAggError("not_found", `no span of trace ${traceId} matches`);
  return await traceReply(found, answerForm("bare", { form, caller }));
}

async function envelopedTrace(
  queries: Queries,
  { path, search, form, caller }: TempoRequest,
): Promise<Reply> {
  const traceId = tempoTraceId(path["traceId"] ?? "");
  checkRange(search);
  const request = { traceId, filter: filterFrom(search), cutLarge: true };
  const found = await queries.filteredTrace(request, caller).catch(emptyTrace);
  return await traceReply(found, answerForm("enveloped", { form, caller }));
}

/** An absent trace is an empty one there, and one that memory cannot hold is partial, with nothing in it. */
function emptyTrace(thrown: unknown): FilteredTrace {
  if (!(thrown instanceof TracAggError)) throw thrown;
  if (thrown.code === "not_found") return { trace: undefined, cut: undefined };
  if (thrown.code === "too_large") return { trace: undefined, cut: thrown.message };
  throw thrown;
}

function answerForm(
  envelope: TraceEnvelope,
  { form, caller }: Pick<TempoRequest, "form" | "caller">,
): Parameters<typeof traceReply>[1] {
  return { form, envelope, signal: caller.signal };
}

/** Whole traces are kept together, so a range cannot help to find one; a wrong one is refused all the same. */
function checkRange(search: URLSearchParams): void {
  secondsRange(search);
}

function filterFrom(search: URLSearchParams): SpanFilter | undefined {
  const q = search.get("q") ?? "";
  if (q === "") return undefined;
  return {
    q,
    keepHierarchy: truth(search, "keep_hierarchy"),
    matchDepth: wholeNumberUpTo(search, "match_depth", MAX_DEPTH) ?? 0,
    ancestorDepth: wholeNumberUpTo(search, "ancestor_depth", MAX_DEPTH),
  };
}

async function traceDiff(queries: Queries, { body, caller }: TempoRequest): Promise<Reply> {
  const { base, compare, format } = diffRequestFrom(textFromUtf8(await body()));
  const request = { traceId: compare, withTrace: base, maxNodes: MAX_PATCH_OPERATIONS };
  return jsonReply(diffJson(await queries.compareTraces(request, caller), format));
}

interface DiffRequest {
  readonly base: string;
  readonly compare: string;
  readonly format: DiffFormat;
}

function diffRequestFrom(text: string): DiffRequest {
  const body = objectFrom(text);
  const format = DIFF_FORMATS.find((known) => known === (body["format"] ?? DIFF_FORMATS[0]));
  if (format === undefined) {
    throw badRequest(
      `invalid format: expected one of ${DIFF_FORMATS.join(", ")}, got ${JSON.stringify(body["format"])}`,
    );
  }
  return { base: sideFrom(body, "base"), compare: sideFrom(body, "compare"), format };
}

function sideFrom(body: Readonly<Record<string, unknown>>, name: string): string {
  const traceId = (body[name] as { readonly traceId?: unknown } | null | undefined)?.traceId;
  if (typeof traceId === "string") return tempoTraceId(traceId);
  throw badRequest(
    `invalid ${name}: expected {"traceId": "..."}, got ${JSON.stringify(body[name]) ?? "nothing"}`,
  );
}

function objectFrom(text: string): Readonly<Record<string, unknown>> {
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === "object" && body !== null) return body as Readonly<Record<string, unknown>>;
  } catch {
    // Falls through to the one message for both.
  }
  throw badRequest(
    'invalid body: expected {"base":{"traceId":"..."},"compare":{"traceId":"..."},"format":"..."}',
  );
}
