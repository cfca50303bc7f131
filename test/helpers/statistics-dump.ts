/** What live statistics hold, as plain sorted text that can be compared; exemplars left out, which depend on order. */

import { hexFromBytes } from "../../src/base/bytes.ts";
import type { CellSums, EdgeCell, SpanCell } from "../../src/rollup/cells.ts";
import { Cells } from "../../src/rollup/cells.ts";
import type { LiveStatistics } from "../../src/rollup/live-statistics.ts";
import { partsOfSeries } from "../../src/rollup/series.ts";
import type { PlaceLink } from "../../src/window/place-links.ts";

/** Every cell of every window, and every link of the topology: resolution, start, key, content. */
export function dumpOf(statistics: LiveStatistics): string[] {
  return [...cellDumpOf(statistics), ...topologyDumpOf(statistics)].sort();
}

/** The same without the topology. */
export function cellDumpOf(statistics: LiveStatistics): string[] {
  const lines: string[] = [];
  for (const { windowSeconds, window } of statistics.rollups.all()) {
    const place = `${windowSeconds} ${window.startSeconds}`;
    const { spans, edges } = cellsOf((sums) => window.addTo(sums));
    for (const [series, cell] of spans)
      lines.push(`${place} ${seriesText(statistics, series)} ${spanText(cell)}`);
    for (const [edge, cell] of edges) {
      if (!cell.isEmpty)
        lines.push(`${place} ${JSON.stringify(statistics.edges.key(edge))} ${edgeText(cell)}`);
    }
  }
  return lines.sort();
}

function topologyDumpOf({ topology, edges }: LiveStatistics): string[] {
  const lines: string[] = [];
  const add = (place: string, cells: Cells): void => {
    for (const [id, cell] of cells.edges) {
      const { pair, from, to } = topology.links.link(id) as PlaceLink;
      const ends = [edges.pair(pair), topology.places.place(from), topology.places.place(to)];
      if (!cell.isEmpty) lines.push(`link ${place} ${JSON.stringify(ends)} ${edgeText(cell)}`);
    }
  };
  const hours = new Set<number>();
  for (const { windowSeconds, window } of topology.rollups.all()) {
    hours.add(Math.floor(window.startSeconds / 3_600) * 3_600);
    if (windowSeconds === 60)
      add(
        `60 ${window.startSeconds}`,
        cellsOf((sums) => window.addTo(sums)),
      );
  }
  // When a minute is folded into its hour depends on the time; what an hour holds with those that are not does not.
  for (const start of hours) {
    const range = { start, end: start + 3_600 };
    add(
      `3600 ${start}`,
      cellsOf((sums) => topology.rollups.addUp(range, sums)),
    );
  }
  return lines;
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
  const filled = Object.entries(sketches).filter(([, sketch]) => !sketch.isEmpty);
  const texts = filled.map(([name, sketch]) => `${name}=${hexFromBytes(sketch.toBytes())}`);
  return `${JSON.stringify(counts)} ${texts.sort().join(" ")}`;
}
