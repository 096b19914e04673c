import { type Admission, RETRY_AFTER_SECONDS } from '../admit/admission.js';
import type { Intake } from '../admit/intake.js';
import { submitWhole } from '../admit/submit-whole.js';
import type { Log } from '../ops/log.js';
import { BATCH_ID_KEY, batchId } from '../process/batch-id.js';
import type { Signal } from '../process/signal.js';
import type { MqttAddress } from './mqtt-address.js';
import { type MqttConnection, type MqttMessage, openMqttConnection } from './mqtt-connection.js';
import { MAX_BODY_BYTES } from './otlp-http.js';

export interface OtlpMqttOptions {
  readonly intake: Intake;
  readonly admission: Admission;
  readonly address: MqttAddress;
  /** In front of `/v1/traces`, `/v1/metrics` and `/v1/logs`; a filter, so `+` and `$share/group/` may be in it. */
  readonly topic: string;
  readonly clientId: string;
  readonly ca?: Buffer | undefined;
  /** Of one message. Default 64 MiB. */
  readonly maxMessageBytes?: number | undefined;
  /** First wait before the broker is asked again, in milliseconds; doubles to thirty times as much. Default 1,000. */
  readonly firstRetryMs?: number | undefined;
  /** One line for each thing worth knowing: once, not once a message. */
  readonly onEvent: Log;
}

export interface OtlpMqtt {
  /** Lets batches under way become durable for at most `limitMs`. The broker keeps what arrives later. */
  close(limitMs: number): Promise<void>;
}

const SIGNALS: readonly Signal[] = ['traces', 'metrics', 'logs'];
/** A broker keeps for a collector that is gone what arrives within a week. */
const SESSION_SECONDS = 7 * 24 * 3600;
const KEEP_ALIVE_SECONDS = 60;
/** Unacknowledged messages: so many share a write of the spool, and so many small ones may wait for it. */
const RECEIVE_MAXIMUM = 256;
/** MQTT 5, section 2.4: taken, and not of the form that was announced. Neither is sent again. */
const SUCCESS = 0x00;
const PAYLOAD_FORMAT_INVALID = 0x99;

/**
 * OTLP in protobuf from a broker: MQTT 5, QoS 1, the batch's id as user property `tl-batch`. A message is acknowledged when it is durable; until then, and
 * while the collector is away, the broker keeps it; what comes twice is dropped behind, by its id. What the spool has no room for waits unacknowledged, and nothing more is read meanwhile. Never fails: a
 * broker that is away is asked again and again.
 */
export function createOtlpMqtt(options: OtlpMqttOptions): OtlpMqtt {
  const { address, topic, onEvent, firstRetryMs = 1_000 } = options;
  const sayCounted = createCountedLines((line) => onEvent(line, 'warn'));
  let connection: MqttConnection | undefined;
  let isClosing = false;
  let waiting = 0;
  let failures = 0;
  let said: string | undefined;
  let retry: NodeJS.Timeout | undefined;

  async function take(message: MqttMessage): Promise<number> {
    const signal = SIGNALS.find((each) => message.topic.endsWith(`/v1/${each}`)) ?? 'traces';
    const request = {
      signal,
      bytes: message.payload,
      batchId: batchId(message.userProperties[BATCH_ID_KEY]),
      way: 'mqtt' as const,
    };
    for (;;) {
      const verdict = await submitWhole(options, request);
      if (verdict.kind === 'malformed' || verdict.kind === 'too-large') {
        sayCounted('malformed', `A message on ${message.topic} is left out. ${verdict.message}`);
        return PAYLOAD_FORMAT_INVALID;
      }
      if (verdict.kind === 'accepted') {
        if (verdict.message !== '') sayCounted(verdict.message, `Of a message on ${message.topic}: ${verdict.message}`);
        return SUCCESS;
      }
      sayCounted('busy', `Messages wait at the MQTT broker. ${verdict.message}`);
      await hold();
    }
  }

  /** Waits, reading nothing. A receiver that is closed waits for ever: the broker will send the message again. */
  async function hold(): Promise<void> {
    if (isClosing) await new Promise(() => undefined);
    waiting++;
    connection?.pause();
    await new Promise((done) => setTimeout(done, RETRY_AFTER_SECONDS * 1000).unref());
    waiting--;
    if (waiting === 0) connection?.resume();
  }

  function connect(): void {
    connection = openMqttConnection({
      address,
      ca: options.ca,
      clientId: options.clientId,
      sessionExpirySeconds: SESSION_SECONDS,
      filters: SIGNALS.map((signal) => `${topic}/v1/${signal}`),
      receiveMaximum: RECEIVE_MAXIMUM,
      maxMessageBytes: options.maxMessageBytes ?? MAX_BODY_BYTES,
      keepAliveSeconds: KEEP_ALIVE_SECONDS,
      onReady() {
        failures = 0;
        said = undefined;
        onEvent(`Taking OTLP from ${address.shown}, topics ${topic}/v1/traces, metrics and logs.`);
        if (waiting > 0) connection?.pause();
      },
      onMessage: take,
      onEnd(reason) {
        if (isClosing) return;
        if (reason !== said)
          onEvent(
            `The MQTT broker ${address.shown}: ${reason}${hintFor(reason)}. Trying again until it answers.`,
            'warn',
          );
        said = reason;
        const waitMs = Math.min(firstRetryMs * 2 ** failures++, firstRetryMs * 30) * (0.5 + Math.random());
        retry = setTimeout(connect, waitMs);
      },
    });
  }
  connect();

  return {
    async close(limitMs) {
      isClosing = true;
      clearTimeout(retry);
      await connection?.end(limitMs);
    },
  };
}

const hintFor = (reason: string): string =>
  /certificate|issuer/i.test(reason) ? ' (--mqtt-ca names the authority of its certificate)' : '';

/** Says a thing the first time, and then when it has happened ten, a hundred, a thousand times. */
function createCountedLines(say: (line: string) => void): (kind: string, line: string) => void {
  const counts = new Map<string, number>();
  return (kind, line) => {
    // Texts come from outside; so many different ones are nobody's news.
    if (!counts.has(kind) && counts.size >= 100) return;
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    if (count === 1) say(line);
    else if (/^10+$/.test(String(count))) say(`${line} (${count} times so far)`);
  };
}
