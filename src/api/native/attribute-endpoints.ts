/** `/api/v1/attributes` and `/api/v1/complete`: which keys and values occur, and queries completed out of them. */

import type { AttributeLevel } from "../../model/attribute-facts.ts";
import { ATTRIBUTE_LEVELS } from "../../model/attribute-facts.ts";
import { DEFAULT_ATTRIBUTES_LISTED, MAX_ATTRIBUTES_LISTED } from "../../query/attribute-questions.ts";
import { DEFAULT_SUGGESTIONS, MAX_SUGGESTIONS } from "../../query/complete-query.ts";
import type { Queries } from "../../query/queries.ts";
import type { AttributeListJson, AttributeValueListJson, CompletionJson } from "../attribute-contract.ts";
import type { Endpoint } from "../endpoint.ts";
import { defineEndpoint, jsonAnswer, jsonReply } from "../endpoint.ts";
import { ref } from "../openapi/schema-parts.ts";
import type { ParameterValues } from "../query-parameters.ts";
import {
  anyTextParameter,
  choiceParameter,
  optionalChoiceParameter,
  optionalWholeNumberParameter,
  requiredTextParameter,
  wholeNumberParameter,
} from "../query-parameters.ts";
import { RANGE_PARAMETERS, rangeFrom } from "./filter-parameters.ts";
import { QUERY_ERRORS } from "./query-errors.ts";
import { rangeJson } from "./range-json.ts";

const VALUE_LEVELS: readonly (AttributeLevel | "any")[] = [...ATTRIBUTE_LEVELS, "any"];

const LIST_PARAMETERS = Object.freeze({
  q: anyTextParameter(
    "Only on the spans that this query in TraceQL asks for, as far as it is finished; without it everything is counted.",
  ),
  prefix: anyTextParameter("Only what begins with this, whatever its case."),
  ...RANGE_PARAMETERS,
  limit: wholeNumberParameter("Most entries in the answer.", {
    minimum: 1,
    maximum: MAX_ATTRIBUTES_LISTED,
    default: DEFAULT_ATTRIBUTES_LISTED,
  }),
});

/** Endpoints about attributes. */
export function attributeEndpoints(queries: Queries): readonly Endpoint[] {
  return [keysEndpoint(queries), valuesEndpoint(queries), completeEndpoint(queries)];
}

function keysEndpoint(queries: Queries): Endpoint {
  return defineEndpoint({
    operationId: "listAttributes",
    path: "/api/v1/attributes",
    tag: "catalogue",
    summary: "Which attributes occur",
    description:
      "Keys of spans, resources, events, links and instrumentation scopes, and the intrinsics whose values are listed, " +
      "most spans first.",
    pathParameters: {},
    parameters: {
      level: optionalChoiceParameter("Whose attributes; absent: all.", ATTRIBUTE_LEVELS),
      ...LIST_PARAMETERS,
    },
    answers: [jsonAnswer(ref("AttributeList"), "The keys.")],
    errors: QUERY_ERRORS,
    handle: async ({ values, caller }) => {
      const { level } = values;
      const question = { ...questionFrom(values), ...(level === undefined ? {} : { level }) };
      const { keys, isWhole, spansExamined, range } = await queries.attributeKeys(question, caller);
      const body: AttributeListJson = {
        attributes: keys.map(({ level, key, types, count, lastSeenUnixNano }) => ({
          ...{ level, key, types, count },
          lastSeenUnixNano: lastSeenUnixNano.toString(),
        })),
        isWhole,
        spansExamined,
        range: rangeJson(range),
      };
      return jsonReply(body);
    },
  });
}

function valuesEndpoint(queries: Queries): Endpoint {
  return defineEndpoint({
    operationId: "listAttributeValues",
    path: "/api/v1/attributes/values",
    tag: "catalogue",
    summary: "Which values an attribute has",
    description:
      "Values of one key, the most frequent first. Texts of more than 256 characters, bytes and maps are not listed, of a " +
      "list its elements are. Level intrinsic lists span:name, trace:rootName, trace:rootService, event:name, " +
      "instrumentation:name, instrumentation:version, span:status and span:kind.",
    pathParameters: {},
    parameters: {
      level: choiceParameter("Whose attribute; any: of spans and resources.", VALUE_LEVELS, "any"),
      key: requiredTextParameter("The key, such as http.response.status_code."),
      ...LIST_PARAMETERS,
    },
    answers: [jsonAnswer(ref("AttributeValueList"), "The values.")],
    errors: QUERY_ERRORS,
    handle: async ({ values, caller }) => {
      const { level, key } = values;
      const found = await queries.attributeValues({ ...questionFrom(values), level, key }, caller);
      const body: AttributeValueListJson = {
        ...{ level, key },
        values: found.values.map(({ type, text, count, lastSeenUnixNano }) => ({
          ...{ type, value: text, count },
          lastSeenUnixNano: lastSeenUnixNano.toString(),
        })),
        isWhole: found.isWhole,
        spansExamined: found.spansExamined,
        range: rangeJson(found.range),
      };
      return jsonReply(body);
    },
  });
}

function completeEndpoint(queries: Queries): Endpoint {
  return defineEndpoint({
    operationId: "completeQuery",
    path: "/api/v1/complete",
    tag: "catalogue",
    summary: "What may be written next in a query",
    description:
      "Completes a query in TraceQL, however broken it is: keys and values that occur on the spans that the rest of it asks " +
      "for, best first, then words of the language. A suggestion takes the place of what stands from start to end.",
    pathParameters: {},
    parameters: {
      q: anyTextParameter("The query, as far as it is written."),
      position: optionalWholeNumberParameter("Of the cursor, in UTF-16 units; absent: the end.", 1_000_000),
      ...RANGE_PARAMETERS,
      limit: wholeNumberParameter("Most keys, and values, in the answer.", {
        minimum: 1,
        maximum: MAX_SUGGESTIONS,
        default: DEFAULT_SUGGESTIONS,
      }),
    },
    answers: [jsonAnswer(ref("Completion"), "The suggestions.")],
    errors: QUERY_ERRORS,
    handle: async ({ values, caller }) => {
      const { q = "", position, limit } = values;
      const place = position === undefined ? {} : { position };
      const answer = await queries.complete({ q, limit, ...place, ...rangeFrom(values) }, caller);
      const body: CompletionJson = { ...answer, range: rangeJson(answer.range) };
      return jsonReply(body);
    },
  });
}

function questionFrom(values: ParameterValues<typeof LIST_PARAMETERS>) {
  const { q, prefix, limit } = values;
  return {
    ...(q === undefined ? {} : { q }),
    ...(prefix === undefined ? {} : { prefix }),
    limit,
    ...rangeFrom(values),
  };
}
