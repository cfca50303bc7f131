/** Who reads the log and how far each one is. */

/** Named readers and their positions. */
export class ReaderRegistry {
  readonly #required: ReadonlySet<string>;
  readonly #positions = new Map<string, number>();
  readonly #holding = new Set<string>();

  /**
   * @param readers - Names that hold records back from the start, before they were ever heard of.
   * @param required - Those that never lose their hold: without them the log refuses records instead.
   */
  constructor(readers: readonly string[], required: readonly string[]) {
    this.#required = new Set(required);
    for (const name of readers) this.#holding.add(name);
  }

  /** Last position the reader released, also when it holds nothing back (any more). */
  positionOf(name: string): number | undefined {
    return this.#positions.get(name);
  }

  /** A position remembered from an earlier run; the reader holds only if it was named or is heard of again. */
  remember(name: string, position: number): void {
    this.#positions.set(name, position);
  }

  /** The position of every reader that holds and does not keep its own, when what an earlier run wrote is lost. */
  rememberLost(position: number): void {
    for (const name of this.#holding) if (!this.#required.has(name)) this.#positions.set(name, position);
  }

  /** Moves a reader forward, never back; it holds what comes after. */
  release(name: string, position: number): void {
    this.#positions.set(name, Math.max(position, this.#positions.get(name) ?? -1));
    this.#holding.add(name);
  }

  /** Everything up to and including this may be forgotten; infinite when nobody reads. */
  minimum(): number {
    let minimum = Number.POSITIVE_INFINITY;
    for (const name of this.#holding) minimum = Math.min(minimum, this.#positions.get(name) ?? -1);
    return minimum;
  }

  /** Takes the hold from the readers furthest behind that may lose it; their names. */
  dropFurthestBehind(): readonly string[] {
    const minimum = this.minimum();
    const dropped = [...this.#holding].filter(
      (name) => (this.#positions.get(name) ?? -1) === minimum && !this.#required.has(name),
    );
    for (const name of dropped) this.#holding.delete(name);
    return dropped;
  }

  /** Positions of the readers that do not keep their own. */
  toPersist(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#positions].filter(([name]) => !this.#required.has(name)));
  }
}
