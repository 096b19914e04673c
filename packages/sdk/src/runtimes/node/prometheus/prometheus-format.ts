/** How metrics are written: `text`, which every Prometheus reads, or `openmetrics`, which has units, times of creation and exemplars too. */
export interface PrometheusFormat {
  readonly kind: 'text' | 'openmetrics';
  readonly contentType: string;
  /** Names in UTF-8, in quotes, where they are not classic ones. */
  readonly allowUtf8: boolean;
}

/**
 * What a scraper's `Accept` asks for (Prometheus, "Content Negotiation"): OpenMetrics 1.0 or the text format 0.0.4, whichever it likes better; the text
 * format where it asks for nothing that is known.
 */
export function negotiateFormat(accept: string | undefined): PrometheusFormat {
  let best: { readonly format: PrometheusFormat; readonly quality: number } | undefined;
  for (const wish of (accept ?? '').split(',')) {
    const [type = '', ...rest] = wish.split(';').map((part) => part.trim().toLowerCase());
    const parameters = new Map(rest.map((part) => part.split('=', 2) as [string, string | undefined]));
    const format = formatOf(type, parameters.get('version'), parameters.get('escaping') === 'allow-utf-8');
    const quality = Number(parameters.get('q') ?? 1);
    if (format && quality > (best?.quality ?? 0)) best = { format, quality };
  }
  return best?.format ?? textFormat(undefined, false);
}

function formatOf(type: string, version: string | undefined, allowUtf8: boolean): PrometheusFormat | undefined {
  if (type === 'application/openmetrics-text' && (version ?? '1.0.0').startsWith('1.')) {
    const escaping = allowUtf8 ? '; escaping=allow-utf-8' : '';
    return {
      kind: 'openmetrics',
      contentType: `application/openmetrics-text; version=1.0.0; charset=utf-8${escaping}`,
      allowUtf8,
    };
  }
  if (type === 'text/plain' && /^(?:0\.0\.4|1\.0\.0)?$/.test(version ?? '')) return textFormat(version, allowUtf8);
  return type === 'text/*' || type === '*/*' ? textFormat(undefined, false) : undefined;
}

/** Names in UTF-8 came with version 1.0.0, which is otherwise 0.0.4. */
const textFormat = (version: string | undefined, allowUtf8: boolean): PrometheusFormat => ({
  kind: 'text',
  contentType:
    version === '1.0.0' && allowUtf8
      ? 'text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8'
      : 'text/plain; version=0.0.4; charset=utf-8',
  allowUtf8: version === '1.0.0' && allowUtf8,
});
