/** What of the topology is stored, and what is still to be. */

import type { WindowToStore } from "./stored-windows.ts";
import { restoreWindows, storedWindows, windowsToStore } from "./stored-windows.ts";
import type { TopologyRecord } from "./topology-record.ts";
import type { TopologySums } from "./topology-sums.ts";

/** Everything since the last save that did not fail. */
export class TopologySaves {
  readonly #topology: TopologySums;
  /** Number of the first place, and links of each day, that no record has. */
  #firstPlace = 0;
  #links: ReadonlyMap<number, number> = new Map();
  #pending: {
    readonly windows: readonly WindowToStore[];
    readonly firstPlace: number;
    readonly links: ReadonlyMap<number, number>;
  } = { windows: [], firstPlace: 0, links: new Map() };

  constructor(topology: TopologySums) {
    this.#topology = topology;
  }

  /** Takes what a record says. */
  apply({ places, days, windows, unfolded }: TopologyRecord): void {
    const topology = this.#topology;
    for (const [id, place] of places) topology.places.restore(id, place);
    for (const day of days) topology.links.restore(day);
    restoreWindows(topology.rollups, windows, unfolded);
    this.#firstPlace = topology.places.nextId;
    this.#links = topology.links.counts();
  }

  /** What is to be stored: all, or what changed. Say afterwards with {@link settle} what became of it. */
  record(isWhole: boolean): TopologyRecord {
    const { places, links, rollups } = this.#topology;
    const windows = windowsToStore(rollups, isWhole);
    const record = {
      places: places.from(isWhole ? 0 : this.#firstPlace),
      days: links.from(isWhole ? new Map() : this.#links),
      windows: storedWindows(windows),
      unfolded: rollups.unfolded(),
    };
    for (const { window } of windows) window.isDirty = false;
    this.#pending = { windows, firstPlace: places.nextId, links: links.counts() };
    return record;
  }

  /** Says whether the last record was stored. */
  settle(isStored: boolean): void {
    const { windows, firstPlace, links } = this.#pending;
    if (isStored) {
      this.#firstPlace = firstPlace;
      this.#links = links;
      return;
    }
    for (const { window } of windows) window.isDirty = true;
  }
}
