/** Which places call which, each pair of them once a day under a number, in bounded number. */

import type { Places } from "./places.ts";

/**
 * Links told apart by instance in a day; then as many by host, then as many by zone, then one for each pair of services.
 */
export const DEFAULT_MAX_LINKS = 10_000;

const DAY_SECONDS = 86_400;
/** Days at hand are at most 33: those of the longest windows, and one on either side. */
const SLOTS = 64;
/** Links of one day: three times the bound, and one for each pair of services. */
const DAY_LINKS = 2 ** 20;
/** Numbers of places stay below: at a thousand new ones a day for a hundred years. */
const MAX_PLACE_ID = 2 ** 26;

/** Two services, by the number of their pair, and where they run. */
export interface PlaceLink {
  readonly pair: number;
  readonly from: number;
  readonly to: number;
}

/** Links of one day, from a place in its list on. */
export interface DayLinks {
  readonly day: number;
  readonly first: number;
  readonly links: readonly PlaceLink[];
}

/**
 * Numbers for links. Instances come and go with every deployment, so each day has a list of its own, which goes with the
 * last window that counts in it. In the list nothing is ever taken out, and a link that found it full once finds it full
 * again: what is taken back later is taken back where it was added.
 */
export class PlaceLinks {
  readonly #places: Places;
  readonly #max: number;
  readonly #lists: Map<number, DayList> = new Map();
  #last: DayList | undefined;
  /** Calls that were counted between other places than their own. */
  overflowed = 0;

  constructor(places: Places, maxLinks: number = DEFAULT_MAX_LINKS) {
    this.#places = places;
    this.#max = maxLinks;
  }

  /** Links known, of all days. */
  get count(): number {
    let count = 0;
    for (const list of this.#lists.values()) count += list.count;
    return count;
  }

  /** The number of a link for a call of that moment. */
  idOf(seconds: number, pair: number, from: number, to: number): number {
    const list = this.#listOf(Math.floor(seconds / DAY_SECONDS));
    const at = list.find(pair, from, to);
    if (at !== -1) return idIn(list, at);
    if (list.count < this.#max) return idIn(list, list.add(pair, from, to));
    return this.#widerId(list, pair, from, to);
  }

  /** The link with a number; undefined once its day is forgotten. */
  link(id: number): PlaceLink | undefined {
    const list = this.#lists.get(Math.floor(id / DAY_LINKS));
    const at = id % DAY_LINKS;
    return list === undefined || at >= list.count ? undefined : list.link(at);
  }

  /** The links of each day that has more than those counted in `known`. */
  from(known: ReadonlyMap<number, number>): DayLinks[] {
    const days: DayLinks[] = [];
    for (const list of this.#lists.values()) {
      const first = known.get(list.day) ?? 0;
      if (first < list.count) days.push({ day: list.day, first, links: list.from(first) });
    }
    return days;
  }

  /** Links of each day. */
  counts(): Map<number, number> {
    return new Map(Array.from(this.#lists.values(), ({ day, count }) => [day, count]));
  }

  /** Puts links back that were stored, whatever the bound is now. */
  restore({ day, first, links }: DayLinks): void {
    const list = this.#listOf(day);
    for (const { pair, from, to } of links.slice(Math.max(0, list.count - first))) list.add(pair, from, to);
  }

  /** Forgets the days that end before a moment. */
  forgetBefore(seconds: number): void {
    for (const [slot, { day }] of this.#lists) {
      if ((day + 1) * DAY_SECONDS <= seconds) this.#lists.delete(slot);
    }
    this.#last = undefined;
  }

  /** Adds the numbers of all places that links name. */
  addPlacesTo(used: Set<number>): void {
    for (const list of this.#lists.values()) list.addPlacesTo(used);
  }

  /** Beyond the bound: by host, by zone, at last by nothing but the services. */
  #widerId(list: DayList, pair: number, from: number, to: number): number {
    this.overflowed++;
    for (const [step, parts] of (["instances", "hosts", "all"] as const).entries()) {
      const widerFrom = this.#places.coarser(from, parts);
      const widerTo = this.#places.coarser(to, parts);
      const at = list.find(pair, widerFrom, widerTo);
      if (at !== -1) return idIn(list, at);
      if (parts === "all" || list.count < this.#max * (step + 2))
        return idIn(list, list.add(pair, widerFrom, widerTo));
    }
    throw new RangeError("expected a last resort for every link");
  }

  #listOf(day: number): DayList {
    if (this.#last?.day === day) return this.#last;
    let list = this.#lists.get(day % SLOTS);
    if (list?.day !== day) {
      list = new DayList(day);
      this.#lists.set(day % SLOTS, list);
    }
    this.#last = list;
    return list;
  }
}

/** The links of one day. */
class DayList {
  readonly day: number;
  readonly #pairs: number[] = [];
  readonly #froms: number[] = [];
  readonly #tos: number[] = [];
  /** Places in the list, by pair, then by both places in one number. */
  readonly #byPair: Map<number, Map<number, number>> = new Map();

  constructor(day: number) {
    this.day = day;
  }

  get count(): number {
    return this.#pairs.length;
  }

  find(pair: number, from: number, to: number): number {
    return this.#byPair.get(pair)?.get(from * MAX_PLACE_ID + to) ?? -1;
  }

  add(pair: number, from: number, to: number): number {
    const at = this.#pairs.push(pair) - 1;
    this.#froms.push(from);
    this.#tos.push(to);
    const ofPair = this.#byPair.get(pair) ?? new Map<number, number>();
    this.#byPair.set(pair, ofPair);
    ofPair.set(from * MAX_PLACE_ID + to, at);
    return at;
  }

  link(at: number): PlaceLink {
    return {
      pair: this.#pairs[at] as number,
      from: this.#froms[at] as number,
      to: this.#tos[at] as number,
    };
  }

  from(first: number): PlaceLink[] {
    return Array.from({ length: this.count - first }, (_, at) => this.link(first + at));
  }

  addPlacesTo(used: Set<number>): void {
    for (const place of this.#froms) used.add(place);
    for (const place of this.#tos) used.add(place);
  }
}

/** Small whole numbers, that engines handle best; a slot serves one day at a time. */
function idIn({ day }: DayList, at: number): number {
  return (day % SLOTS) * DAY_LINKS + at;
}
