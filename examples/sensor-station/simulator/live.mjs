import { join } from 'node:path';
import { openFileFlash } from './file-flash.mjs';
import { createLink } from './link.mjs';
import { createPower } from './power.mjs';
import { powerOn } from './power-on.mjs';
import { createRandom } from './random.mjs';
import { createSensors } from './sensors.mjs';

/** Bytes that are written to flash between two losses of power, at most. A wake writes some 1,100, and erases a block of 4,096 now and then. */
const MOST_BYTES = 16_000;

/**
 * A station that lives badly: it wakes, reads its sensors, publishes, and loses its power `cuts` times, each in the middle of writing to its flash; the network loses messages
 * and answers, and is away for whole lives of the program. Then it gets power and network once more, until everything has been published.
 *
 * Resolves with what the sensors know, to be compared with what has arrived. `onLife` is told of each start.
 *
 * @param {{ broker: string, folder: string, cuts: number, seed: number, deviceId?: string, onLife?: (life: number) => unknown,
 *   hear?: (line: string) => void }} options
 */
export async function live({ broker, folder, cuts, seed, deviceId = 'station-7', onLife = () => {}, hear }) {
  const random = createRandom(seed);
  const power = createPower();
  const flash = openFileFlash({ path: join(folder, `${deviceId}.flash`), power, random });
  const sensors = createSensors(random);
  let isOffline = false;
  let isFair = false;
  const link = createLink({
    broker,
    weather: () => (isFair ? 'fine' : isOffline || random() < 0.08 ? 'lost' : random() < 0.12 ? 'unanswered' : 'fine'),
  });
  let torn = 0;
  let givenUp = 0;
  let mostStored = 0;
  let memoryUsed = 0;
  const start = () => powerOn({ deviceId, flash, power, sensors, link, hear });

  for (let cut = 1; cut <= cuts; cut++) {
    isOffline = !isOffline && random() < 0.25;
    // Now and then it goes while the program is only just looking at what it finds.
    power.on(Math.floor(random() * (cut % 10 === 0 ? 60 : MOST_BYTES)));
    const device = await start();
    await onLife(cut);
    if (power.isOn) torn += device.status()?.dropped.damaged ?? 0;
    while (power.isOn) {
      device.wake();
      await device.idle();
      if (power.isOn) {
        const { dropped, stored } = device.status();
        givenUp = Math.max(givenUp, dropped['store-full']);
        mostStored = Math.max(mostStored, stored.bytes);
        memoryUsed = Math.max(memoryUsed, device.memoryUsed());
      }
    }
    await device.idle();
    device.off();
  }

  isFair = true;
  power.on();
  const device = await start();
  torn += device.status().dropped.damaged;
  do {
    device.wake();
    await device.idle();
  } while (device.status().stored.items > 0);
  const last = device.status();
  device.off();
  await link.close();
  flash.close();
  return {
    sensors,
    wear: flash.wear,
    torn,
    givenUp: Math.max(givenUp, last.dropped['store-full']),
    mostStored,
    memoryUsed,
  };
}
