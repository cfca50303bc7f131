/** What live statistics hold, as plain sorted text that can be compared; exemplars left out, which depend on order. */

import { hexFromBytes } from "../../src/base/bytes.ts";
import type { CellSums, EdgeCell, SpanCell } from "../../src/rollup/cells.ts";
import { Cells } from "../../src/rollup/cells.ts";
import type { LiveStatistics } from "../../src/rollup/live-statistics.ts";
import type { Rollups } from "../../src/rollup/rollups.ts";
import { partsOfSeries } from "../../src/rollup/series.ts";
import type { PlaceLink } from "../../src/window/place-links.ts";

/** Every cell of every window, and every link of the topology: resolution, start, key, content. */
export function dumpOf(statistics: LiveStatistics): string[] {
  return [...cellDumpOf(statistics), ...topologyDumpOf(statistics)].sort();
}

/** The same without the topology. */
export function cellDumpOf(statistics: LiveStatistics): string[] {
  const lines: string[] = [];
  for (const { place, cells } of wholeWindows(statistics.rollups, [10, 60, 3_600])) {
    for (const [series, cell] of cells.spans)
      lines.push(`${place} ${seriesText(statistics, series)} ${spanText(cell)}`);
    for (const [edge, cell] of cells.edges) {
      if (!cell.isEmpty)
        lines.push(`${place} ${JSON.stringify(statistics.edges.key(edge))} ${edgeText(cell)}`);
    }
  }
  return lines.sort();
}

function topologyDumpOf({ topology, edges }: LiveStatistics): string[] {
  const lines: string[] = [];
  for (const { place, cells } of wholeWindows(topology.rollups, [60, 3_600])) {
    for (const [id, cell] of cells.edges) {
      const { pair, from, to } = topology.links.link(id) as PlaceLink;
      const ends = [edges.pair(pair), topology.places.place(from), topology.places.place(to)];
      if (!cell.isEmpty) lines.push(`link ${place} ${JSON.stringify(ends)} ${edgeText(cell)}`);
    }
  }
  return lines;
}

/** When a window is folded into a longer one depends on the time; what both hold together does not. */
function* wholeWindows(rollups: Rollups, lengths: readonly number[]) {
  for (const length of lengths) {
    const starts = [...rollups.all()]
      .filter(({ windowSeconds }) => windowSeconds <= length)
      .map(({ window }) => Math.floor(window.startSeconds / length) * length);
    for (const start of new Set(starts)) {
      const cells = cellsOf((sums) => {
        for (const window of rollups.windows(length, { start, end: start + length })) window.addTo(sums);
      });
      yield { place: `${length} ${start}`, cells };
    }
  }
}

/** The sums of every series and edge that something adds up. */
export function cellsOf(addUp: (sums: CellSums) => void): Cells {
  const cells = new Cells();
  addUp(cells);
  return cells;
}

function seriesText({ operations }: LiveStatistics, series: number): string {
  const { operation, kind, statusCode } = partsOfSeries(series);
  return JSON.stringify([operations.service(operation), operations.name(operation), kind, statusCode]);
}

function spanText({ durations }: SpanCell): string {
  return hexFromBytes(durations.toBytes());
}

function edgeText({ counts, sketches }: EdgeCell): string {
  const texts = Object.entries(sketches).flatMap(([name, sketch]) =>
    sketch === undefined || sketch.isEmpty ? [] : [`${name}=${hexFromBytes(sketch.toBytes())}`],
  );
  return `${JSON.stringify(counts)} ${texts.sort().join(" ")}`;
}
