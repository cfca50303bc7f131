/** Matching traces, page after page. */

import type { TraceListJson, TraceSummaryJson } from "../api/contract.ts";
import { MAX_PAGE_SIZE } from "../base/limits.ts";
import type { ApiClient, QueryParameters } from "./api-client.ts";

/** Summaries of the traces that match, newest first, at most `limit`. */
export async function* matchingTraces(
  client: ApiClient,
  filter: QueryParameters,
  limit: number,
): AsyncGenerator<TraceSummaryJson> {
  let left = limit;
  let pageToken = "";
  do {
    const page = await client.getJson<TraceListJson>("/api/v1/traces", {
      ...filter,
      pageSize: String(Math.min(left, MAX_PAGE_SIZE)),
      pageToken: pageToken === "" ? undefined : pageToken,
    });
    yield* page.traces;
    left -= page.traces.length;
    pageToken = page.nextPageToken;
  } while (pageToken !== "" && left > 0);
}
