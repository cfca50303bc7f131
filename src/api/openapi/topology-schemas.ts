/** JSON Schemas of the shapes in `topology-contract.ts`, under the same names without `Json`. */

import { PLACE_LEVELS } from "../../analysis/topology/place-node.ts";
import type { JsonSchema } from "../query-parameters.ts";
import { EDGE_SUMS, EDGE_TYPE } from "./live-schemas.ts";
import { AMOUNT, described, listOf, objectOf, orNull, ref, TEXT, TRUTH, wordOf } from "./schema-parts.ts";

const ADJUSTED = described(AMOUNT, "A sampled span counts as often as it stands for.");
const LEVEL = wordOf(...PLACE_LEVELS);

/** Schemas of the topology. */
export function topologySchemas(): Record<string, JsonSchema> {
  return {
    Topology: objectOf({
      callerLevel: LEVEL,
      calleeLevel: LEVEL,
      nodes: listOf(
        objectOf({
          id: TEXT,
          level: described(LEVEL, "`service` for nodes that send no spans, whatever was asked for."),
          name: TEXT,
          type: wordOf("service", "database", "messaging", "virtual_node", "entry", "place"),
          parents: described(
            objectOf(Object.fromEntries(PLACE_LEVELS.map((level) => [level, orNull(TEXT)]))),
            "What is around it; null where it is not known, or not one and the same for all of the node.",
          ),
          callCount: ADJUSTED,
          errorCount: ADJUSTED,
          server: orNull(ref("Durations")),
        }),
      ),
      edges: listOf(objectOf({ from: TEXT, to: TEXT, type: EDGE_TYPE, isSelf: TRUTH, ...EDGE_SUMS })),
      range: ref("CoveredRange"),
    }),
  };
}
