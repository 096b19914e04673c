import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readAbout } from '../lib/measured-on.mjs';
import { root } from '../lib/root.mjs';

const path = 'bench/out/leaving.json';

const ways = [
  ['closed', 'The tab is closed'],
  ['navigated', 'The person goes elsewhere'],
  ['killed', 'The renderer is killed'],
  ['offline', 'Away from the collector for the whole visit'],
];
const engines = ['Chromium', 'Firefox', 'WebKitGTK'];

/** docs/leaving.md: what became of spans whose page was left, as the last full run of the fault cases found it. `undefined` before there was one. */
export function leavingPage(cells = readCells(), about = readAbout('leaving')) {
  if (!cells) return undefined;
  const of = (engine, way) => cells.filter((cell) => cell.engine === engine && cell.way === way);
  const holds = ({ missing, duplicated }) => missing + duplicated === 0;
  const versions = engines.map((engine) => {
    const version = cells.find((cell) => cell.engine === engine)?.version ?? '';
    return `${engine} ${version.replace(/^\D+/, '')}`;
  });
  const summary = (engine, way) =>
    of(engine, way).length === 0
      ? 'not run'
      : `${of(engine, way).filter(holds).length} of ${of(engine, way).length} hold`;
  const lines = [
    '# When a page is left',
    '',
    `Made by \`npm run check -- pages --write\` from ${path}, which \`npm run faults -- leaving\` writes; not edited by hand. What a cell says is what was found${about ? ` on ${about.date} (${about.machine})` : ''}.`,
    'Each page starts with `offline()` and `plainText`, and with the defaults otherwise. When so many spans have ended in it, it is left in the same breath;',
    'then the same address is visited again in the same profile. Each span has a number, and the collector’s are counted: a cell holds when none is missing and none is there twice. Bytes',
    'to and from the collector are late by the time above the column, each way. A renderer is killed (SIGKILL) a second after the last span; WebKitGTK is then started again,',
    'because a browser that is driven ends with its page there.',
    '',
    `| | ${versions.join(' | ')} |`,
    `|---|${engines.map(() => '--:|').join('')}`,
    ...ways.map(([way, title]) => `| ${title} | ${engines.map((engine) => summary(engine, way)).join(' | ')} |`),
  ];
  for (const [way, title] of ways) {
    const distances = [...new Set(cells.map(({ delayMs }) => delayMs))].sort((a, b) => a - b);
    const sizes = [...new Set(cells.map(({ spans }) => spans))].sort((a, b) => a - b);
    const columns = engines.flatMap((engine) => distances.map((delayMs) => ({ engine, delayMs })));
    const cell = ({ engine, delayMs }, spans) => {
      const found = of(engine, way).find((one) => one.delayMs === delayMs && one.spans === spans);
      if (!found) return 'not run';
      if (!holds(found)) return `**${found.missing} missing, ${found.duplicated} twice**`;
      return `all, ${found.byTheClose}`;
    };
    lines.push(
      '',
      `## ${title}`,
      '',
      'How many arrived, and how many of them the page that was left had sent itself; the rest came with the next visit.',
      '',
      `| spans | ${columns.map(({ engine, delayMs }) => `${engine} ${delayMs} ms`).join(' | ')} |`,
      `|--:|${columns.map(() => '--:|').join('')}`,
      ...sizes.map((spans) => `| ${spans} | ${columns.map((column) => cell(column, spans)).join(' | ')} |`),
    );
  }
  return `${lines.join('\n')}\n`;
}

const readCells = () => (existsSync(join(root, path)) ? JSON.parse(readFileSync(join(root, path), 'utf8')) : undefined);
