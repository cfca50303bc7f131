/** The OpenAPI 3.1 document, written from the endpoint table. */

import type { ErrorCode } from "../../base/errors.ts";
import { ERROR_TABLE } from "../../base/errors.ts";
import type { Endpoint } from "../endpoint.ts";
import type { JsonSchema } from "../query-parameters.ts";
import { ref } from "./schema-parts.ts";
import { componentSchemas } from "./schemas.ts";

/** An OpenAPI document as plain data. */
export interface OpenApiDocument {
  readonly openapi: "3.1.0";
  readonly info: Readonly<Record<string, unknown>>;
  readonly servers: readonly { readonly url: string; readonly description: string }[];
  readonly security: readonly never[];
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, { readonly get: Operation }>>;
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> };
}

/** One operation of the document. */
export interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description: string;
  readonly parameters: readonly OperationParameter[];
  readonly responses: Readonly<Record<string, OperationResponse>>;
}

/** One parameter of an operation. */
export interface OperationParameter {
  readonly name: string;
  readonly in: "query" | "path";
  readonly required: boolean;
  readonly description: string;
  readonly schema: JsonSchema;
}

/** One response of an operation. */
export interface OperationResponse {
  readonly description: string;
  readonly content: Readonly<Record<string, { readonly schema: JsonSchema }>>;
}

/** Media type of refusals (RFC 9457). */
export const PROBLEM_TYPE = "application/problem+json";

const INTRODUCTION = `Traces in, meaning out. Times are nanoseconds since the Unix epoch as decimal strings, with ISO 8601
beside them where people read. Lists come in pages: give \`nextPageToken\` back as \`pageToken\` until it is empty.
Every refusal is a problem document whose \`code\` is stable; a retryable one carries \`Retry-After\`.`;

/** Writes the document for the endpoints of one server. */
export function openApiDocument(
  endpoints: readonly Endpoint[],
  tags: Readonly<Record<string, string>>,
  version: string,
): OpenApiDocument {
  return {
    openapi: "3.1.0",
    info: {
      title: "TracAgg native API",
      version,
      description: INTRODUCTION,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/", description: "This server." }],
    security: [],
    tags: Object.entries(tags).map(([name, description]) => ({ name, description })),
    paths: Object.fromEntries(endpoints.map((endpoint) => [endpoint.path, { get: operationOf(endpoint) }])),
    components: { schemas: componentSchemas() },
  };
}

function operationOf(endpoint: Endpoint): Operation {
  const pathParameters = Object.entries(endpoint.pathParameters).map(
    ([name, { description, schema }]): OperationParameter => ({
      name,
      in: "path",
      required: true,
      description,
      schema,
    }),
  );
  const queryParameters = Object.entries(endpoint.parameters).map(
    ([name, { description, schema, required }]): OperationParameter => ({
      name,
      in: "query",
      required,
      description,
      schema,
    }),
  );
  return {
    operationId: endpoint.operationId,
    tags: [endpoint.tag],
    summary: endpoint.summary,
    description: endpoint.description,
    parameters: [...pathParameters, ...queryParameters],
    responses: { ...answersOf(endpoint), ...refusalsOf(endpoint.errors) },
  };
}

/** Answers that share an HTTP status share a response, described by the first. */
function answersOf(endpoint: Endpoint): Record<string, OperationResponse> {
  const responses: Record<string, OperationResponse> = {};
  for (const { status, description, contentType, schema } of endpoint.answers) {
    const known = responses[String(status)];
    responses[String(status)] = {
      description: known?.description ?? description,
      content: { ...known?.content, [contentType]: { schema } },
    };
  }
  return responses;
}

/** Codes that share an HTTP status share a response. */
function refusalsOf(codes: readonly ErrorCode[]): Record<string, OperationResponse> {
  const responses: Record<string, OperationResponse> = {};
  for (const status of new Set(codes.map((code) => ERROR_TABLE[code].httpStatus))) {
    const sameStatus = codes.filter((code) => ERROR_TABLE[code].httpStatus === status);
    responses[String(status)] = {
      description: sameStatus.map((code) => `${code}: ${ERROR_TABLE[code].meaning}`).join(" "),
      content: { [PROBLEM_TYPE]: { schema: ref("Problem") } },
    };
  }
  return responses;
}
