/** Routes of the Tempo API as data. */

import type { QueryCaller } from "../../query/query-limiter.ts";
import type { Reply } from "../endpoint.ts";
import type { TempoForm } from "./tempo-parameters.ts";

/** What a route is given. */
export interface TempoRequest {
  readonly search: URLSearchParams;
  /** Decoded path parameters by name. */
  readonly path: Readonly<Record<string, string>>;
  readonly accept: string;
  /** What {@link TempoRequest.accept} asks for. */
  readonly form: TempoForm;
  /** Reads the body of a POST. */
  readonly body: () => Promise<Uint8Array>;
  readonly caller: QueryCaller;
}

/** One path and method. */
export interface TempoRoute {
  readonly method: "GET" | "POST";
  /** As express writes it: `/api/traces/:traceId`, `*tag` for a part that may hold slashes. */
  readonly path: string;
  reply(request: TempoRequest): Promise<Reply>;
}

/** A short answer of plain text. */
export function textReply(text: string, status = 200): Reply {
  return { status, contentType: "text/plain", chunks: [text] };
}
