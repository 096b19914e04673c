import type { AttributeValue, LogRecordDetail } from '#shapes/api.js';
import { plainValue } from './trace/match-span.js';

/** The least severities that can be asked for, as the API names them. */
export const SEVERITIES = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
export type Severity = (typeof SEVERITIES)[number];

const WARN = 13;
const ERROR = 17;

/** How loud a record is: what colours it. */
export function loudness({ severityNumber }: Pick<LogRecordDetail, 'severityNumber'>): 'error' | 'warning' | undefined {
  return severityNumber >= ERROR ? 'error' : severityNumber >= WARN ? 'warning' : undefined;
}

/** As the program called it; where it did not, the name of its range in the data model (1 to 4 is TRACE, 5 to 8 DEBUG …). Empty: it says none. */
export function severityName({
  severityNumber,
  severityText,
}: Pick<LogRecordDetail, 'severityNumber' | 'severityText'>): string {
  if (severityText !== '') return severityText;
  return severityNumber === 0 ? '' : (SEVERITIES[Math.floor((severityNumber - 1) / 4)]?.toUpperCase() ?? '');
}

/** The body on one line for people; an event without one is its name. */
export function bodyText({ body, eventName }: Pick<LogRecordDetail, 'body' | 'eventName'>): string {
  return isNothing(body) && eventName !== undefined ? eventName : isNothing(body) ? '' : plainValue(body);
}

const isNothing = (body: AttributeValue): boolean => body === null || body === '';
