/** `/api/v1/topology`: the live graph by where services run. */

import type { PlaceLevel } from "../../analysis/topology/place-node.ts";
import { PLACE_LEVELS } from "../../analysis/topology/place-node.ts";
import type { TopologyRequest } from "../../query/live-topology.ts";
import type { Queries } from "../../query/queries.ts";
import type { Endpoint } from "../endpoint.ts";
import { defineEndpoint, jsonAnswer, jsonReply } from "../endpoint.ts";
import { ref } from "../openapi/schema-parts.ts";
import type { ParameterValues } from "../query-parameters.ts";
import { choiceParameter, optionalChoiceParameter, textParameter } from "../query-parameters.ts";
import { rangeFrom } from "./filter-parameters.ts";
import { hopsParameter, LIVE_RANGE_PARAMETERS } from "./live-parameters.ts";
import { QUERY_ERRORS } from "./query-errors.ts";
import { topologyJson } from "./topology-json.ts";

const TOPOLOGY_PARAMETERS = Object.freeze({
  level: choiceParameter<PlaceLevel>("What both ends of calls are.", PLACE_LEVELS, "instance"),
  callerLevel: optionalChoiceParameter<PlaceLevel>("What those who call are; absent: `level`.", PLACE_LEVELS),
  calleeLevel: optionalChoiceParameter<PlaceLevel>(
    "What those who are called are; absent: `level`.",
    PLACE_LEVELS,
  ),
  service: textParameter("Only calls that this service makes or answers."),
  callerService: textParameter("Only calls that this service makes."),
  calleeService: textParameter("Only calls that this service answers."),
  focus: textParameter("Only the neighbourhood of the nodes with this name or id."),
  hops: hopsParameter,
  ...LIVE_RANGE_PARAMETERS,
});

/** Endpoints of the topology. */
export function topologyEndpoints(queries: Queries): readonly Endpoint[] {
  return [
    defineEndpoint({
      operationId: "getTopology",
      path: "/api/v1/topology",
      tag: "dependencies",
      summary: "The live graph by where services run",
      description:
        "The calls of /api/v1/graph between instances, hosts, zones, clusters or namespaces, as resource attributes " +
        "tell of them, from any level to any other. Windows of a minute are held for two days, hours for thirty days.",
      pathParameters: {},
      parameters: TOPOLOGY_PARAMETERS,
      answers: [jsonAnswer(ref("Topology"), "Nodes by id with what is around them, edges by their ends.")],
      errors: QUERY_ERRORS,
      handle: async ({ values, caller }) =>
        jsonReply(topologyJson(await queries.topology(topologyRequest(values), caller))),
    }),
  ];
}

function topologyRequest(values: ParameterValues<typeof TOPOLOGY_PARAMETERS>): TopologyRequest {
  const { level, callerLevel, calleeLevel, service, callerService, calleeService, focus, hops } = values;
  return {
    level,
    ...(callerLevel === undefined ? {} : { callerLevel }),
    ...(calleeLevel === undefined ? {} : { calleeLevel }),
    ...(service === undefined ? {} : { service }),
    ...(callerService === undefined ? {} : { callerService }),
    ...(calleeService === undefined ? {} : { calleeService }),
    ...(focus === undefined ? {} : { focus, hops }),
    ...rangeFrom(values),
  };
}
