/** The weather at the station, and chips that measure it. */
const weather = {
  temperature: { unit: 'Cel', around: 18, swing: 7 },
  humidity: { unit: '%', around: 55, swing: 20 },
  pressure: { unit: 'hPa', around: 1013, swing: 6 },
};

/**
 * Sensors that number their readings and keep each until it is confirmed: one that was read and not confirmed, because the power went, is given again.
 * They have a battery of their own.
 */
export function createSensors(random) {
  let next = 0;
  /** By sensor: what was given and is not confirmed. */
  const given = new Map();
  /** By number of the reading: how often it was given. */
  const timesGiven = [];
  const confirmed = new Set();
  return {
    timesGiven,
    confirmed,
    sense(sensor) {
      const { unit, around, swing } = weather[sensor];
      const reading = given.get(sensor) ?? {
        number: next++,
        value: Math.round((around + swing * (random() * 2 - 1)) * 100) / 100,
        unit,
      };
      given.set(sensor, reading);
      timesGiven[reading.number] = (timesGiven[reading.number] ?? 0) + 1;
      return reading;
    },
    confirm(numbers) {
      for (const [sensor, { number }] of given) if (numbers.includes(number)) given.delete(sensor);
      for (const number of numbers) confirmed.add(number);
    },
  };
}
