/** Sums over the whole lake: SQL where a trace lies in one segment, TypeScript for all others. */

import type { DependencyLink } from "../../analysis/dependency-links.ts";
import { HeldPart } from "../../base/held-bytes.ts";
import { inSlices, TimeSlice } from "../../base/time-slice.ts";
import { traceIdOf } from "../../batch/row-ids.ts";
import type { SpanRow } from "../../batch/span-batch.ts";
import { tracesInAnyOrder } from "../../hot/hot-query.ts";
import type { LinksElsewhere } from "../statistics-sums.ts";
import { DependencySums, ServiceSums } from "../statistics-sums.ts";
import type { ServiceStatistics, StatisticsRange } from "../trace-statistics.ts";
import type { LakeSnapshot } from "./lake-snapshot.ts";
import type { Segment } from "./segment.ts";
import { startRange } from "./segment-conditions.ts";
import { SegmentFile } from "./segment-format.ts";
import { coversSegment, linkSums, serviceSums } from "./segment-queries.ts";
import type { SumCache } from "./sum-cache.ts";

/** Shared traces read at once. */
const SHARED_BATCH = 256;

/** Sums by service over the traces that start in the range. */
export async function lakeServiceStatistics(
  snapshot: LakeSnapshot,
  cache: SumCache,
  range: StatisticsRange & { readonly serviceName?: string },
): Promise<readonly ServiceStatistics[]> {
  const sums = new ServiceSums(range.serviceName);
  const slice = new TimeSlice(range.signal);
  for await (const rows of evaluatedTraces(snapshot, range)) await inSlices(sums.addTrace(rows), slice);
  const files = [SegmentFile.SPANS, SegmentFile.TRACES];
  for (const segment of segmentsIn(snapshot, range)) {
    const scope = { range, except: snapshot.sharedIn(segment) };
    const isWhole = coversSegment(segment, range);
    const known = isWhole ? cache.get(segment.name, "services", scope.except) : undefined;
    // A whole segment is summed over all services, so that the next question finds the sum whatever it asks for.
    const service = isWhole ? undefined : range.serviceName;
    // Collected first: a segment that fails half-way must not leave half its sums behind.
    const found =
      known ??
      (await snapshot.reader.read(segment, files, range.signal, async (connection) => {
        const rows: ServiceStatistics[] = [];
        for await (const sum of serviceSums(connection, segment, service, scope)) rows.push(sum);
        return rows;
      }));
    if (found === undefined) continue;
    if (isWhole) cache.set(segment.name, "services", scope.except, found);
    for (const sum of found) sums.addSum(sum);
  }
  return sums.result();
}

/** Dependency links over the traces that start in the range. */
export async function lakeDependencies(
  snapshot: LakeSnapshot,
  cache: SumCache,
  range: StatisticsRange,
  linksElsewhere: LinksElsewhere | undefined,
): Promise<readonly DependencyLink[]> {
  const sums = new DependencySums(linksElsewhere);
  const slice = new TimeSlice(range.signal);
  for await (const rows of evaluatedTraces(snapshot, range)) {
    await sums.addTrace(rows, range);
    if (slice.isOver(rows.length)) await slice.rest();
  }
  const files = [SegmentFile.LINKS, SegmentFile.TRACES];
  for (const segment of segmentsIn(snapshot, range)) {
    const scope = { range, except: snapshot.sharedIn(segment) };
    const isWhole = coversSegment(segment, range);
    const known = isWhole ? cache.get(segment.name, "links", scope.except) : undefined;
    const links =
      known ??
      (await snapshot.reader.read(segment, files, range.signal, (connection) =>
        linkSums(connection, segment, scope),
      ));
    if (links === undefined) continue;
    if (isWhole) cache.set(segment.name, "links", scope.except, links);
    sums.addLinks(links);
  }
  return sums.result();
}

function segmentsIn(snapshot: LakeSnapshot, range: StatisticsRange): readonly Segment[] {
  const { startTimeUnixNano, endTimeUnixNano } = range;
  return snapshot.segments.filter(
    ({ meta }) =>
      (startTimeUnixNano === undefined || meta.maxTraceStartUnixNano >= startTimeUnixNano) &&
      (endTimeUnixNano === undefined || meta.minTraceStartUnixNano < endTimeUnixNano),
  );
}

/** Distinct rows of the traces that are hot or lie in several places, and start in the range. */
async function* evaluatedTraces(
  snapshot: LakeSnapshot,
  range: StatisticsRange,
): AsyncGenerator<readonly SpanRow[], void> {
  const { shared, view } = snapshot;
  for await (const rows of tracesInAnyOrder(view, startRange(range), range)) {
    if (shared.size === 0 || !shared.has(traceIdOf(rows[0]!))) yield rows;
  }
  const ids: string[] = [];
  for (const [traceId, places] of shared) {
    const start = snapshot.startOf(traceId, places);
    if (start === undefined) continue;
    if (range.startTimeUnixNano !== undefined && start < range.startTimeUnixNano) continue;
    if (range.endTimeUnixNano !== undefined && start >= range.endTimeUnixNano) continue;
    ids.push(traceId);
  }
  for (let start = 0; start < ids.length; start += SHARED_BATCH) {
    const held = new HeldPart(range.held);
    const gathered = await snapshot.gather(ids.slice(start, start + SHARED_BATCH), range.signal, held);
    yield* gathered.values();
    held.release();
  }
}
