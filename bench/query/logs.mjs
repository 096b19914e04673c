import { fork } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeRows } from '../rows/write-rows.mjs';
import { get, measure, startCollector, untilOpen } from './asked-collector.mjs';

const HOUR = 3600n * 1_000_000_000n;
const SAMPLES = 400;

/**
 * What full text over many log records costs, asked over the HTTP API of a collector with the embedded store: p95 in milliseconds of one client that asks for the
 * first page of a word, each time of another. Rare words come some twenty times in all and are looked for in the whole day, a common one comes in
 * a fifth of the records of an hour. Beside them, without a goal: the counts over time and the patterns that the page asks for with it.
 */
export async function benchLogs({ records, rounds, data: given }) {
  const parent = fileURLToPath(new URL('../.data', import.meta.url));
  mkdirSync(parent, { recursive: true });
  const data = given ?? mkdtempSync(join(parent, 'logs-'));
  try {
    const noteFile = join(data, 'bench-logs.json');
    const note = existsSync(noteFile)
      ? JSON.parse(readFileSync(noteFile, 'utf8'))
      : await load(data, records, noteFile);
    const collector = startCollector(data);
    try {
      const origin = await collector.origin;
      const status = await untilOpen(origin);
      if (status.logRecords !== note.records)
        throw new Error(`${status.logRecords} records are stored, not ${note.records}`);
      console.log(
        `\n  ${(status.logRecords / 1e6).toFixed(1)} million log records, ${(status.bytesOnDisk / status.logRecords).toFixed(1)} bytes on disk each\n`,
      );
      const end = BigInt(note.endSeconds) * 1_000_000_000n;
      const day = `start=${end - 24n * HOUR}&end=${end}`;
      const hourOf = (random) => {
        const until = end - BigInt(random(24)) * HOUR;
        return `start=${until - HOUR}&end=${until}`;
      };
      const words = await rareWords(origin, end);
      const questions = {
        'query.logs.rare': [
          500,
          (random) => `/logs?q=${words[random(words.length)]}&${day}`,
          (answer) => answer.records.length > 0,
        ],
        'query.logs.common': [
          300,
          (random) => `/logs?q=declined&${hourOf(random)}`,
          (answer) => answer.records.length === 100,
        ],
        'query.logs.rare.counts': [
          null,
          (random) => `/logs/histogram?q=${words[random(words.length)]}&${day}`,
          (answer) => answer.records > 0,
        ],
        'query.logs.common.counts': [
          null,
          (random) => `/logs/histogram?q=declined&${hourOf(random)}`,
          (answer) => answer.records > 0,
        ],
        'query.logs.patterns': [
          null,
          (random) => `/logs/patterns?${hourOf(random)}`,
          (answer) => answer.patterns.length > 0,
        ],
      };
      const rows = [];
      for (const [name, [goal, ask, check]] of Object.entries(questions)) {
        const ours = await measure({ origin, name, rounds: goal === null ? Math.min(rounds, 10) : rounds, ask, check });
        rows.push({ name, ours, peer: null, ratio: null, unit: 'ms', goal, ok: goal === null || ours <= goal });
      }
      writeRows('query', rows);
    } finally {
      await collector.stop();
    }
  } finally {
    if (given === undefined) rmSync(data, { recursive: true, force: true });
  }
}

/** The directory gets its schema from the collector and its records from the engine. */
async function load(data, records, noteFile) {
  const first = startCollector(data);
  await untilOpen(await first.origin);
  await first.stop();
  const endSeconds = Math.floor(Date.now() / 1000);
  const began = performance.now();
  await new Promise((resolve, reject) => {
    const loader = fork(fileURLToPath(new URL('./load-logs.mjs', import.meta.url)), [
      data,
      String(records),
      String(endSeconds),
    ]);
    loader.on('message', ({ loaded }) => process.stderr.write(`\r  ${(loaded / 1e6).toFixed(1)} million records`));
    loader.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`loading ended with ${code}`))));
  });
  process.stderr.write(` loaded in ${Math.round((performance.now() - began) / 1000)} s\n`);
  const note = { records, endSeconds };
  writeFileSync(noteFile, JSON.stringify(note));
  return note;
}

/** Words of records of all hours. */
async function rareWords(origin, end) {
  const words = [];
  for (let hour = 0n; hour < 24n; hour++) {
    const range = `start=${end - (hour + 1n) * HOUR}&end=${end - hour * HOUR}`;
    const { records } = await get(origin, `/logs?${range}&limit=${Math.ceil(SAMPLES / 24)}`);
    words.push(...records.map(({ body }) => /batch=(k[0-9a-f]+)/.exec(body)[1]));
  }
  return words;
}
