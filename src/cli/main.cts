#!/usr/bin/env node
/** The program `tracagg`. CommonJS, since loading an ES module starts the thread pool, whose size is then settled. */

/**
 * Node's pool runs the database's queries besides reads, writes and syncs of files. Of its usual four threads three
 * queries and a seal would take all, and every acknowledgement would wait for one of them to end.
 */
const POOL_THREADS = 16;

process.env["UV_THREADPOOL_SIZE"] ??= String(POOL_THREADS);
void import("./program.ts");
