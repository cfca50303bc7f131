/** The words of many batches, each stored once. */

/** Numbers for strings. Ids are dense, start at 0 and never change; id 0 is always the empty string. */
export interface StringDictionary {
  /** The string of an id. */
  text(id: number): string;
  /** How many strings there are. */
  readonly size: number;
}
