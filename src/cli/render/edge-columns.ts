/** Columns of what is told of calls, whatever they are between. */

import type { DurationsJson, EdgeSumsJson } from "../../api/live-contract.ts";
import type { Style } from "./style.ts";
import type { Column } from "./table.ts";

/** Numbers of calls, then durations as both sides saw them. */
export function edgeColumns(style: Style): readonly Column<EdgeSumsJson>[] {
  return [
    { title: "CALLS", cell: (edge) => edge.callCount.toLocaleString("en-US"), side: "right" },
    {
      title: "ERRORS",
      cell: (edge) => edge.errorCount.toLocaleString("en-US"),
      side: "right",
      look: (text, edge) => (edge.errorCount > 0 ? style.red(text) : text),
    },
    { title: "RETRIES", cell: (edge) => edge.retryCount.toLocaleString("en-US"), side: "right" },
    { title: "CLIENT P95", cell: (edge) => p95Text(edge.client), side: "right" },
    { title: "SERVER P95", cell: (edge) => p95Text(edge.server), side: "right" },
    { title: "GAP P95", cell: (edge) => p95Text(edge.gap ?? edge.delay), side: "right" },
  ];
}

function p95Text(durations: DurationsJson | null): string {
  return durations === null ? "-" : `${durations.p95Ms.toFixed(durations.p95Ms < 10 ? 2 : 0)} ms`;
}
