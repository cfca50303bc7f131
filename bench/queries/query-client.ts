/** Asks questions over one kept-alive connection each; lighter than `fetch`, whose own time would show. */

import * as http from "node:http";

/** What came back. */
export interface QueryAnswer {
  readonly status: number;
  /** From the first byte sent until the last one read. */
  readonly millis: number;
  readonly body: Buffer;
}

/** A client of one server. */
export interface QueryClient {
  get(path: string): Promise<QueryAnswer>;
  close(): void;
}

/** @param baseUrl where paths start */
export function createQueryClient(baseUrl: string): QueryClient {
  const agent = new http.Agent({ keepAlive: true });
  return {
    get: (path) =>
      new Promise((resolve, reject) => {
        const start = performance.now();
        const request = http.get(new URL(path, baseUrl), { agent }, (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.once("error", reject);
          response.once("end", () =>
            resolve({
              status: response.statusCode ?? 0,
              millis: performance.now() - start,
              body: Buffer.concat(chunks),
            }),
          );
        });
        request.once("error", reject);
      }),
    close: () => agent.destroy(),
  };
}

/** Reads an answer as a slow terminal would: a little, then a pause, until it ends or is given up. */
export function readSlowly(
  url: URL,
  { signal, pauseMillis }: { readonly signal: AbortSignal; readonly pauseMillis: number },
): Promise<void> {
  return new Promise((resolve) => {
    const request = http.get(url, { agent: false, signal }, (response) => {
      response.on("data", () => {
        response.pause();
        setTimeout(() => response.resume(), pauseMillis);
      });
      response.once("close", resolve);
      response.on("error", () => resolve());
    });
    // Given up, or refused: a reader that is gone is what the server has to bear too.
    request.on("error", () => resolve());
  });
}
