import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readAbout } from '../lib/measured-on.mjs';
import { root } from '../lib/root.mjs';

/*
 * The block of figures in the README, made from bench/out/*.json and from nothing else.
 */

const begin = '<!-- figures -->';
const end = '<!-- /figures -->';

/** What stands first, and what a name means to somebody who has not read the benches. Names that are missing here are shown as they are. */
const benches = {
  sdk: 'What a span costs in a program, from `startSpan` to bytes, beside opentelemetry-js with its protobuf serializer',
  metrics: 'What a measurement costs, with three attributes, beside opentelemetry-js',
  logs: 'What a log record costs, from `emit` to bytes, beside opentelemetry-js with its protobuf serializer',
  size: 'What a page loads (minified, gzip -9), beside opentelemetry-js',
  ingest: 'What the collector takes, sender on the same machine, answered when durable',
  gateway: 'What a gateway hands on, sender and destination on the same machine, answered when durable',
  query: 'What a question takes through the HTTP API, 95th percentile',
};
/** Of a bench with many rows only those with a label stand in the README. */
const labelledOnly = new Set(['sdk', 'metrics', 'ingest', 'gateway', 'query']);
const labels = {
  'span.0attr': 'a span without attributes',
  'span.5attr': 'with 5 attributes',
  'span.10attr+event': 'with 10 attributes and an event',
  'span.unsampled': "a span that is not sampled, above the API's no-op",
  'heap.0attr': 'memory of a waiting span without attributes',
  'pause.p999': '`end()` while batches leave, 99.9th percentile',
  'counter.add.3attr': 'a counter, attributes seen before',
  'counter.add.3attr-fresh': 'a counter, new objects of the same content',
  'collect.10k': 'collecting 10,000 series to bytes',
  'heap.series': 'memory of a series',
  'log.emit.3attr': 'a record with three attributes',
  'query.trace.arriving': 'a trace by its id, while 50,000 spans a second arrive',
  'size.core': 'traces and OTLP over fetch, nothing observed',
  'size.web': 'with page load, fetch, XHR, clicks and errors',
  'size.three-signals': 'traces, metrics and logs, nothing observed',
  'size.web.lossless': 'the same with `offline()`: what could not be sent is kept in the browser',
  'ingest.traces': 'spans of 10 attributes, 512 a request',
  'ingest.logs': 'log records of 5 attributes, 512 a request',
  'ingest.metrics': 'points of 4 attributes, 512 a request',
  'ingest.reader': 'protobuf to columns alone',
  'ingest.ack.p99': 'an answer at half the goal, 99th percentile',
  'ingest.memory.receiver': 'memory of the receiving process',
  'ingest.memory.10M': 'memory of the whole collector after 10 million spans',
  'ingest.vs-otelcol': 'processor of the receiver; its peer with a queue on disk',
  'ingest.vs-otelcol.with-engine': 'the same, with inserts and merges of ClickHouse',
  'ingest.disk': 'on disk',
  'gateway.traces': 'spans of 10 attributes, 512 a request',
  'gateway.memory': 'memory of its process',
  'query.trace': 'a trace by its id',
  'query.search': 'by service and duration, one hour',
  'query.attribute': "by an attribute's value, one day",
  'query.logs.rare': 'a rare word in 20 million log records',
  'query.logs.common': 'a common word, one hour of them',
  'query.metrics.rate': 'a rate over 10,000 series, six hours at 15 s',
  'query.red': 'rate, errors and p95 per minute, six hours',
};

/** `{ path: text }` of bench/out, as the working tree or as the last commit has it. */
const workingTree = {
  list: () => {
    try {
      return readdirSync(join(root, 'bench/out')).filter((file) => file.endsWith('.json'));
    } catch {
      return [];
    }
  },
  read: (path) => readFileSync(join(root, path), 'utf8'),
};
const git = (...args) =>
  execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
const lastCommit = {
  list: () => {
    try {
      const paths = git('ls-tree', '--name-only', 'HEAD', 'bench/out/').split('\n');
      return paths.filter((path) => path.endsWith('.json')).map((path) => path.split('/').pop());
    } catch {
      return [];
    }
  },
  read: (path) => git('show', `HEAD:${path}`),
};

