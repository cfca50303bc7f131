import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ReaderPool } from "../../../src/store/lake/reader-pool.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";

const CONCURRENCY = 2;
/** More files than the pool keeps a database for. */
const MANY_FILES = 600;

let folder: string;
let pool: ReaderPool;
let isPressed = false;

beforeEach(async () => {
  folder = temporaryFolder();
  isPressed = false;
  pool = await ReaderPool.open({
    directory: folder,
    temporaryDirectory: join(folder, "tmp"),
    memoryLimitBytes: 256 * 1024 * 1024,
    threads: 1,
    concurrency: CONCURRENCY,
    maxWaiting: 16,
    isPressed: () => isPressed,
  });
});

afterEach(async () => {
  await pool.close();
});

async function writeFile(name: string): Promise<string> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const path = join(folder, name);
  await connection.run(`COPY (SELECT range AS n FROM range(50_000)) TO '${path}' (FORMAT parquet)`);
  connection.closeSync();
  instance.closeSync();
  return path;
}

const sumOf = (path: string): Promise<unknown> =>
  pool.use(
    undefined,
    async ({ rows }) => (await rows("SELECT sum(n)::DOUBLE FROM read_parquet($1)", [path]))[0]?.[0],
  );

/** Bytes that the database keeps of files it has read. */
const keptBytes = (): Promise<number> =>
  pool.use(undefined, async ({ rows }) => {
    const sql =
      "SELECT sum(memory_usage_bytes)::DOUBLE FROM duckdb_memory() WHERE tag = 'EXTERNAL_FILE_CACHE'";
    return (await rows(sql, []))[0]?.[0] as number;
  });

it("forgets what it kept of files once many are gone, and answers as before", async () => {
  const path = await writeFile("numbers.parquet");
  const expected = (49_999 * 50_000) / 2;
  expect(await sumOf(path)).toBe(expected);
  expect(await keptBytes()).toBeGreaterThan(0);
  pool.filesGone(MANY_FILES);
  await vi.waitFor(() => expect(pool.renewals).toEqual({ done: 1, failed: 0 }), { timeout: 10_000 });
  expect(await keptBytes()).toBe(0);
  expect(await sumOf(path)).toBe(expected);
});

it("keeps its database while few files are gone", async () => {
  pool.filesGone(1);
  await sumOf(await writeFile("numbers.parquet"));
  expect(pool.renewals).toEqual({ done: 0, failed: 0 });
});

it("lets queries that run end on the database they began with, and never runs more than it may", async () => {
  const path = await writeFile("numbers.parquet");
  let running = 0;
  let most = 0;
  let letGo = (): void => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const query = (wait: Promise<void>): Promise<unknown> =>
    pool.use(undefined, async ({ rows }) => {
      most = Math.max(most, ++running);
      await wait;
      const [row] = await rows("SELECT count(*)::INTEGER FROM read_parquet($1)", [path]);
      running--;
      return row?.[0];
    });
  const early = [query(held), query(held)];
  pool.filesGone(MANY_FILES);
  await vi.waitFor(() => expect(pool.renewals).toEqual({ done: 1, failed: 0 }), { timeout: 10_000 });
  const late = [query(Promise.resolve()), query(Promise.resolve()), query(Promise.resolve())];
  expect(pool.waiting).toBe(3);
  letGo();
  expect(await Promise.all([...early, ...late])).toEqual([50_000, 50_000, 50_000, 50_000, 50_000]);
  expect(most).toBe(CONCURRENCY);
});

it("runs one query at a time while it is pressed, and as many as it may again afterwards", async () => {
  let most = 0;
  let running = 0;
  const query = (): Promise<void> =>
    pool.use(undefined, async ({ rows }) => {
      running++;
      most = Math.max(most, running);
      await rows("SELECT sum(range)::DOUBLE FROM range(1_000_000)", []);
      running--;
    });
  isPressed = true;
  await Promise.all([query(), query(), query()]);
  expect(most).toBe(1);
  const waiting = [query(), query(), query()];
  isPressed = false;
  await Promise.all(waiting);
  expect(most).toBe(CONCURRENCY);
});
