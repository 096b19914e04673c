import { readFileSync } from 'node:fs';

/** Every feature of the specification's compliance list, in its order: `{ section, heading, feature }`. */
async function readFeatures(path) {
  const { parse } = await import('yaml');
  const { sections } = parse(readFileSync(path, 'utf8'));
  const features = [];
  for (const section of sections)
    for (const entry of section.features) {
      if (entry.features)
        for (const one of entry.features)
          features.push({ section: section.name, heading: plain(entry.heading), feature: plain(one.name) });
      else features.push({ section: section.name, heading: '', feature: plain(entry.name) });
    }
  return features;
}

/** Markdown links and emphasis as their text; the star of `OTEL_BSP_*` is part of a name. */
const plain = (text) =>
  text
    .replace(/\[((?:\[[^\]]*\]|[^\]])+)\]\([^)]*\)/g, '$1')
    .replace(/\*\*(.+?)\*\*/g, '$1')
    .replace(/\s+/g, ' ')
    .trim();

/** The name a feature has in compliance-map.json. */
const featureKey = ({ section, heading, feature }) => [section, heading, feature].filter(Boolean).join(' / ');

/** `docs/compliance.json`'s rows; a feature counts when the test that shows it exists. */
export async function complianceRows(featuresPath, map) {
  const features = await readFeatures(featuresPath);
  const known = new Set(features.map(featureKey));
  const unknown = Object.keys(map).filter((key) => !known.has(key));
  const rows = features.map((one) => {
    const test = map[featureKey(one)];
    return {
      section: one.section,
      feature: one.heading ? `${one.heading}: ${one.feature}` : one.feature,
      status: test ? '+' : '-',
      test: test ?? null,
    };
  });
  return { rows, unknown };
}

/** The text of docs/compliance.md. */
export function compliancePage(rows) {
  const shown = rows.filter((row) => row.status === '+').length;
  const lines = [
    '# Compliance with the OpenTelemetry specification',
    '',
    `Made by \`npm run check -- pages --write\` from the specification's own feature list and tools/checks/compliance-map.json; not edited by hand. ${shown} of ${rows.length} features are shown by a test.`,
    '',
    '| section | shown | of |',
    '|---|--:|--:|',
  ];
  const sections = [...new Set(rows.map((row) => row.section))];
  for (const section of sections) {
    const inside = rows.filter((row) => row.section === section);
    lines.push(`| ${section} | ${inside.filter((row) => row.status === '+').length} | ${inside.length} |`);
  }
  for (const section of sections) {
    lines.push('', `## ${section}`, '', '| feature | | test |', '|---|---|---|');
    for (const row of rows.filter((one) => one.section === section))
      lines.push(`| ${cell(row.feature)} | ${row.status} | ${row.test ? cell(row.test) : ''} |`);
  }
  return `${lines.join('\n')}\n`;
}

const cell = (text) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
