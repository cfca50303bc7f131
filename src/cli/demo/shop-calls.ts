/** The ways services of the demo's shop call one another, with the attributes OpenTelemetry gives such spans. */

import type { Attributes } from "../../model/attribute-value.ts";
import type { RequestScript } from "./request-script.ts";

/** One HTTP call between services. */
export interface HttpCall {
  readonly from: string;
  readonly to: string;
  readonly method: string;
  /** With placeholders: `/cart/{id}`. */
  readonly route: string;
}

/** A client span, the way over the network, and a server span around `body`, which answers with the HTTP status. */
export function httpCall(script: RequestScript, call: HttpCall, body: () => number): number {
  const { from, to, method, route } = call;
  const client = {
    service: from,
    name: method,
    kind: "CLIENT" as const,
    attributes: {
      "http.request.method": method,
      "url.full": `http://${to}:8080${route}`,
      "server.address": to,
      "server.port": 8080n,
    },
  };
  return script.span(client, () => {
    script.work(0.2, 0.8);
    const status = httpServer(script, { service: to, method, route }, body);
    script.work(0.2, 0.6);
    finishHttp(script, status, 400);
    return status;
  });
}

/** A server span around `body`, which answers with the HTTP status. */
export function httpServer(
  script: RequestScript,
  { service, method, route }: { readonly service: string; readonly method: string; readonly route: string },
  body: () => number,
): number {
  const attributes = { "http.request.method": method, "http.route": route, "url.scheme": "http" };
  return script.span({ service, name: `${method} ${route}`, kind: "SERVER", attributes }, () => {
    script.work(0.3, 1.2);
    const status = body();
    script.work(0.2, 0.8);
    finishHttp(script, status, 500);
    return status;
  });
}

/** A client fails from 400, a server from 500 (semantic conventions, "HTTP spans", status). */
function finishHttp(script: RequestScript, status: number, leastError: number): void {
  script.set("http.response.status_code", BigInt(status));
  if (status >= leastError) script.fail("");
}

/** A call of a peer that sends no spans of its own. */
export interface PeerCall {
  readonly service: string;
  readonly name: string;
  readonly attributes: Attributes;
  readonly leastMillis: number;
  readonly mostMillis: number;
  /** Makes the call fail with this exception. */
  readonly failure?: { readonly type: string; readonly message: string } | undefined;
}

/** A client span without a server span: database, cache or a service outside. */
export function peerCall(script: RequestScript, call: PeerCall): boolean {
  const { service, name, attributes, failure } = call;
  return script.span({ service, name, kind: "CLIENT", attributes }, () => {
    script.work(call.leastMillis, call.mostMillis);
    if (failure === undefined) return true;
    script.event("exception", { "exception.type": failure.type, "exception.message": failure.message });
    script.set("error.type", failure.type);
    script.fail(failure.message);
    return false;
  });
}

/** A query of the shop's PostgreSQL. */
export function postgresQuery(
  script: RequestScript,
  service: string,
  table: string,
  verb = "SELECT",
): boolean {
  const statements: Readonly<Record<string, string>> = {
    SELECT: `SELECT * FROM ${table} WHERE id = $1`,
    INSERT: `INSERT INTO ${table} VALUES ($1, $2)`,
    UPDATE: `UPDATE ${table} SET reserved = reserved + 1 WHERE id = $1`,
  };
  const attributes = {
    "db.system.name": "postgresql",
    "db.operation.name": verb,
    "db.query.text": statements[verb] ?? verb,
    "server.address": "postgres",
    "server.port": 5432n,
  };
  return peerCall(script, { service, name: `${verb} ${table}`, attributes, leastMillis: 1.5, mostMillis: 6 });
}

/** A command of the shop's Redis. */
export function redisCommand(
  script: RequestScript,
  service: string,
  command: string,
  failure?: PeerCall["failure"],
): boolean {
  const attributes = {
    "db.system.name": "redis",
    "db.operation.name": command,
    "server.address": "redis",
    "server.port": 6379n,
  };
  return peerCall(script, {
    service,
    name: command,
    attributes,
    leastMillis: failure === undefined ? 0.3 : 40,
    mostMillis: failure === undefined ? 1.5 : 60,
    failure,
  });
}
