/** Matching traces, page after page. */

import type { TraceListJson, TraceSummaryJson } from "../api/contract.ts";
import type { FoundTraceListJson } from "../api/traceql-contract.ts";
import { MAX_PAGE_SIZE } from "../base/limits.ts";
import type { ApiClient, QueryParameters } from "./api-client.ts";

/** An answer to flags, or to a query. */
type Page = TraceListJson & Partial<Pick<FoundTraceListJson, "warnings">>;

/**
 * Summaries of the traces that match, newest first, at most `limit`.
 *
 * @param onWarning - told what a query probably does not mean
 */
export async function* matchingTraces(
  client: ApiClient,
  filter: QueryParameters,
  limit: number,
  onWarning: (message: string) => void = () => {},
): AsyncGenerator<TraceSummaryJson> {
  let left = limit;
  let pageToken = "";
  do {
    const page = await client.getJson<Page>("/api/v1/traces", {
      ...filter,
      pageSize: String(Math.min(left, MAX_PAGE_SIZE)),
      pageToken: pageToken === "" ? undefined : pageToken,
    });
    if (left === limit) for (const { message } of page.warnings ?? []) onWarning(message);
    yield* page.traces;
    left -= page.traces.length;
    pageToken = page.nextPageToken;
  } while (pageToken !== "" && left > 0);
}
