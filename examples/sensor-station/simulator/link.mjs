import { connectAsync } from 'mqtt';

/**
 * The station's way to the broker: a real MQTT 5 client, QoS 1, and a network that loses things. `weather()` says what becomes of a message: `fine`, `lost` before it
 * reached the broker, or `unanswered`: the broker has it, and nobody will ever tell the station.
 */
export function createLink({ broker, weather = () => 'fine' }) {
  let client;

  async function connected() {
    client ??= connectAsync(broker, { protocolVersion: 5, reconnectPeriod: 0, connectTimeout: 5_000 });
    try {
      const found = await client;
      if (found.connected) return found;
    } catch {}
    client = undefined;
    throw new Error('no connection');
  }

  return {
    /** Resolves when the broker has acknowledged the message and the station has heard of it. */
    async publish(topic, bytes, batchId) {
      const how = weather();
      if (how === 'lost') throw new Error('no network');
      const found = await connected();
      const properties = { userProperties: { 'tl-batch': batchId } };
      await new Promise((resolve, reject) => {
        // A message under way when the connection ends would wait for ever.
        const gone = () => reject(new Error('the connection ended'));
        found.once('close', gone);
        found
          .publishAsync(topic, Buffer.from(bytes), { qos: 1, properties })
          .then(resolve, reject)
          .finally(() => found.off('close', gone));
      });
      if (how === 'unanswered') throw new Error('no answer');
    },
    async close() {
      await client?.then((found) => found.endAsync(true)).catch(() => undefined);
    },
  };
}
