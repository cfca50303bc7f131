/** A topology as the API's JSON. */

import type { PlaceLevel, PlaceParents } from "../../analysis/topology/place-node.ts";
import type { TopologyAnswer, TopologyAnswerEdge, TopologyAnswerNode } from "../../query/live-topology.ts";
import type { TopologyEdgeJson, TopologyJson, TopologyNodeJson } from "../topology-contract.ts";
import { durationsOrNull, edgeSumsJson, secondsOf } from "./live-json.ts";
import { rangeJson } from "./range-json.ts";

/** A topology. */
export function topologyJson({
  callerLevel,
  calleeLevel,
  nodes,
  edges,
  range,
}: TopologyAnswer): TopologyJson {
  const seconds = secondsOf(range);
  return {
    callerLevel,
    calleeLevel,
    nodes: nodes.map(nodeJson),
    edges: edges.map((edge) => edgeJson(edge, seconds)),
    range: rangeJson(range),
  };
}

function nodeJson({ node, type, callCount, errorCount, server }: TopologyAnswerNode): TopologyNodeJson {
  const { id, level, name, parents } = node;
  return {
    id,
    level,
    name,
    type,
    parents: parentsJson(parents),
    callCount,
    errorCount,
    server: durationsOrNull(server),
  };
}

function parentsJson(parents: PlaceParents): { readonly [Level in PlaceLevel]: string | null } {
  const { service, namespace, instance, host, zone, cluster } = parents;
  return {
    service: service ?? null,
    namespace: namespace ?? null,
    instance: instance ?? null,
    host: host ?? null,
    zone: zone ?? null,
    cluster: cluster ?? null,
  };
}

function edgeJson({ from, to, type, cell }: TopologyAnswerEdge, seconds: number): TopologyEdgeJson {
  return { from: from.id, to: to.id, type, isSelf: from.id === to.id, ...edgeSumsJson(cell, seconds) };
}
