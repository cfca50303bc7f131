/** `/api/services`, `/api/operations`, `/api/services/{service}/operations` and `/api/dependencies`. */

import type { Queries } from "../../query/queries.ts";
import type { Reply } from "../endpoint.ts";
import type { ForeignRequest, ForeignRoute } from "../foreign-api.ts";
import { badRequest, integerParameter } from "./go-values.ts";
import type { JaegerApiOptions } from "./jaeger-options.ts";
import { envelopeReply } from "./legacy-answer.ts";
import { rangeOf } from "./legacy-search.ts";

const NANOS_PER_MILLI = 1_000_000n;
const DEFAULT_LOOKBACK_MILLIS = 86_400_000n;

/** Routes of names, and of who calls whom. */
export function catalogueRoutes({ queries, clock }: JaegerApiOptions): readonly ForeignRoute[] {
  return [
    { method: "GET", path: "/api/services", reply: (request) => servicesReply(queries, request) },
    { method: "GET", path: "/api/operations", reply: (request) => operationsReply(queries, request) },
    {
      method: "GET",
      path: "/api/services/:service/operations",
      reply: (request) => operationNamesReply(queries, request),
    },
    {
      method: "GET",
      path: "/api/dependencies",
      reply: (request) => dependenciesReply(queries, request, clock.nowMillis()),
    },
  ];
}

async function servicesReply(queries: Queries, request: ForeignRequest): Promise<Reply> {
  const services = await queries.services(request.caller);
  return envelopeReply(request, services, { total: services.length });
}

async function operationsReply(queries: Queries, request: ForeignRequest): Promise<Reply> {
  const service = request.search.get("service") ?? "";
  if (service === "") throw badRequest("parameter 'service' is required", "service");
  const wanted = request.search.get("spanKind") ?? "";
  const operations = (await queries.operations(service, request.caller))
    .map(({ name, kind }) => ({ name, spanKind: kind === "UNSPECIFIED" ? "" : kind.toLowerCase() }))
    .filter(({ spanKind }) => wanted === "" || spanKind === wanted);
  return envelopeReply(request, operations, { total: operations.length });
}

async function operationNamesReply(queries: Queries, request: ForeignRequest): Promise<Reply> {
  const operations = await queries.operations(request.path["service"] ?? "", request.caller);
  const names = [...new Set(operations.map(({ name }) => name))];
  return envelopeReply(request, names, { total: names.length });
}

async function dependenciesReply(
  queries: Queries,
  request: ForeignRequest,
  nowMillis: number,
): Promise<Reply> {
  const { search } = request;
  const endTs = integerParameter(search, "endTs") ?? BigInt(Math.trunc(nowMillis));
  const lookback = integerParameter(search, "lookback") ?? DEFAULT_LOOKBACK_MILLIS;
  const range = rangeOf((endTs - lookback) * NANOS_PER_MILLI, endTs * NANOS_PER_MILLI);
  if (range === undefined) return envelopeReply(request, []);
  const { links } = await queries.dependencies(range, request.caller);
  const service = search.get("service") ?? "";
  const calls = new Map<string, { parent: string; child: string; callCount: number }>();
  for (const { fromService: parent, toService: child, callCount } of links) {
    if (service !== "" && service !== parent && service !== child) continue;
    const key = JSON.stringify([parent, child]);
    const known = calls.get(key);
    if (known === undefined) calls.set(key, { parent, child, callCount });
    else known.callCount += callCount;
  }
  return envelopeReply(request, [...calls.values()]);
}
