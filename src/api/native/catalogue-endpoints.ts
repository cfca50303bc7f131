/** `/api/v1/services` and `/api/v1/operations`: which names occur. */

import type { Queries } from "../../query/queries.ts";
import type { OperationListJson, ServiceListJson } from "../contract.ts";
import type { Endpoint } from "../endpoint.ts";
import { defineEndpoint, jsonAnswer, jsonReply } from "../endpoint.ts";
import { ref } from "../openapi/schema-parts.ts";
import { requiredTextParameter } from "../query-parameters.ts";
import { QUERY_ERRORS } from "./query-errors.ts";

/** Endpoints of the catalogue. */
export function catalogueEndpoints(queries: Queries): readonly Endpoint[] {
  return [
    defineEndpoint({
      operationId: "listServices",
      path: "/api/v1/services",
      tag: "catalogue",
      summary: "Names of all services",
      description: "Every service name that occurs in the stored spans, sorted.",
      pathParameters: {},
      parameters: {},
      answers: [jsonAnswer(ref("ServiceList"), "The names.")],
      errors: QUERY_ERRORS,
      handle: async ({ caller }) => {
        const body: ServiceListJson = { services: await queries.services(caller), nextPageToken: "" };
        return jsonReply(body);
      },
    }),
    defineEndpoint({
      operationId: "listOperations",
      path: "/api/v1/operations",
      tag: "catalogue",
      summary: "Operations of a service",
      description:
        "Span names and kinds of a service, sorted by name, then kind; none for an unknown service.",
      pathParameters: {},
      parameters: { service: requiredTextParameter("Name of the service.") },
      answers: [jsonAnswer(ref("OperationList"), "The operations.")],
      errors: QUERY_ERRORS,
      handle: async ({ values, caller }) => {
        const operations = await queries.operations(values.service, caller);
        const body: OperationListJson = {
          operations: operations.map(({ name, kind }) => ({ name, kind })),
          nextPageToken: "",
        };
        return jsonReply(body);
      },
    }),
  ];
}
