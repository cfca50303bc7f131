/** Endpoints as data: the routes are made from them and so is the OpenAPI document. */

import type { ErrorCode } from "../base/errors.ts";
import type { QueryCaller } from "../query/query-limiter.ts";
import type { OpenEvents } from "./event-stream.ts";
import type { JsonSchema, ParameterMap, ParameterValues } from "./query-parameters.ts";
import { readParameters } from "./query-parameters.ts";

/** What an endpoint is given. */
export interface EndpointRequest {
  readonly search: URLSearchParams;
  /** Decoded path parameters by name. */
  readonly path: Readonly<Record<string, string>>;
  /** The `Accept` header, "" without one. */
  readonly accept: string;
  /** The `Last-Event-ID` header, "" without one. */
  readonly lastEventId: string;
  readonly caller: QueryCaller;
}

/** An answer: written chunk by chunk, so that a big one neither blocks the process nor lies in memory whole. */
export interface Reply {
  readonly status: number;
  readonly contentType: string;
  /** Further headers; they win over those of every answer. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly chunks: Iterable<string | Uint8Array>;
  /** An answer that is no text, of bounded size, in place of chunks. */
  readonly bytes?: Uint8Array;
  /** Server-sent events, in place of chunks. */
  readonly events?: OpenEvents;
}

/** An answer an endpoint can give, for the document. */
export interface AnswerDescription {
  readonly status: number;
  readonly description: string;
  readonly contentType: string;
  readonly schema: JsonSchema;
}

/** What an endpoint says of itself. */
interface EndpointDescription {
  readonly operationId: string;
  /** OpenAPI form: `/api/v1/traces/{traceId}`. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly description: string;
  readonly pathParameters: Readonly<
    Record<string, { readonly description: string; readonly schema: JsonSchema }>
  >;
  readonly answers: readonly AnswerDescription[];
  /** Codes it can refuse with. */
  readonly errors: readonly ErrorCode[];
}

/** One path that answers GET (and HEAD). */
export interface Endpoint extends EndpointDescription {
  readonly parameters: ParameterMap;
  reply(request: EndpointRequest): Promise<Reply>;
}

/** An endpoint before its parameters are read for it. */
export interface EndpointDefinition<Parameters extends ParameterMap> extends EndpointDescription {
  readonly parameters: Parameters;
  handle(request: EndpointRequest & { readonly values: ParameterValues<Parameters> }): Promise<Reply>;
}

/** An {@link Endpoint} whose handler gets its query parameters read and typed. */
export function defineEndpoint<Parameters extends ParameterMap>(
  definition: EndpointDefinition<Parameters>,
): Endpoint {
  const { handle, ...description } = definition;
  return {
    ...description,
    reply: async (request) => {
      const values = readParameters(definition.parameters, request.search);
      return await handle({ ...request, values });
    },
  };
}

/** Media type of JSON answers. */
export const JSON_TYPE = "application/json";

/** A JSON answer written in one piece: for answers of bounded size. */
export function jsonReply(body: object, status = 200): Reply {
  return { status, contentType: JSON_TYPE, chunks: [JSON.stringify(body)] };
}

/** A JSON answer written in pieces. */
export function jsonChunksReply(chunks: Iterable<string>): Reply {
  return { status: 200, contentType: JSON_TYPE, chunks };
}

/** The 200 of a JSON endpoint, for the document. */
export function jsonAnswer(schema: JsonSchema, description: string): AnswerDescription {
  return { status: 200, description, contentType: JSON_TYPE, schema };
}
