/** Several ways to do one thing, measured in turn. */

/** One way. */
export interface Way {
  readonly name: string;
  /** Does it once; what it left behind, in bytes, where that matters. */
  readonly run: () => number | undefined | Promise<number | undefined>;
}

/** What a way cost: medians over the rounds. */
export interface WayFigures {
  readonly name: string;
  /** CPU of the whole process. */
  readonly cpuMicros: number;
  readonly wallMicros: number;
  readonly bytes: number | undefined;
}

/** Runs every way `rounds` times, all ways in every round, after one round that does not count. */
export async function measureWays(ways: readonly Way[], rounds: number): Promise<WayFigures[]> {
  const samples = ways.map(() => ({
    cpu: [] as number[],
    wall: [] as number[],
    bytes: undefined as number | undefined,
  }));
  for (let round = 0; round <= rounds; round++) {
    for (const [index, way] of ways.entries()) {
      const startedMillis = performance.now();
      const before = process.cpuUsage();
      const bytes = await way.run();
      const { user, system } = process.cpuUsage(before);
      const sample = samples[index];
      if (round === 0 || sample === undefined) continue;
      sample.cpu.push(user + system);
      sample.wall.push((performance.now() - startedMillis) * 1_000);
      sample.bytes = bytes;
    }
  }
  return ways.map(({ name }, index) => {
    const { cpu = [], wall = [], bytes } = samples[index] ?? {};
    return { name, cpuMicros: median(cpu), wallMicros: median(wall), bytes };
  });
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}
