/** Hands over what the log made durable in the order of its positions, whatever order the promises settle in. */

interface Pending {
  /** Set once the log has answered. */
  settle: (() => void) | undefined;
}

/**
 * A line in which everybody waits for those before them.
 *
 * The log gives positions in the order of `append` calls; the store wants batches in the order of positions. Each
 * append takes a place here at the moment of the call and commits when all earlier ones have committed or failed.
 */
export class OrderedCommits {
  readonly #line: Pending[] = [];

  /**
   * Runs `commit` with what `appended` resolves to, after every earlier call's commit.
   *
   * @returns rejects with what `appended` rejected with or `commit` threw
   */
  run<T>(appended: Promise<T>, commit: (value: T) => void): Promise<void> {
    const place: Pending = { settle: undefined };
    this.#line.push(place);
    return new Promise((resolve, reject) => {
      appended.then(
        (value) => {
          place.settle = () => {
            try {
              commit(value);
              resolve();
            } catch (error) {
              reject(error);
            }
          };
          this.#advance();
        },
        (error: unknown) => {
          place.settle = () => reject(error);
          this.#advance();
        },
      );
    });
  }

  #advance(): void {
    for (let settle = this.#line[0]?.settle; settle !== undefined; settle = this.#line[0]?.settle) {
      this.#line.shift();
      settle();
    }
  }
}
