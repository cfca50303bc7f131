/** Shapes of the JSON of `/api/v1/topology`. */

import type { PlaceLevel } from "../analysis/topology/place-node.ts";
import type { EdgeType } from "../window/edges.ts";
import type { CoveredRangeJson } from "./contract.ts";
import type { DurationsJson, EdgeSumsJson } from "./live-contract.ts";

/** A node. Counts are adjusted: a sampled span counts as often as it stands for. */
export interface TopologyNodeJson {
  /** Level and names from the outermost in; what edges call it. */
  readonly id: string;
  /** `service` for nodes that send no spans, whatever was asked for. */
  readonly level: PlaceLevel;
  /** `(no host)` where resources tell of none. */
  readonly name: string;
  /** `place`: services run in it. */
  readonly type: "service" | "database" | "messaging" | "virtual_node" | "entry" | "place";
  /** What is around it; null where it is not known, or not one and the same for all of the node. */
  readonly parents: { readonly [Level in PlaceLevel]: string | null };
  /** Calls answered, whoever made them. */
  readonly callCount: number;
  readonly errorCount: number;
  /** Null for nodes that send no spans. */
  readonly server: DurationsJson | null;
}

/** Calls from one node to another; both ends as the ids of nodes. */
export interface TopologyEdgeJson extends EdgeSumsJson {
  readonly from: string;
  readonly to: string;
  readonly type: EdgeType;
  /** Within one node. */
  readonly isSelf: boolean;
}

/** `GET /api/v1/topology`. */
export interface TopologyJson {
  readonly callerLevel: PlaceLevel;
  readonly calleeLevel: PlaceLevel;
  /** By id. */
  readonly nodes: readonly TopologyNodeJson[];
  /** By the ids of both ends, then type. */
  readonly edges: readonly TopologyEdgeJson[];
  readonly range: CoveredRangeJson;
}
