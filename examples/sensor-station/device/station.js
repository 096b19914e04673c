/*
 * The program of the station, as it runs on the device: in QuickJS with 256 KB. `host` is what the firmware gives it. Nothing here knows
 * that host is a simulation.
 */
import { start } from '@throughline/sdk/tiny';

const publishing = new Map();

const telemetry = start({
  serviceName: 'sensor-station',
  serviceVersion: '1.0.0',
  resource: { 'device.id': host.deviceId, 'process.runtime.name': 'quickjs' },
  entropy: { fill: (target) => target.set(new Uint8Array(host.random(target.length))) },
  clock: { wallMs: host.wallMs, monotonicMs: host.monotonicMs },
  flash: {
    blockBytes: host.flash.blockBytes,
    blockCount: host.flash.blockCount,
    read: (position, target) => target.set(new Uint8Array(host.flash.read(position, target.length))),
    program: (position, bytes) => host.flash.program(position, bytes.slice().buffer),
    erase: (block) => host.flash.erase(block),
  },
  publish(topic, bytes, batchId, done) {
    publishing.set(batchId, done);
    host.publish(topic, bytes.slice().buffer, batchId);
  },
  onDiagnostic: ({ code, message }) => host.say(`${code}: ${message}`),
});

/** The firmware calls it when the broker has acknowledged a message, or the connection is gone. */
globalThis.published = (batchId, error) => {
  const done = publishing.get(batchId);
  publishing.delete(batchId);
  done?.(error);
};

/** Reads one sensor; its span says what was read. */
function read(sensor) {
  return telemetry.measure('reading', { attributes: { 'sensor.name': sensor } }, (span) => {
    const { number, value, unit } = host.sense(sensor);
    span.setAttributes({ 'reading.number': number, 'sensor.value': value, 'sensor.unit': unit });
    return number;
  });
}

/** The firmware calls it whenever its timer wakes the chip. */
globalThis.wake = () => {
  const numbers = telemetry.measure('wake', () => ['temperature', 'humidity', 'pressure'].map(read));
  // In flash: from here on no loss of power can take it, and the sensors may forget what they gave.
  if (telemetry.persist()) host.confirm(numbers);
  telemetry.flush();
};

globalThis.status = () => telemetry.status();
