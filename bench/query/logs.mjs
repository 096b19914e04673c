import { writeRows } from '../rows/write-rows.mjs';
import { get, measure, startCollector, untilOpen } from './asked-collector.mjs';
import { withLoadedDirectory } from './loaded-directory.mjs';

const HOUR = 3600n * 1_000_000_000n;
const SAMPLES = 400;

/**
 * What full text over many log records costs, asked over the HTTP API of a collector with the embedded store: p95 in milliseconds of one client that asks for the
 * first page of a word, each time of another. Rare words come some twenty times in all and are looked for in the whole day, a common one comes in
 * a twelfth of the records of an hour. Beside them, without a goal: the counts over time and the patterns that the page asks for with it.
 */
export async function benchLogs({ records, rounds, data }) {
  const endSeconds = Math.floor(Date.now() / 1000);
  const directory = {
    name: 'logs',
    given: data,
    loader: './load-logs.mjs',
    rows: records,
    unit: 'records',
    endSeconds,
  };
  await withLoadedDirectory(directory, async (filled, note) => {
    const collector = startCollector(filled);
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
  });
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
