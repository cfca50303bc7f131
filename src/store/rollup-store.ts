/** The port that keeps statistics by time across restarts. */

/** A `whole` record stands for itself; a `change` for what comes after those before it. */
export type RollupRecordKind = "whole" | "change";

/** Records of bytes, in the order they were saved. What is in them is not the store's business. */
export interface RollupStore {
  /**
   * Of each instance whose records are here the last whole one and the changes after it, oldest first; a damaged one and
   * those after it are left out, and said in the log. This instance's come first; others are those of instances that are
   * gone, which this one takes over. Empty when there is none.
   */
  load(): Promise<readonly (readonly Uint8Array[])[]>;
  /**
   * Keeps a record durably; a whole one takes the place of all before it, of every instance.
   *
   * @throws TracAggError `unavailable` when the disk refuses; what was saved before stays.
   */
  save(kind: RollupRecordKind, record: Uint8Array): Promise<void>;
}

/** Keeps nothing: for stores that forget everything at the end themselves. */
export const NO_ROLLUP_STORE: RollupStore = Object.freeze({
  load: async () => [],
  save: async () => {},
});
