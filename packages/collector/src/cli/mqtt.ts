import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type MqttAddress, mqttAddress } from '../receive/mqtt-address.js';
import type { Settings } from './settings.js';
import { UsageError } from './usage-error.js';
import { whyUnreadable } from './why-unreadable.js';

export interface MqttSettings {
  readonly address: MqttAddress;
  readonly topic: string;
  readonly ca: Buffer | undefined;
}

/** What is said of a broker, checked; `undefined` where nothing is. Throws `UsageError`. */
export function readMqtt(settings: Pick<Settings, 'mqtt' | 'mqtt-topic' | 'mqtt-ca'>): MqttSettings | undefined {
  const { mqtt, 'mqtt-topic': topic = 'throughline', 'mqtt-ca': ca } = settings;
  if (mqtt === undefined) return undefined;
  const address = mqttAddress(mqtt);
  if (address === undefined) {
    // What stands before the last @ may be a password, and this is printed where others read.
    const shown = mqtt.replace(/^([a-z]+:\/\/)?.*@/i, '$1…@');
    throw new UsageError(
      `--mqtt must be an address like mqtt://user:password@host:1883 or mqtts://host, not "${shown}".`,
    );
  }
  // MQTT 5, section 4.7: # stands at the end alone, + for a whole level.
  if (
    topic.includes('#') ||
    topic.endsWith('/') ||
    topic.split('/').some((level) => level.includes('+') && level !== '+')
  )
    throw new UsageError(
      `--mqtt-topic is what stands in front of /v1/traces, such as throughline or devices/+/otlp, not "${topic}".`,
    );
  try {
    return { address, topic, ca: ca === undefined ? undefined : readFileSync(ca) };
  } catch (error) {
    throw new UsageError(`${ca} (--mqtt-ca) cannot be read: ${whyUnreadable(error)}.`);
  }
}

/**
 * Under which name the broker keeps messages for this collector while it is away: made once, and kept beside the data, because a machine's name is
 * another one after each start of a container.
 */
export function mqttClientId(dataDirectory: string): string {
  const file = join(dataDirectory, 'mqtt-client-id');
  try {
    const id = readFileSync(file, 'utf8').trim();
    if (/^throughline-[0-9a-f]{11}$/.test(id)) return id;
  } catch {}
  // 23 characters at most: what every broker must take (section 3.1.3.1).
  const id = `throughline-${randomBytes(6).toString('hex').slice(0, 11)}`;
  writeFileSync(file, `${id}\n`);
  return id;
}
