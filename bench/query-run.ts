/** Queries over the stored spans, one at a time, as a person would ask them. */

/** Times of one kind of query. */
export interface QueryTimes {
  readonly name: string;
  readonly runs: number;
  readonly p50Millis: number;
  readonly p95Millis: number;
}

interface QueryCase {
  readonly name: string;
  readonly runs: number;
  readonly path: (run: number) => string;
}

function casesFor(traceIds: readonly string[]): QueryCase[] {
  const services = ["frontend", "cart", "checkout", "product-catalog", "currency"];
  const serviceOf = (run: number) => services[run % services.length] as string;
  return [
    { name: "trace by id", runs: 100, path: (run) => `/api/v1/traces/${traceIds[run % traceIds.length]}` },
    {
      name: "search: service, 20 newest",
      runs: 50,
      path: (run) => `/api/v1/traces?service=${serviceOf(run)}`,
    },
    {
      name: "search: service and duration > 20 ms",
      runs: 50,
      path: (run) => `/api/v1/traces?service=${serviceOf(run)}&minDurationMs=20`,
    },
    {
      name: "search: attribute app.product.id",
      runs: 20,
      path: () => "/api/v1/traces?attribute=app.product.id%3DOLJCESPC7Z",
    },
    { name: "search: attribute nobody has", runs: 5, path: () => "/api/v1/traces?attribute=no.such.key%3D1" },
    { name: "dependencies, everything", runs: 10, path: () => "/api/v1/dependencies" },
    { name: "service statistics, everything", runs: 10, path: () => "/api/v1/statistics/services" },
    {
      name: "performance of one service",
      runs: 5,
      path: () => "/api/v1/statistics/performance?service=checkout",
    },
  ];
}

/** Runs every case against a server; the first answer of each is not counted. */
export async function runQueries(baseUrl: string, traceIds: readonly string[]): Promise<QueryTimes[]> {
  const results: QueryTimes[] = [];
  for (const { name, runs, path } of casesFor(traceIds)) {
    const times: number[] = [];
    for (let run = 0; run <= runs; run++) {
      const start = performance.now();
      const response = await fetch(new URL(path(run), baseUrl));
      await response.arrayBuffer();
      if (!response.ok) throw new Error(`${path(run)}: HTTP ${response.status}`);
      if (run > 0) times.push(performance.now() - start);
    }
    times.sort((left, right) => left - right);
    results.push({
      name,
      runs,
      p50Millis: times[Math.floor(times.length * 0.5)] ?? 0,
      p95Millis: times[Math.min(times.length - 1, Math.floor(times.length * 0.95))] ?? 0,
    });
  }
  return results;
}
