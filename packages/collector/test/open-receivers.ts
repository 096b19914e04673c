import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAdmission } from '../src/admit/admission.js';
import { createIntake } from '../src/admit/intake.js';
import { createOrigins } from '../src/receive/origins.js';
import { createOtlpGrpc } from '../src/receive/otlp-grpc.js';
import { createOtlpHttp } from '../src/receive/otlp-http.js';
import { openSpool } from '../src/spool/spool.js';
import { openTestStore, type TestStore } from './open-test-store.js';

export interface OpenReceivers {
  readonly store: TestStore['store'];
  readonly httpUrl: string;
  readonly grpcUrl: string;
  close(): Promise<void>;
}

/** Both receivers on free ports, with a spool and the real engine behind them, in this process, so that a test can look into the tables. */
export async function openReceivers(): Promise<OpenReceivers> {
  const directory = mkdtempSync(join(tmpdir(), 'throughline-foreign-'));
  const opened = await openTestStore();
  const spool = await openSpool({ directory, insert: (insert) => opened.store.insert(insert) });
  const admission = createAdmission(64 * 1024 * 1024);
  const intake = createIntake(spool);
  const http = createOtlpHttp({ intake, admission, origins: createOrigins([]) });
  const grpc = createOtlpGrpc({ intake, admission });
  return {
    store: opened.store,
    httpUrl: `http://127.0.0.1:${await http.listen('127.0.0.1', 0)}`,
    grpcUrl: `http://127.0.0.1:${await grpc.listen('127.0.0.1', 0)}`,
    async close() {
      await http.close(100);
      await grpc.close(100);
      await spool.close(5_000);
      await opened.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
