import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesBelow } from '../lib/files.mjs';
import { root } from '../lib/root.mjs';

/** `{ id, text, issues, group }` of every row of the founding requirements. */
function readRequirements(path) {
  const rows = [];
  let group = '';
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    const heading = line.match(/^## (.+)$/);
    if (heading) group = heading[1];
    const row = line.match(/^\| ([DBWFS]\d+) \| (.+) \| (.+) \|$/);
    if (row) rows.push({ id: row[1], text: row[2], issues: row[3], group });
  }
  return rows;
}

/** Guides say which requirements they show to a user: `<!-- shows: B1 F8 -->`. */
function guidesByRequirement() {
  const guides = new Map();
  for (const file of ['README.md', ...filesBelow('docs', (name) => name.endsWith('.md'))]) {
    let text = '';
    try {
      text = readFileSync(join(root, file), 'utf8');
    } catch {}
    for (const tag of text.matchAll(/<!-- shows: ([^>]+?) -->/g))
      for (const id of tag[1].split(/[\s,]+/)) guides.set(id, [...(guides.get(id) ?? []), file]);
  }
  return guides;
}

/** The text of docs/requirements.md. */
export function requirementsPage(requirementsPath, tests) {
  const guides = guidesByRequirement();
  const rows = readRequirements(requirementsPath);
  const lines = [
    '# Requirements',
    '',
    'Made by `npm run check -- pages --write` from the founding requirements and the titles of the tests; not edited by hand.',
    'A row is shown by the tests whose titles carry its number. The issue column says who carries it.',
    '',
  ];
  let group = '';
  for (const row of rows) {
    if (row.group !== group) {
      group = row.group;
      lines.push(`## ${group}`, '', '| | requirement | issue | shown by | guide |', '|---|---|---|---|---|');
    }
    const shown = tests.filter((test) => test.requirements.includes(row.id));
    const cell =
      shown.length === 0
        ? '**missing**'
        : shown
            .slice(0, 4)
            .map((test) => `${test.file.split('/').pop()} › ${escapeCell(test.title)}`)
            .join('<br>');
    const more = shown.length > 4 ? `<br>and ${shown.length - 4} more` : '';
    const guide = (guides.get(row.id) ?? []).map(
      (file) => `[${file.replace(/^docs\//, '')}](${file.startsWith('docs/') ? file.slice(5) : `../${file}`})`,
    );
    lines.push(`| ${row.id} | ${row.text} | ${row.issues} | ${cell}${more} | ${guide.join('<br>')} |`);
    const next = rows[rows.indexOf(row) + 1];
    if (next && next.group !== group) lines.push('');
  }
  return `${lines.join('\n')}\n`;
}

const escapeCell = (text) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
