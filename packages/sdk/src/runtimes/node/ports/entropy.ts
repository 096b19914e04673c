import { randomFillSync } from 'node:crypto';
import type { Entropy } from '../../../core/ports.js';

export const nodeEntropy: Entropy = {
  fill(target) {
    randomFillSync(target);
  },
};
