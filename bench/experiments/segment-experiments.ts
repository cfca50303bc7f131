/** Other ways to write and to read the spans of a segment, tried on a segment that a seal wrote. */

import { statSync } from "node:fs";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { DuckDBInstance } from "@duckdb/node-api";
import type { Way } from "./measure.ts";

const CODEC = "COMPRESSION zstd";
const ROW_GROUP = 16_384;

/** A segment's spans in memory, and a folder for what is tried. */
export class SpansInMemory {
  readonly #connection: DuckDBConnection;
  readonly #folder: string;

  private constructor(connection: DuckDBConnection, folder: string) {
    this.#connection = connection;
    this.#folder = folder;
  }

  /** Loads `spans.parquet` of the segment in `segmentFolder`. */
  static async load(segmentFolder: string, workFolder: string): Promise<SpansInMemory> {
    const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
    const connection = await instance.connect();
    await connection.run("BEGIN TRANSACTION");
    await connection.run(`CREATE TABLE spans AS FROM '${join(segmentFolder, "spans.parquet")}'`);
    await connection.run(`CREATE TABLE texts AS SELECT ${await asTexts(connection)} FROM spans`);
    await connection.run(`CREATE TABLE codes AS SELECT ${await asCodes(connection)} FROM spans`);
    return new SpansInMemory(connection, workFolder);
  }

  /** Compression, encodings and the size of row groups. */
  writing(): Way[] {
    return [
      this.#copy("zstd, row groups of 16,384", "FROM spans", CODEC),
      this.#copy("zstd, row groups of 40,960", "FROM spans", CODEC, 40_960),
      this.#copy("zstd, row groups of 122,880", "FROM spans", CODEC, 122_880),
      this.#copy("zstd, level 1", "FROM spans", `${CODEC}, COMPRESSION_LEVEL 1`),
      this.#copy("zstd, Parquet 2 encodings", "FROM spans", `${CODEC}, PARQUET_VERSION v2`),
      this.#copy("lz4", "FROM spans", "COMPRESSION lz4_raw"),
      this.#copy("snappy", "FROM spans", "COMPRESSION snappy"),
      this.#copy("not compressed", "FROM spans", "COMPRESSION uncompressed"),
    ];
  }

  /** Names, services and attribute texts as strings, or as codes of an enum. */
  texts(): Way[] {
    return [
      this.#copy("texts as VARCHAR", "FROM texts", CODEC),
      this.#copy("texts as enum codes", "FROM codes", CODEC),
    ];
  }

  /** What the columns of attributes cost. */
  columns(): Way[] {
    return [
      this.#copy("all columns", "FROM spans", CODEC),
      this.#copy("without attribute columns", `SELECT COLUMNS('^[^.]+$') FROM spans`, CODEC),
      this.#copy("without the rest of the bytes", "SELECT * EXCLUDE rest FROM spans", CODEC),
    ];
  }

  /** The order of the rows. */
  orders(): Way[] {
    return [
      this.#copy("by trace", "FROM spans ORDER BY trace_id, start_time_unix_nano, span_id", CODEC),
      this.#copy("by start", "FROM spans ORDER BY start_time_unix_nano", CODEC),
      this.#copy(
        "by service, name, start",
        "FROM spans ORDER BY service_name, name, start_time_unix_nano",
        CODEC,
      ),
    ];
  }

  /** Questions to files in these orders; run {@link SpansInMemory.orders} before. */
  async lookups(): Promise<Way[]> {
    const reader = await this.#connection.runAndReadAll(
      "SELECT hex(trace_id), service_name FROM spans LIMIT 1 OFFSET 4000",
    );
    const [id, service] = reader.getRows()[0] as [string, string];
    return ["by trace", "by start", "by service, name, start"].flatMap((order) => [
      this.#question(
        `one trace, ${order}`,
        `SELECT span_id, rest FROM '${this.#file(order)}' WHERE trace_id = unhex('${id}')`,
      ),
      this.#question(
        `newest 20 of a service, ${order}`,
        `SELECT trace_id FROM '${this.#file(order)}' WHERE service_name = '${service}'
         ORDER BY start_time_unix_nano DESC LIMIT 20`,
      ),
    ]);
  }

  /** One thread of DuckDB against two. */
  threads(): Way[] {
    const copyWith = (threads: number): Way => {
      const { run } = this.#copy(`${threads} of DuckDB's threads`, "FROM spans", CODEC);
      return {
        name: `${threads} of DuckDB's threads`,
        run: async () => {
          await this.#connection.run(`SET threads = ${threads}`);
          const bytes = await run();
          await this.#connection.run("SET threads = 1");
          return bytes;
        },
      };
    };
    return [copyWith(1), copyWith(2)];
  }

  #file(name: string): string {
    return join(this.#folder, `${name.replaceAll(/[^a-z0-9]+/gi, "-")}.parquet`);
  }

  #copy(name: string, query: string, options: string, rowGroupRows = ROW_GROUP): Way {
    const file = this.#file(name);
    return {
      name,
      run: async () => {
        await this.#connection.run(
          `COPY (${query}) TO '${file}' (FORMAT parquet, ${options}, ROW_GROUP_SIZE ${rowGroupRows},
           WRITE_BLOOM_FILTER false)`,
        );
        return statSync(file).size;
      },
    };
  }

  #question(name: string, sql: string): Way {
    return {
      name,
      run: async () => {
        await this.#connection.runAndReadAll(sql);
        return undefined;
      },
    };
  }
}

const TEXT_COLUMNS = "SELECT column_name FROM (DESCRIBE spans) WHERE column_type = 'VARCHAR'";
/** Above it a column of codes would carry more texts than it saves. */
const MAX_MEMBERS = 4_096;

async function asTexts(connection: DuckDBConnection): Promise<string> {
  const names = (await connection.runAndReadAll(TEXT_COLUMNS)).getRows().map(([name]) => String(name));
  return `* REPLACE (${names.map((name) => `"${name}"::VARCHAR AS "${name}"`).join(", ")})`;
}

async function asCodes(connection: DuckDBConnection): Promise<string> {
  const names = (await connection.runAndReadAll(TEXT_COLUMNS)).getRows().map(([name]) => String(name));
  const casts: string[] = [];
  for (const [index, name] of names.entries()) {
    const counted = await connection.runAndReadAll(`SELECT count(DISTINCT "${name}")::INTEGER FROM spans`);
    const members = counted.getRows()[0]?.[0] as number;
    if (members === 0 || members > MAX_MEMBERS) continue;
    const type = `text_${index}`;
    await connection.run(
      `CREATE TYPE ${type} AS ENUM (SELECT DISTINCT "${name}" FROM spans WHERE "${name}" IS NOT NULL)`,
    );
    casts.push(`"${name}"::${type} AS "${name}"`);
  }
  return `* REPLACE (${casts.join(", ")})`;
}
