import type { Page } from 'playwright-core';
import type { SqlAnswer } from '../../../packages/collector/src/shapes/api.js';
import { formatCount, formatDuration, formatShare } from '../../../packages/explorer/src/model/format.js';

/** What the page of a service says in numbers, as a person reads it. */
export interface ServiceNumbers {
  /** By what stands before them: requests, a second, failed, p50 … */
  readonly whole: Readonly<Record<string, string>>;
  /** Spans, p50, p95 and the failed share, by name and kind. */
  readonly operations: Readonly<Record<string, readonly string[]>>;
  /** How often each kind of exception came, all of its kinds together. */
  readonly failures: number;
}

export async function readServicePage(page: Page): Promise<ServiceNumbers> {
  const numbers = page.getByLabel('In this time');
  const words = await numbers.locator('dt').allTextContents();
  const values = await numbers.locator('dd').allTextContents();
  const rows = page.getByRole('region', { name: 'Operations' }).locator('tbody tr');
  const more = page.getByRole('button', { name: /^Show \d+ more$/ });
  if (await more.isVisible()) await more.click();
  const operations = await rows.evaluateAll((all) =>
    all.map((row) => Array.from(row.children, (cell) => cell.textContent ?? '') as string[]),
  );
  const counts = await page
    .getByRole('region', { name: 'Errors' })
    .locator('li > span:first-of-type')
    .allTextContents();
  return {
    whole: Object.fromEntries(words.map((word, index) => [word, values[index]!])),
    operations: Object.fromEntries(operations.map(([name, ...cells]) => [name!, cells])),
    failures: counts.reduce((sum, text) => sum + Number(text), 0),
  };
}

/** The same numbers asked for by hand, at the SQL desk, over the spans themselves. */
export async function askServiceBySql(
  explorerUrl: string,
  service: string,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): Promise<ServiceNumbers> {
  const ask = async (columns: string, where: string, rest = ''): Promise<SqlAnswer['rows']> => {
    const query = `SELECT ${columns} FROM otel_traces WHERE ServiceName = '${service}' AND Timestamp >= {start:DateTime64(9)} AND Timestamp < {end:DateTime64(9)} AND ${where} ${rest}`;
    const search = new URLSearchParams({ query, start: `${fromMs}000000`, end: `${toMs}000000` });
    const response = await fetch(new URL(`api/v1/sql?${search}`, `${explorerUrl}/`));
    const answer = (await response.json()) as SqlAnswer;
    if (!response.ok) throw new Error(JSON.stringify(answer));
    return answer.rows;
  };
  const entered = "(SpanKind IN ('Server', 'Consumer') OR ParentSpanId = '')";
  const [whole] = await ask(
    "count(), countIf(StatusCode = 'Error'), quantile(0.5)(Duration), quantile(0.95)(Duration), quantile(0.99)(Duration)",
    entered,
  );
  const [requests, failed, ...quantiles] = whole!.map(Number) as [number, number, ...number[]];
  const rows = await ask(
    "SpanName, lower(SpanKind), count(), quantile(0.5)(Duration), quantile(0.95)(Duration), countIf(StatusCode = 'Error')",
    '1',
    'GROUP BY SpanName, SpanKind',
  );
  const [exceptions] = await ask("sum(countEqual(Events.Name, 'exception'))", '1');
  const [unexplained] = await ask('count()', "StatusCode = 'Error' AND NOT has(Events.Name, 'exception')");
  return {
    whole: {
      requests: formatCount(requests),
      'a second': formatCount(Number((requests / ((toMs - fromMs) / 1_000)).toPrecision(3))),
      failed: `${formatCount(failed)} (${formatShare(failed / requests)})`,
      ...Object.fromEntries(
        ['p50', 'p95', 'p99'].map((share, index) => [share, formatDuration(Math.round(quantiles[index]!))]),
      ),
    },
    operations: Object.fromEntries(
      rows.map(([name, kind, spans, p50, p95, errors]) => [
        `${name} ${kind}`,
        [
          formatCount(Number(spans)),
          formatDuration(Math.round(Number(p50))),
          formatDuration(Math.round(Number(p95))),
          formatShare(Number(errors) / Number(spans)),
        ],
      ]),
    ),
    failures: Number(exceptions![0]) + Number(unexplained![0]),
  };
}
