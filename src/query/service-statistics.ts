/** Sums over the spans of each service in a time range. */

import type { ServiceStatistics } from "../store/trace-statistics.ts";
import type { QueryContext } from "./query-context.ts";
import type { RunningQuery } from "./query-limiter.ts";
import type { CoveredRange, TextRange } from "./trace-filter.ts";
import { coveredRange, timeRangeFrom } from "./trace-filter.ts";

/** Which services, when. */
export interface ServiceStatisticsRequest extends TextRange {
  /** Only this service; absent = all. */
  readonly serviceName?: string;
}

/** The sums and the range they are over. */
export interface ServiceStatisticsAnswer {
  /** By service name. */
  readonly services: readonly ServiceStatistics[];
  readonly range: CoveredRange;
}

/** @throws TracAggError `invalid_argument` when the range cannot be read. */
export async function serviceStatisticsIn(
  context: QueryContext,
  request: ServiceStatisticsRequest,
  { signal, held }: RunningQuery,
): Promise<ServiceStatisticsAnswer> {
  const nowMillis = context.clock.nowMillis();
  const range = timeRangeFrom(request, nowMillis);
  const { serviceName } = request;
  const services = await context.statistics.serviceStatistics({
    ...range,
    ...(serviceName === undefined ? {} : { serviceName }),
    signal,
    held,
  });
  return { services, range: coveredRange(range, nowMillis) };
}
