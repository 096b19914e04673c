import type { Instrument } from '../../core/instrument.js';
import type { Logger } from '../../core/telemetry-handle.js';

const MAX_PER_MINUTE = 50;
const WARN = 13;

/** What the browser says of a page (Reporting API); browsers without an observer for it have the event for violations. */
interface BrowserReport {
  readonly type: string;
  readonly url: string;
  readonly body: Partial<Record<string, unknown>> | null;
}
declare const ReportingObserver:
  | (new (
      tell: (reports: readonly BrowserReport[]) => void,
      options: { readonly types: readonly string[]; readonly buffered: boolean },
    ) => { observe(): void; disconnect(): void; takeReports(): readonly BrowserReport[] })
  | undefined;

/**
 * What the browser has to say about a page becomes log events: `browser.csp_violation` (what the content security policy stopped, or would stop),
 * `browser.deprecation` and `browser.intervention` (what the browser did in the page's stead). Also what it said before telemetry was started. Browsers without a
 * `ReportingObserver` tell of violations alone, from then on. At most 50 a minute.
 */
export const observeReports: Instrument = ({ loggerProvider, onLeaving }) => {
  const logger = loggerProvider?.getLogger('browser.reports');
  if (!logger) return () => {};
  const admits = limited();

  if (typeof ReportingObserver === 'undefined') {
    const onViolation = (event: SecurityPolicyViolationEvent): void => {
      if (admits()) record(logger, { type: 'csp-violation', url: event.documentURI, body: event as never });
    };
    document.addEventListener('securitypolicyviolation', onViolation);
    return () => document.removeEventListener('securitypolicyviolation', onViolation);
  }
  const take = (reports: readonly BrowserReport[]): void => {
    for (const report of reports) if (admits()) record(logger, report);
  };
  const observer = new ReportingObserver(take, {
    types: ['csp-violation', 'deprecation', 'intervention'],
    buffered: true,
  });
  observer.observe();
  const stop = onLeaving(() => take(observer.takeReports()));
  return () => {
    stop();
    take(observer.takeReports());
    observer.disconnect();
  };
};

function limited(): () => boolean {
  let minute = 0;
  let seen = 0;
  return () => {
    const now = Math.floor(performance.now() / 60_000);
    if (now !== minute) {
      minute = now;
      seen = 0;
    }
    return ++seen <= MAX_PER_MINUTE;
  };
}

function record(logger: Logger, { type, url, body }: BrowserReport): void {
  const said = body ?? {};
  const isViolation = type === 'csp-violation';
  logger.emit({
    severityNumber: WARN,
    eventName: isViolation ? 'browser.csp_violation' : `browser.${type}`,
    body: isViolation
      ? `${said.effectiveDirective} ${said.disposition === 'report' ? 'would stop' : 'stopped'} ${said.blockedURL ?? said.blockedURI}`
      : said.message,
    attributes: {
      'url.full': url,
      'code.file.path': said.sourceFile || undefined,
      'code.line.number': said.lineNumber || undefined,
      'code.column.number': said.columnNumber || undefined,
      'browser.report.id': said.id,
      'browser.csp.effective_directive': said.effectiveDirective,
      'browser.csp.blocked_url': isViolation ? (said.blockedURL ?? said.blockedURI) : undefined,
      'browser.csp.disposition': said.disposition,
      'browser.csp.sample': said.sample || undefined,
    },
  });
}
