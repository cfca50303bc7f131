/** Calls between places, in windows of time. */

import type { Edges } from "../window/edges.ts";
import { PlaceLinks } from "../window/place-links.ts";
import type { Places } from "../window/places.ts";
import type { CompleteCall } from "../window/trace-calls.ts";
import type { EdgeCell } from "./cells.ts";
import type { Resolution } from "./rollup-level.ts";
import { Rollups } from "./rollups.ts";

const MINUTE = 60;
const HOUR = 3_600;
const DAY = 86_400;

/**
 * No tens of seconds: what they would cost on the way in and in memory is as much again, and instances are looked at over
 * minutes.
 */
const RESOLUTIONS: readonly Resolution[] = Object.freeze([
  { windowSeconds: MINUTE, keepSeconds: 2 * DAY },
  { windowSeconds: HOUR, keepSeconds: 30 * DAY },
]);
/** A day more than the longest windows are held. */
const KEEP_LINKS_SECONDS = 31 * DAY;
/** Bytes of resting windows, apart from those of everything else, so that many instances cost none of that. */
const DEFAULT_MAX_BYTES = 128 * 1024 * 1024;

const NO_CELLS: readonly EdgeCell[] = Object.freeze([]);

/** Bounds of the topology. */
export interface TopologyOptions {
  /** Links told apart by instance in a day. Default 10,000. */
  readonly maxLinks?: number;
  /** Bytes of its windows of time at rest. Default 128 MiB. */
  readonly maxTopologyBytes?: number;
}

/** What `addUp` of {@link rollups} calls an edge is the number of a link here. */
export class TopologySums {
  readonly places: Places;
  readonly links: PlaceLinks;
  readonly rollups: Rollups;
  readonly #edges: Edges;

  constructor(places: Places, edges: Edges, { maxLinks, maxTopologyBytes }: TopologyOptions = {}) {
    this.places = places;
    this.#edges = edges;
    this.links = new PlaceLinks(places, maxLinks);
    this.rollups = new Rollups({
      resolutions: RESOLUTIONS,
      maxBytes: maxTopologyBytes ?? DEFAULT_MAX_BYTES,
    });
  }

  /** The cells that a call of that moment belongs into. */
  cellsOf({ edge, fromPlace, toPlace }: CompleteCall, seconds: number): readonly EdgeCell[] {
    const windows = this.rollups.windowsAt(seconds);
    if (windows.length === 0) return NO_CELLS;
    const link = this.links.idOf(seconds, this.#edges.pairOf(edge), fromPlace, toPlace);
    return windows.map((window) => window.edgeCell(link));
  }

  /** Lets time go on: old windows go, with the links and places that only they knew. */
  tick(nowSeconds: number, spanPlaces: Uint32Array): void {
    this.rollups.tick(nowSeconds);
    this.links.forgetBefore(this.rollups.nowSeconds - KEEP_LINKS_SECONDS);
    if (!this.places.isSweepDue(nowSeconds)) return;
    const used = new Set<number>();
    let last = -1;
    for (const place of spanPlaces) {
      // Rows of one request lie side by side.
      if (place !== last) used.add(place);
      last = place;
    }
    this.links.addPlacesTo(used);
    this.places.keepOnly(used, nowSeconds);
  }
}
