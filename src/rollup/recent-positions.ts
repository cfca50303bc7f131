/** Where in the log the spans lie that came last. */

import type { CommittedBatch } from "../batch/committed-batch.ts";

/** Reading so many again takes a start some tenths of a second. */
const MAX_SPANS = 50_000;
/** Batches are noted in groups of at least so many spans. */
const GROUP_SPANS = 1_000;
const DEFAULT_KEEP_MILLIS = 600_000;

interface Group {
  readonly firstPosition: number;
  spanCount: number;
  lastMillis: number;
}

/** Remembers the positions of some spans back, for some time. */
export class RecentPositions {
  readonly #keepMillis: number;
  #groups: Group[] = [];
  #spanCount = 0;

  constructor(keepMillis: number = DEFAULT_KEEP_MILLIS) {
    this.#keepMillis = keepMillis;
  }

  /** Notes a batch that came. */
  note({ position, batch }: CommittedBatch, nowMillis: number): void {
    let group = this.#groups.at(-1);
    if (group === undefined || group.spanCount >= GROUP_SPANS) {
      group = { firstPosition: position, spanCount: 0, lastMillis: nowMillis };
      this.#groups.push(group);
    }
    group.spanCount += batch.rowCount;
    group.lastMillis = nowMillis;
    this.#spanCount += batch.rowCount;
    while (this.#groups.length > 1 && this.#spanCount > MAX_SPANS) this.#forgetOldest();
  }

  /** Position of the oldest batch that is remembered; undefined for none. */
  firstPosition(nowMillis: number): number | undefined {
    while ((this.#groups[0]?.lastMillis ?? nowMillis) < nowMillis - this.#keepMillis) this.#forgetOldest();
    return this.#groups[0]?.firstPosition;
  }

  #forgetOldest(): void {
    this.#spanCount -= this.#groups.shift()?.spanCount ?? 0;
  }
}
