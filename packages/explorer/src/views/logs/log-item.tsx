import { Link } from '@tanstack/react-router';
import { memo } from 'react';
import type { LogsAddress } from '../../model/address.js';
import { formatMoment, momentInFull } from '../../model/format.js';
import type { ListedRecord } from '../../model/log-list.js';
import { bodyText, loudness, severityName } from '../../model/log-record.js';
import { Button, CopyButton, ServiceName } from '../../parts/controls.js';
import { PlainAttributes } from '../../parts/plain-attributes.js';
import styles from './logs-view.module.css';

interface Props {
  readonly listed: ListedRecord;
  readonly index: number;
  readonly offset: number;
  readonly open: boolean;
  /** Tells the list how high it is: an open one is higher. */
  readonly measure: (element: HTMLElement | null) => void;
  readonly change: (patch: Partial<LogsAddress>) => void;
}

/** A row that stays is not drawn again while others come and go: scrolling is at every frame. */
export const LogItem = memo(function LogItem({ listed, index, offset, open, measure, change }: Props) {
  const { key, record, resource } = listed;
  const text = bodyText(record);
  const moment = formatMoment(record.timeUnixNano);
  return (
    <li
      ref={measure}
      data-index={index}
      className={styles.item}
      data-loud={loudness(record)}
      style={{ transform: `translateY(${offset}px)` }}
    >
      <button
        type="button"
        className={styles.row}
        aria-expanded={open}
        onClick={() => change({ open: open ? undefined : key })}
      >
        <time title={momentInFull(record.timeUnixNano)}>
          <span className={styles.day}>{moment.slice(0, 11)}</span>
          {moment.slice(11, 23)}
        </time>
        <span className={styles.loud}>{severityName(record)}</span>
        <ServiceName service={resource.service} />
        <span className={styles.text}>{text === '' ? <i>empty</i> : text}</span>
      </button>
      {open && (
        <div className={styles.details}>
          <div className={styles.actions}>
            {record.traceId !== '' && (
              <Link
                to="/trace/$traceId"
                params={{ traceId: record.traceId }}
                search={record.spanId === '' ? {} : { span: record.spanId }}
                className={styles.link}
              >
                Open its trace <code>{record.traceId.slice(0, 8)}</code>
              </Link>
            )}
            <Button look="framed" onClick={() => change({ service: resource.service })}>
              Only {resource.service}
            </Button>
            {record.traceId !== '' && (
              <Button look="framed" onClick={() => change({ trace: record.traceId })}>
                Only its trace
              </Button>
            )}
            <CopyButton text={() => JSON.stringify({ ...record, resource }, null, 2)} label="Copy this record as JSON">
              JSON
            </CopyButton>
          </div>
          <pre className={styles.body}>{text}</pre>
          {record.eventName !== undefined && (
            <p className={styles.event}>
              event <strong>{record.eventName}</strong>
            </p>
          )}
          <PlainAttributes title="Attributes" attributes={record.attributes} />
          <PlainAttributes title="Resource" attributes={resource.attributes} />
        </div>
      )}
    </li>
  );
});