/** The text between the markers. */
export function figures({ list, read } = workingTree) {
  const known = Object.keys(benches);
  const order = (name) => (known.indexOf(name) + known.length + 1) % (known.length + 1);
  const names = list()
    .map((file) => file.slice(0, -5))
    .sort((a, b) => order(a) - order(b) || a.localeCompare(b));
  const sections = names.flatMap((name) => {
    const rows = JSON.parse(read(`bench/out/${name}.json`));
    // What the fault cases counted is no figure; what others claimed is in its file.
    if (!rows.every(({ unit }) => unit) || name === 'claims') return [];
    const shown = labelledOnly.has(name) ? rows.filter(({ name: row }) => labels[row.replace(suffix, '')]) : rows;
    return [{ name, about: readAbout(name, read), rows: shown }];
  });
  if (sections.length === 0) return 'Not measured yet.';
  const machine = mostOften(sections.flatMap(({ about }) => (about ? [machineOf(about)] : [])));
  return [
    ...(machine ? [`Measured on ${machine}, where nothing else is said.`, ''] : []),
    '| | measured | beside it |',
    '|---|--:|---|',
    ...sections.flatMap(({ name, about, rows }) => [
      `| **${benches[name] ?? name}** (${whereMeasured(about, machine)}) | | |`,
      ...lines(rows),
    ]),
  ].join('\n');
}

const machineOf = ({ machine, node }) => `${machine}, Node ${node.slice(1)}`;

/** The day, the bench, and the machine where it is not the one of most. */
function whereMeasured(about, usual) {
  if (!about) return 'machine and day were not noted';
  // Which bench, without what it was told about its length.
  const bench = about.command.split(' ').slice(0, 5).join(' ');
  return [about.date, ...(machineOf(about) === usual ? [] : [machineOf(about)]), `\`${bench}\``].join(', ');
}

function mostOften(values) {
  const count = (value) => values.filter((each) => each === value).length;
  return values.toSorted((a, b) => count(b) - count(a))[0];
}

/** Of relatives: what the figure of the same name is against another peer, or while something slow runs. */
const suffix = /(@otel3|\.busy)$/;

/** One line for a figure, its relatives (against another peer, while something slow runs) behind it. */
function lines(rows) {
  return rows
    .filter(({ name }) => !suffix.test(name))
    .map((row) => {
      const relatives = rows.filter(({ name }) => suffix.test(name) && name.replace(suffix, '') === row.name);
      const beside = [row, ...relatives].map(besideIt).filter(Boolean).join('; ');
      return `| ${labelOf(row)} | ${amount(row.ours, row.unit)} | ${beside} |`;
    });
}

const labelOf = ({ name }) => labels[name] ?? name;

function besideIt({ name, ours, peer, ratio, unit, goal, goalRatio, ok }) {
  const aim = unit.match(/\(peer: the (\w+)\)/)?.[1];
  if (aim) return aimed(aim, peer, unit, /^\S+\/s\b/.test(unit) ? ours >= peer : ours <= peer);
  const goalText = goal === undefined ? '' : aimed('goal', goal, unit, ok !== false);
  if (name.endsWith('.busy')) return `${amount(ours, unit)} while a slow query runs (${goalText})`;
  const who = name.endsWith('@otel3') ? '3.x on Node 22: ' : '';
  const peerText =
    peer === null || peer === undefined ? '' : `${who}${amount(peer, unit)}${ratio ? `, ${ratio.toFixed(1)} ×` : ''}`;
  const timesText = goalRatio === undefined ? '' : `goal ${goalRatio} ×${ratio >= goalRatio ? '' : ', missed'}`;
  return [peerText && timesText ? `${peerText} (${timesText})` : peerText, goalText].filter(Boolean).join('; ');
}

const aimed = (word, value, unit, isMet) => `${word} ${amount(value, unit)}${isMet ? '' : ', missed'}`;

/** `64,251 spans/s`; bytes as MB. What a unit says beyond that (in brackets, behind a comma) is for the bench's own output. */
function amount(value, unit) {
  const short = unit.replace(/\s*\(.*\)$/, '').replace(/(,| above ).*$/, '');
  if (/^bytes resident/.test(short)) return `${digits(value / 1e6)} MB`;
  return `${digits(value)} ${short}`;
}

function digits(value) {
  const size = Math.abs(value);
  return value.toLocaleString('en-US', { maximumFractionDigits: size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3 });
}

/** The README with the figures of now in it. Throws where the markers are missing. */
export function readmeWithFigures(text, from = workingTree) {
  const [from0, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from0 < 0 || to < from0) throw new Error(`README.md has no ${begin} … ${end}`);
  return `${text.slice(0, from0 + begin.length)}\n\n${figures(from)}\n\n${text.slice(to)}`;
}

/**
 * Whether the README's figures are those of bench/out, as committed or as measured since: who runs a bench on another machine has not made the
 * README wrong.
 */
export function figuresAreCurrent(text) {
  return [workingTree, lastCommit].some((from) => readmeWithFigures(text, from) === text);
}
