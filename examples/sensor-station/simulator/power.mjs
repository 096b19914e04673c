/** Thrown where the power goes, and by everything that is asked of a device without power. */
export class PowerCut extends Error {}

/** The power of one device. It goes when so many more bytes have been written to flash, within the next one, or when somebody pulls the plug. */
export function createPower() {
  let isOn = false;
  let budget = Number.POSITIVE_INFINITY;
  return {
    get isOn() {
      return isOn;
    },
    on(cutAfterBytes = Number.POSITIVE_INFINITY) {
      isOn = true;
      budget = cutAfterBytes;
    },
    off() {
      isOn = false;
    },
    need() {
      if (!isOn) throw new PowerCut('there is no power');
    },
    /** How many of so many bytes are still written. With fewer than all of them the power is gone afterwards. */
    spend(bytes) {
      const written = Math.min(bytes, budget);
      budget -= written;
      if (written < bytes) isOn = false;
      return written;
    },
  };
}
