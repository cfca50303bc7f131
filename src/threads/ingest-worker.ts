/** The thread that decodes long requests, so that they never hold up the event loop of the server. */

import { parentPort } from "node:worker_threads";
import { serveJobs } from "../io/worker-jobs.ts";
import type { IngestJob } from "./ingest-jobs.ts";
import { ingestJob } from "./ingest-jobs.ts";

if (parentPort !== null) serveJobs(parentPort, (job) => ingestJob(job as IngestJob));
